// SPDX-License-Identifier: GPL-2.0-only
// 64: A program makes the system call of a trampoline for NOPs of five bytes itself: from elsewhere, and by jumping into the trampoline.
#include "marker.h"

#ifndef SYS_uprobe
# define SYS_uprobe	336
#endif

MARKED(marked);

static int stray(void)
{
	CHECK(is_right(marked, 3));
	errno = 0;
	CHECK(syscall(SYS_uprobe) == -1);
	return errno == ENXIO ? 0 : errno == ENOSYS ? 77 : 1;
}

/* The address that it is called from has no probe. */
static int called(void)
{
	const unsigned char *at = (const void *)marked;
	long result = 0x1234;
	int32_t far;

	CHECK(is_right(marked, 3));
	if (*at != CALL)
		return 77;
	memcpy(&far, at + 1, sizeof(far));
	asm volatile("sub $256, %%rsp\n\tcall *%1\n\tadd $256, %%rsp"
		     : "+a" (result) : "r" (at + 5 + far) : "rcx", "r11", "memory");
	CHECK(result == 0x1234);
	CHECK(is_right(marked, 3));
	return 0;
}

int main(void)
{
	int status;

	begin();
	if (arm('p', "e0", marked))
		return say("not ok", "cannot arm");
	status = run(stray);
	if (status == 77 << 8)
		return say("skip", "this kernel has no such system call");
	if (status)
		return say("not ok", "status %#x from elsewhere", status);
	status = run(called);
	if (status == 77 << 8)
		return say("not ok", "the NOP is not a call");
	if (status)
		return say("not ok", "status %#x from a call of its own", status);
	return say("ok", "ENXIO, and nothing happens");
}
