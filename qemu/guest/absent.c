// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page that somebody else has yet to provide (userfaultfd).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "absent.h"
#include "child.h"

#define PAGE	4096

long *absent;

static int fault_fd;

/* This function makes the page. */
int make_absent(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	fault_fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	CHECK(fault_fd >= 0);
	CHECK(!ioctl(fault_fd, UFFDIO_API, &api));
	absent = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(absent != MAP_FAILED);
	reg.range.start = (uintptr_t)absent;
	reg.range.len = PAGE;
	CHECK(!ioctl(fault_fd, UFFDIO_REGISTER, &reg));
	return 0;
}

/* This function returns when a load waits for the page. */
int wait_for_load(void)
{
	struct uffd_msg msg;

	return read(fault_fd, &msg, sizeof(msg)) != sizeof(msg);
}

/* This function provides the page; its words are sevens. */
int provide(void)
{
	static long page[PAGE / sizeof(long)];
	struct uffdio_copy copy = {
		.dst = (uintptr_t)absent,
		.src = (uintptr_t)page,
		.len = PAGE,
	};
	size_t i;

	for (i = 0; i < PAGE / sizeof(long); i++)
		page[i] = 7;
	CHECK(!ioctl(fault_fd, UFFDIO_COPY, &copy));
	return 0;
}

/* This function returns what the kernel lacks for such a page, or NULL. */
const char *lacks_userfaultfd(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 && errno == ENOSYS)
		return "this kernel has no userfaultfd";
	if (fd >= 0)
		close(fd);
	return NULL;
}
