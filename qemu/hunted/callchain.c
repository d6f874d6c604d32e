// SPDX-License-Identifier: GPL-2.0-only
// 64: Call chains of perf at a probe, with functions pending below it: none of them names the trampoline.
#include "perf.h"

/* The chain ends at top(): what the caller has in %rbp is the compiler's. */
asm(".text\n"
    "top:\tpush %rbp\n\txor %ebp, %ebp\n\tcall mid\nret_mid:\tpop %rbp\n\tret\n"
    "mid:\tpush %rbp\n\tmov %rsp, %rbp\n\tcall low\nret_low:\tpop %rbp\n\tret\n"
    "low:\tpush %rbp\n\tmov %rsp, %rbp\n\tcall leaf\nret_leaf:\tpop %rbp\n\tret\n"
    "leaf:\tpush %rbp\n\tmov %rsp, %rbp\nin_leaf:\timul $3, %rdi, %rax\n\tpop %rbp\n\tret\n");
long top(long);
extern const char mid[], low[], leaf[], in_leaf[], ret_mid[], ret_low[], ret_leaf[];

int main(void)
{
	const struct perf_event_attr none = { 0 }, sampled = {
		.sample_period = 1, .sample_type = PERF_SAMPLE_CALLCHAIN,
		.exclude_callchain_kernel = 1,
	};
	struct perf_event_mmap_page *ring;
	int fd, samples = 0, good = 0, bad = 0;
	uint64_t pos;
	char *data;

	begin();
	if (attach(none, mid, 0, 1) < 0 || attach(none, low, 0, 1) < 0 || attach(none, leaf, 0, 1) < 0)
		return say("skip", "cannot attach: %d", errno);
	fd = attach(sampled, in_leaf, 0, 0);
	ring = mmap(NULL, 17 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		return say("skip", "cannot map: %d", errno);
	for (int i = 0; i < 5; i++)
		if (top(i) != 3 * i)
			return say("not ok", "wrong");
	data = (char *)ring + PAGE;
	for (pos = 0; pos < ring->data_head; ) {
		struct perf_event_header *head = (void *)(data + pos);
		uint64_t *chain = (void *)(head + 1);

		pos += head->size;
		if (head->type != PERF_RECORD_SAMPLE)
			continue;
		samples++;
		for (uint64_t i = 1; i <= chain[0]; i++) {
			good += chain[i] == (uint64_t)ret_mid || chain[i] == (uint64_t)ret_low ||
				chain[i] == (uint64_t)ret_leaf;
			bad += chain[i] < (uint64_t)-4096 && chain[i] > 0x700000000000;
		}
	}
	if (samples != 5 || good != 15 || bad)
		return say("not ok", "%d samples, %d callers of 15, %d elsewhere", samples, good, bad);
	return say("ok", "15 callers");
}
