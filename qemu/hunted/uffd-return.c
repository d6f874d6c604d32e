// SPDX-License-Identifier: GPL-2.0-only
// 64: leave and ret from a page that userfaultfd has to provide; meanwhile another probe is removed.
#include "hunted.h"
#include <linux/userfaultfd.h>
#include <poll.h>

/* Each comes back from the stack in @page. */
asm(".text\n"
    "by_ret:\n\tmov %rsp, %rcx\n\tmov %rdi, %rsp\n"
    "ret_site:\n\tret\n"
    "back:\n\tmov %rcx, %rsp\n\tret\n"
    "by_leave:\n\tmov %rsp, %rcx\n\tmov %rbp, %rdx\n\tmov %rdi, %rbp\n"
    "leave_site:\n\tleave\n\tmov %rdx, %rbp\n\tmov %rcx, %rsp\n\tret\n");
void by_ret(void *page);
void by_leave(void *page);
extern const char ret_site[], leave_site[], back[];

STEPPED(other);

static void *page;
static void (*function)(void *page);
static volatile int removed;

static void *comes_back(void *unused)
{
	function(page);
	return unused;
}

static void *removes(void *unused)
{
	disarm("other");
	removed = 1;
	return unused;
}

static int watch(void)
{
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);	/* poll() waits */

	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)page;
	range.range.len = PAGE;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &range))
		return -1;
	return fd;
}

/* Return whether the probe could be removed while the function waited. */
static bool removed_meanwhile(int fd, unsigned long *words)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)page, .len = PAGE,
				    .src = (uintptr_t)words };
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	pthread_t comer, remover;
	bool in_time;

	removed = 0;
	pthread_create(&comer, NULL, comes_back, NULL);
	poll(&poll_fd, 1, 10000);
	pthread_create(&remover, NULL, removes, NULL);
	for (int i = 0; i < 100 && !removed; i++)
		nap(100);
	in_time = removed;
	ioctl(fd, UFFDIO_COPY, &copy);
	pthread_join(comer, NULL);
	pthread_join(remover, NULL);
	close(fd);
	munmap(page, PAGE);
	return in_time;
}

int main(void)
{
	static unsigned long words[PAGE / sizeof(long)] __attribute__((aligned(4096)));
	static const struct {
		void (*function)(void *page);
		const char *site, *name;
	} kinds[] = { { by_ret, ret_site, "ret" }, { by_leave, leave_site, "leave" } };

	begin();
	words[0] = (uintptr_t)back;
	for (int i = 0; i < 2; i++) {
		int fd = watch();

		if (fd < 0)
			return say("skip", "no userfaultfd");
		function = kinds[i].function;
		if (arm('p', "site", kinds[i].site) || arm('p', "other", other))
			return say("not ok", "cannot be armed");
		if (!removed_meanwhile(fd, words))
			return say("not ok", "a probe cannot be removed while %s waits for its stack",
				   kinds[i].name);
		if (hits("site") != 1)
			return say("not ok", "%ld hits of %s", hits("site"), kinds[i].name);
		disarm("site");
	}
	return say("ok", "removed while they waited");
}
