// SPDX-License-Identifier: GPL-2.0-only
// 64: A page of the program's own has int 0x80 where the trampoline has its system call; calls are dispatched to the program.
#include "hunted.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
# define PR_SET_SYSCALL_USER_DISPATCH	59
#endif
#define DISPATCH_ON	1
#define ALLOW		0
#define BLOCK		1
#define CALL_AT		9	/* of two bytes, as the trampoline's */
#define NUMBER		335	/* of the trampoline's call, and a 32-bit one */

STEPPED(stepped);

static volatile char selector = ALLOW;
static volatile int dispatched;

static void on_dispatch(int signo)
{
	(void)signo;
	selector = ALLOW;
	dispatched++;
}

static int call(void)
{
	long number = NUMBER;
	char *page;

	CHECK(stepped(1) == 3);
	page = mmap((void *)slots(), PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | (slots() ? MAP_FIXED : 0), -1, 0);
	CHECK(page != MAP_FAILED);
	memcpy(page + CALL_AT, "\xcd\x80\xc3", 3);
	signal(SIGSYS, on_dispatch);
	CHECK(!prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ON, 0, 0, &selector));
	selector = BLOCK;
	asm volatile("call *%1"
		     : "+a" (number)
		     : "r" (page + CALL_AT), "b" (0), "c" (0), "d" (0), "S" (0)
		     : "memory", "r8", "r9", "r10", "r11", "cc");
	selector = ALLOW;
	CHECK(dispatched == 1);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 0, NULL } };

	return judge(call, places, 1);
}
