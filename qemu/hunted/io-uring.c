// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Timeouts of io_uring interrupt a task that steps and emulates, without a signal.
#include "hunted.h"
#include <linux/io_uring.h>

STEPPED(stepped);
EMULATED(emulated);

static int ring(void)
{
	struct io_uring_params p = { 0 };
	int fd = syscall(425, 64, &p);
	char *rings = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqes = mmap(NULL, 64 * sizeof(*sqes), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
	static struct { long long sec, nsec; } ts = { 0, 300000 };
	volatile unsigned int *tail, *cq_head, *cq_tail;
	unsigned int *array, done = 0;

	if (fd < 0)
		return 77;
	CHECK(rings != MAP_FAILED && sqes != MAP_FAILED);
	tail = (void *)(rings + p.sq_off.tail);
	array = (void *)(rings + p.sq_off.array);
	cq_head = (void *)(rings + p.cq_off.head);
	cq_tail = (void *)(rings + p.cq_off.tail);
	for (int round = 0; round < 60; round++) {
		for (int i = 0; i < 8; i++) {
			unsigned int at = (*tail + i) & 63;

			memset(&sqes[at], 0, sizeof(sqes[at]));
			sqes[at].opcode = IORING_OP_TIMEOUT;
			sqes[at].fd = -1;
			sqes[at].addr = (uintptr_t)&ts;
			sqes[at].len = 1;
			array[at] = at;
		}
		__sync_synchronize();
		*tail += 8;
		CHECK(syscall(426, fd, 8, 0, 0, NULL, 0) == 8);
		for (int i = 0; i < 50000 && *cq_tail - *cq_head < 8; i++)
			CHECK(stepped(i) == 3L * i && emulated(i) == 3L * i);
		done += *cq_tail - *cq_head;
		*cq_head = *cq_tail;
	}
	CHECK(done > 400);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 'p', emulated }, { 0, NULL } };

	return judge(ring, places, -1);
}
