/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that begin with an instruction to probe; all return three times
 * their argument.  They lie in one page.
 */
	.text
	.balign	4096
	.globl	hit_nop, hit_xol, hit_push, hit_load, hit_div
	.globl	steps_begin, steps_end, foreign_int3
	.globl	code_begin, code_end
	.globl	hit_deep, hit_tail, hit_call

/* Can be done without a single step. */
hit_nop:
	nop
	.fill	24, 1, 0x90
	lea	(%rdi, %rdi, 2), %rax
	ret

/* Has to be stepped: nobody emulates a multiplication. */
hit_xol:
	imul	$3, %rdi, %rax
	.fill	24, 1, 0x90
	ret

hit_push:
	push	%rdi
	.fill	24, 1, 0x90
	pop	%rax
	lea	(%rax, %rax, 2), %rax
	ret

/* Faults if the pointer is bad. */
hit_load:
	mov	(%rdi), %rax
	.fill	24, 1, 0x90
	lea	(%rax, %rax, 2), %rax
	ret

/* Faults if the argument is zero. */
hit_div:
	idivl	%edi
	.fill	24, 1, 0x90
	ret

/* Calls itself so many times, and returns how many that were. */
hit_deep:
	imul	$1, %rdi, %rax
	.fill	24, 1, 0x90
	test	%rax, %rax
	jz	1f
	lea	-1(%rax), %rdi
	call	hit_deep
	inc	%rax
1:	ret

/* Returns together with hit_xol. */
hit_tail:
	imul	$1, %rdi, %rdi
	.fill	24, 1, 0x90
	jmp	hit_xol

/* Calls the function given, and returns what it returns. */
hit_call:
	imul	$1, %rdi, %rax
	.fill	24, 1, 0x90
	sub	$8, %rsp
	call	*%rax
	add	$8, %rsp
	ret

/* What a debugger steps through; it sets the registers. */
steps_begin:
	mov	$5, %edi
	call	hit_nop
	call	hit_xol
	jmp	1f
	nop
1:	call	hit_push
	call	hit_xol
steps_end:
	jmp	steps_end

/* A breakpoint that belongs to the program. */
foreign_int3:
	int3
	ret

/* Code that works at any address, for files made by the tests. */
code_begin:
	imul	$3, %rdi, %rax
	.fill	24, 1, 0x90
	ret
code_end:

	.section .note.GNU-stack, "", @progbits
