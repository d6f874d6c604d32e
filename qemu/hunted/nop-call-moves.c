// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Code with a NOP of five bytes is hit, moved near and far, hit, unmapped, mapped again; its probe goes and comes back.
#include "marker.h"

#define CODE_FILE	"/tmp/hunted-marked"

MARKED(marked);

typedef long (*marked_fn)(long);

static marked_fn map_code(void *at)
{
	int fd = open(CODE_FILE, O_RDONLY | O_CLOEXEC);
	void *found = mmap(at, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	close(fd);
	return (marked_fn)found;
}

static marked_fn move_code(marked_fn fn, void *to)
{
	return (marked_fn)mremap((void *)fn, PAGE, PAGE,
				 MREMAP_MAYMOVE | (to ? MREMAP_FIXED : 0), to);
}

static int moves(void)
{
	char *room = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	marked_fn fn = map_code((void *)0x10000000), other = map_code(NULL);
	int before = noted->flag[0];

	CHECK(is_right(fn, 4) && is_right(other, 4));
	fn = move_code(fn, (void *)0x20000000);
	CHECK((void *)fn == (void *)0x20000000 && is_right(fn, 4));
	fn = move_code(fn, room + 4 * PAGE);
	CHECK((char *)fn == room + 4 * PAGE && is_right(fn, 4) && is_right(other, 4));
	/* Over another one that was hit */
	fn = move_code(fn, (void *)other);
	CHECK(fn == other && is_right(fn, 4));
	if (before) {
		CHECK(!enable("e0", 0) && is_right(fn, 1));
		CHECK(!memcmp((void *)fn, "\x0f\x1f\x44\x00\x00", 5));
		CHECK(!enable("e0", 1));
	} else {
		CHECK(is_right(fn, 1));
	}
	CHECK(is_right(fn, 4));
	CHECK(!munmap((void *)fn, PAGE));
	fn = map_code((void *)fn);
	CHECK(is_right(fn, 4));
	return 0;
}

int main(void)
{
	int fd = open(CODE_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755), status;
	long got;

	begin();
	if (fd < 0 || write(fd, (const void *)marked, 16) != 16 || ftruncate(fd, PAGE))
		return say("not ok", "no file: %d", errno);
	close(fd);
	status = run(moves);
	if (status)
		return say("skip", "status %#x without a probe", status);
	noted->flag[0] = 1;
	if (arm_file('p', "e0", CODE_FILE, 0))
		return say("not ok", "cannot arm");
	empty_trace();
	status = run(moves);
	got = recorded();
	unlink(CODE_FILE);
	if (status || got != 8 * 4)
		return say("not ok", "status %#x, %ld hits, not %d", status, got, 8 * 4);
	return say("ok", "%ld hits", got);
}
