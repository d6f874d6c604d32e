// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A program dumps core while other threads wait in the midst of probed instructions: no thread is in a slot there.
#include "missing.h"
#include <elf.h>
#include <sys/procfs.h>

#define CORE "/tmp/hunted-core"

#ifdef __x86_64__
typedef Elf64_Ehdr header;
typedef Elf64_Phdr segment;
# define IP(status) ((struct user_regs_struct *)(status).pr_reg)->rip
#else
typedef Elf32_Ehdr header;
typedef Elf32_Phdr segment;
# define IP(status) ((struct user_regs_struct *)(status).pr_reg)->eip
#endif

static void *waits(void *unused)
{
	triple_of(missing);
	return unused;
}

static int dies(void)
{
	struct rlimit none = { 64 << 20, 64 << 20 };
	pthread_t thread;
	int fd = watch_missing();

	CHECK(fd >= 0 && !setrlimit(RLIMIT_CORE, &none));
	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, waits, NULL);
	CHECK(is_wanted(fd));
	nap(300);	/* the others want it, too */
	abort();
}

/* Count the threads of the dump that are where they wait, and the others. */
static void read_core(int *at_site, int *all)
{
	static char text[64 << 10];
	header *elf = (header *)text;
	int fd = open(CORE, O_RDONLY | O_CLOEXEC);
	segment *notes = (segment *)(elf + 1);
	char *at, *end;

	*at_site = *all = 0;
	if (fd < 0 || read(fd, text, sizeof(text)) < PAGE)
		return;
	close(fd);
	at = text + notes->p_offset;
	end = at + notes->p_filesz;
	while (at < end && end < text + sizeof(text)) {
		Elf32_Nhdr *note = (Elf32_Nhdr *)at;	/* the same for 64 bits */
		char *desc = at + sizeof(*note) + ((note->n_namesz + 3) & ~3U);
		struct elf_prstatus status;

		if (note->n_type == NT_PRSTATUS) {
			memcpy(&status, desc, sizeof(status));
			++*all;
			*at_site += IP(status) == (unsigned long)triple_site;
		}
		at = desc + ((note->n_descsz + 3) & ~3U);
	}
}

int main(void)
{
	int status, at_site, all, pattern = open("/proc/sys/kernel/core_pattern", O_RDWR | O_CLOEXEC);
	char before[128] = "core";

	begin();
	if (pattern < 0 || read(pattern, before, sizeof(before) - 1) < 0 ||
	    pwrite(pattern, CORE, strlen(CORE), 0) < 0)
		return say("skip", "no core pattern");
	for (int i = 0; i < 2; i++) {
		unlink(CORE);
		status = run(dies);
		read_core(&at_site, &all);
		if (!WIFSIGNALED(status) || all != 4 || at_site != 3) {
			pwrite(pattern, before, strlen(before), 0);
			return say(i ? "not ok" : "skip", "status %#x, %d threads, %d of them there",
				   status, all, at_site);
		}
		if (!i && arm('p', "site", triple_site))
			return say("not ok", "cannot be armed");
	}
	pwrite(pattern, before, strlen(before), 0);
	unlink(CORE);
	return say("ok", "%ld hits, 3 threads there", hits("site"));
}
