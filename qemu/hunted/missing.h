/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread waits in the midst of an instruction, for a page that userfaultfd
 * has to provide.
 */
#ifndef HUNTED_MISSING_H
#define HUNTED_MISSING_H

#include "hunted.h"
#include <linux/userfaultfd.h>
#include <poll.h>

static long *missing;

/* Three times what its argument points to */
asm(".text\n.balign 64\n.globl triple_of\ntriple_of:\n\t" LOAD_ARG(cx)
    ".globl triple_site\ntriple_site:\n\timul $3, (" R(cx) "), " R(ax) "\n"
    ".globl triple_end\ntriple_end:\n\tret\n");
long triple_of(const long *at);
extern char triple_site[], triple_end[];

/* Have a page that is not there; return a file descriptor, or -1. */
static inline int watch_missing(void)
{
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	missing = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)missing;
	range.range.len = PAGE;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &range))
		return -1;
	return fd;
}

/* Wait until somebody needs the page; return whether somebody does. */
static inline bool is_wanted(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 10000) == 1 && poll_fd.revents == POLLIN;
}

/* The page comes, and begins with this. */
static inline void provide(int fd, long value)
{
	static long words[PAGE / sizeof(long)] __attribute__((aligned(4096)));
	struct uffdio_copy copy = { .dst = (uintptr_t)missing, .len = PAGE,
				    .src = (uintptr_t)words };

	words[0] = value;
	ioctl(fd, UFFDIO_COPY, &copy);
}

#endif
