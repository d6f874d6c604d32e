// SPDX-License-Identifier: GPL-2.0-only
// 64: leave and ret from a page that userfaultfd has to provide; meanwhile another probe is removed.
#include "missing.h"

/* Each comes back from the stack in the page that is missing. */
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

static void (*function)(void *page);
static volatile int removed;

static void *comes_back(void *unused)
{
	function(missing);
	return unused;
}

static void *removes(void *unused)
{
	disarm("other");
	removed = 1;
	return unused;
}

/* Return whether the probe could be removed while the function waited. */
static bool removed_meanwhile(int fd)
{
	pthread_t comer, remover;
	bool in_time;

	removed = 0;
	pthread_create(&comer, NULL, comes_back, NULL);
	in_time = is_wanted(fd);
	pthread_create(&remover, NULL, removes, NULL);
	for (int i = 0; i < 100 && !removed; i++)
		nap(100);
	in_time = in_time && removed;
	provide(fd, (long)back);
	pthread_join(comer, NULL);
	pthread_join(remover, NULL);
	close(fd);
	munmap(missing, PAGE);
	return in_time;
}

int main(void)
{
	static const struct {
		void (*function)(void *page);
		const char *site, *name;
	} kinds[] = { { by_ret, ret_site, "ret" }, { by_leave, leave_site, "leave" } };

	begin();
	for (int i = 0; i < 2; i++) {
		int fd = watch_missing();

		if (fd < 0)
			return say("skip", "no userfaultfd");
		function = kinds[i].function;
		if (arm('p', "site", kinds[i].site) || arm('p', "other", other))
			return say("not ok", "cannot be armed");
		if (!removed_meanwhile(fd))
			return say("not ok", "a probe cannot be removed while %s waits for its stack",
				   kinds[i].name);
		if (hits("site") != 1)
			return say("not ok", "%ld hits of %s", hits("site"), kinds[i].name);
		disarm("site");
	}
	return say("ok", "removed while they waited");
}
