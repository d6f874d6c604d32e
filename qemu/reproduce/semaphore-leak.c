// SPDX-License-Identifier: GPL-2.0-only
/* A part of a mapping is moved: the counter of its probe counts it once more. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	4096UL

extern const char __ehdr_start[], site[];
static volatile unsigned short counter __attribute__((section(".data")));

asm(".text\n"
    "	.balign	4096, 0x90\n"
    "site:	nop\n"
    "	.skip	2 * 4096, 0x90\n");

/* Return where in the file the counter is. */
static unsigned long counter_offset(void)
{
	const Elf64_Ehdr *file = (const void *)__ehdr_start;
	const Elf64_Phdr *part = (const void *)(__ehdr_start + file->e_phoff);

	while (part->p_type != PT_LOAD || (unsigned long)&counter - part->p_vaddr >= part->p_filesz)
		part++;
	return (unsigned long)&counter - part->p_vaddr + part->p_offset;
}

static int body(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	char *room = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *two = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, site - __ehdr_start);
	unsigned short before = counter;

	if (mremap(two, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room) == MAP_FAILED)
		return 77;
	return counter != before;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	unsigned long offset = site - __ehdr_start;

	if (argc > 1)
		printf("p %#lx(%#lx) runs\n", offset, counter_offset());
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
