// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Probed stores, pushes and calls to a page that userfaultfd protects from writing, time and again.
#include "hunted.h"
#include <linux/userfaultfd.h>

#define KINDS	5

/* Each writes to the page of its argument, twice where it is read first. */
asm(".text\n"
    "k_mov:\n\t" LOAD_ARG(cx) "\n"
    "s_mov:\n\tmovl $7, (" R(cx) ")\n\tret\n"
    "k_inc:\n\t" LOAD_ARG(cx) "\n"
    "s_inc:\n\tincl 8(" R(cx) ")\n\tret\n"
    "k_lock:\n\t" LOAD_ARG(cx) "\n"
    "s_lock:\n\tlock incl 16(" R(cx) ")\n\tret\n"
    "k_push:\n\t" LOAD_ARG(cx) "\n\tmov " R(sp) ", " R(dx) "\n\tlea 64(" R(cx) "), " R(sp) "\n"
    "s_push:\n\tpush " R(cx) "\n\tmov " R(dx) ", " R(sp) "\n\tret\n"
    "k_call:\n\t" LOAD_ARG(cx) "\n\tmov " R(sp) ", " R(dx) "\n\tlea 128(" R(cx) "), " R(sp) "\n"
    "s_call:\n\tcall 1f\n1:\tmov " R(dx) ", " R(sp) "\n\tret\n");
void k_mov(void *page), k_inc(void *page), k_lock(void *page), k_push(void *page), k_call(void *page);
extern const char s_mov[], s_inc[], s_lock[], s_push[], s_call[];

static void (*const kinds[KINDS])(void *page) = { k_mov, k_inc, k_lock, k_push, k_call };
static unsigned int *page;
static int fd;

static int protect(bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)page, PAGE },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(fd, UFFDIO_WRITEPROTECT, &wp);
}

static void *monitor(void *unused)
{
	struct uffd_msg msg;

	while (read(fd, &msg, sizeof(msg)) == sizeof(msg)) {
		nap(1);
		noted->flag[0]++;
		protect(false);
	}
	return unused;
}

static int stores(void)
{
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	pthread_t thread;

	fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(page, 0, PAGE);
	range.range.start = (uintptr_t)page;
	range.range.len = PAGE;
	CHECK(fd >= 0 && !ioctl(fd, UFFDIO_API, &api) && !ioctl(fd, UFFDIO_REGISTER, &range));
	pthread_create(&thread, NULL, monitor, NULL);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < KINDS; i++) {
			noted->flag[0] = 0;
			CHECK(!protect(true));
			kinds[i](page);
			CHECK(noted->flag[0] == 1);
		}
	}
	note(page[0]);
	note(page[2]);
	note(page[4]);
	CHECK(page[2] == 20 && page[4] == 20);
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'p', s_mov }, { 'p', s_inc }, { 'p', s_lock }, { 'p', s_push }, { 'p', s_call },
		{ 0, NULL },
	};

	return judge(stores, places, 20 * KINDS);
}
