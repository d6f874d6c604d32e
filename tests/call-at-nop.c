// SPDX-License-Identifier: GPL-2.0-only
/*
 * A NOP of five bytes in a function that keeps data below the stack pointer
 * becomes a call of a trampoline, and then a jump to one: what does the
 * function return? Prints that without either, with the call, with the jump.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE		4096UL
#define NOP_SIZE	5

extern unsigned char nop[];

/* A leaf function: its locals stay where the stack pointer does not go. */
__attribute__((noinline)) static long leaf(const long *in, unsigned int i)
{
	long kept[8];

	for (int k = 0; k < 8; k++)
		kept[k] = 3 * in[k];
	asm volatile(".globl nop\nnop:\n\t.byte 0x0f, 0x1f, 0x44, 0x00, 0x00");
	return kept[i % 8] + kept[(i + 1) % 8] + kept[(i + 2) % 8] + kept[(i + 3) % 8] +
	       kept[(i + 4) % 8] + kept[(i + 5) % 8] + kept[(i + 6) % 8] + kept[(i + 7) % 8];
}

/* What both do: a system call (getpid), which keeps all but three registers. */
#define SAVED_SYSCALL						\
	"push %rcx\n\tpush %r11\n\tpush %rax\n\t"		\
	"mov $39, %eax\n\tsyscall\n\t"				\
	"pop %rax\n\tpop %r11\n\tpop %rcx\n\t"

asm(".globl by_call, by_jump, jump_back\n"
    "by_call:\n\t" SAVED_SYSCALL "ret\n"
    "by_jump:\n\tlea -128(%rsp), %rsp\n\t" SAVED_SYSCALL "lea 128(%rsp), %rsp\n"
    "jump_back:\n\tjmp nop + 5\n");
extern const char by_call[], by_jump[];

static void replace(unsigned char opcode, const void *target)
{
	int32_t distance = (intptr_t)target - (intptr_t)(nop + NOP_SIZE);

	nop[0] = opcode;
	memcpy(nop + 1, &distance, sizeof(distance));
}

int main(void)
{
	static const long in[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	uintptr_t start = (uintptr_t)nop & -PAGE;

	printf("%ld", leaf(in, 0));
	if (mprotect((void *)start, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC))
		return 1;
	replace(0xe8, by_call);
	printf(" %ld", leaf(in, 0));
	replace(0xe9, by_jump);
	printf(" %ld\n", leaf(in, 0));
	return 0;
}
