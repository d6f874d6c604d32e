// SPDX-License-Identifier: GPL-2.0-only
/*
 * Core files: where the threads of a program were when it died.
 */
#include "core.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <unistd.h>


#define FOLDER	"/tmp"
#define CORE	FOLDER "/core"

/* This function has the program leave a core file when it dies. */
int want_core(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	unlink(CORE);
	return setrlimit(RLIMIT_CORE, &all) || chdir(FOLDER);
}

/* This function takes the threads out of the notes; it returns how many. */
static int read_notes(const char *at, const char *end,
		      struct core_thread *threads, int room)
{
	const struct elf_prstatus *status;
	const struct user_regs_struct *regs;
	const Elf64_Nhdr *note;
	const char *desc;
	int found = 0;

	while (at + sizeof(*note) <= end) {
		note = (const void *)at;
		desc = at + sizeof(*note) + ((note->n_namesz + 3) & ~3U);
		at = desc + ((note->n_descsz + 3) & ~3U);
		if (note->n_type != NT_PRSTATUS || at > end || found == room)
			continue;
		status = (const void *)desc;
		regs = (const void *)status->pr_reg;
		threads[found].ip = regs->rip;
		threads[found].flags = regs->eflags;
		found++;
	}
	return found;
}

/*
 * This function reads the core file and removes it.  It returns the number of
 * threads, the one that died first, or -1 if there is no core file.
 */
int read_core(struct core_thread *threads, int room)
{
	int fd = open(CORE, O_RDONLY | O_CLOEXEC), found = 0, i;
	const Elf64_Phdr *ph;
	const Elf64_Ehdr *eh;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -1;
	eh = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	unlink(CORE);
	if (eh == MAP_FAILED)
		return -1;
	ph = (const void *)((const char *)eh + eh->e_phoff);
	for (i = 0; i < eh->e_phnum; i++) {
		const char *notes = (const char *)eh + ph[i].p_offset;

		if (ph[i].p_type == PT_NOTE)
			found += read_notes(notes, notes + ph[i].p_filesz,
					    threads + found, room - found);
	}
	munmap((void *)eh, st.st_size);
	return found;
}
