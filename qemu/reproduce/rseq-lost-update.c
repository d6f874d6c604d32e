// SPDX-License-Identifier: GPL-2.0-only
/* A task has to wait in a restartable sequence, and does not begin it again. */
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
long sequence(const void *from, void *announced);
static char absent[4096] __attribute__((aligned(4096)));
static volatile int provided, fd;

asm(".data; .balign 32\n"
    "which:	.long	0, 0\n"
    "	.quad	begin, end - begin, again\n"
    ".text\n" "sequence: movq	$which, (%rsi)\n"
    "begin:	nop\n"
    "site:	imul	$0, (%rdi), %eax; .skip 16, 0x90\n"
    "end:	mov	$1, %eax; ret\n"
    "	.long	0x53053053\n"
    "again:	xor	%eax, %eax; ret\n");

static void *provide(void *arg)
{
	struct uffdio_zeropage zero = { { (long)absent, sizeof(absent) }, 0, 0 };
	struct uffd_msg msg;

	provided = read(fd, &msg, sizeof(msg)) == sizeof(msg);
	return usleep(20000) || ioctl(fd, UFFDIO_ZEROPAGE, &zero) ? NULL : arg;
}

static int body(void)
{
	struct rseq *area = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
	struct uffdio_register all = { { (long)absent, sizeof(absent) }, 1, 0 };
	pthread_t thread;
	long done = 0;

	fd = syscall(SYS_userfaultfd, 0);
	if (!__rseq_size || ioctl(fd, UFFDIO_API, &(struct uffdio_api){ UFFD_API, 0, 0 }) ||
	    ioctl(fd, UFFDIO_REGISTER, &all) || pthread_create(&thread, NULL, provide, NULL))
		return 77;
	while (!done && !provided)
		done = sequence(absent, &area->rseq_cs);
	return done;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
