/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Restartable sequences with instructions to probe.  Each has a descriptor:
 * where it begins, how long it is, and where a task goes on that was disturbed
 * in it.  The signature before the abort handler is glibc's.
 */
	.globl	rseq_add, rseq_add_step, rseq_add_commit
	.globl	rseq_add_begin, rseq_add_end, rseq_aborts
	.globl	rseq_load, rseq_load_insn, rseq_load_page, rseq_seen
	.globl	rseq_outside

	.macro	sequence name
	.pushsection .data
	.balign	32
\name\()_cs:
	.long	0, 0
	.quad	\name\()_begin, \name\()_end - \name\()_begin, \name\()_abort
	.popsection
	.endm

	.macro	abort_handler name
	.byte	0x0f, 0xb9, 0x3d
	.long	0x53053053
\name\()_abort:
	.endm

	.text

/* Adds one to the word at rdi; rsi is where the descriptor is announced. */
	sequence rseq_add
rseq_add:
	lea	rseq_add_cs(%rip), %rax
	mov	%rax, (%rsi)
rseq_add_begin:
	mov	(%rdi), %rcx
rseq_add_step:
	imul	$1, %rcx, %rcx
	.fill	24, 1, 0x90
	inc	%rcx
rseq_add_commit:
	mov	%rcx, (%rdi)
rseq_add_end:
	.fill	24, 1, 0x90
	ret
	abort_handler rseq_add
	lock incq rseq_aborts(%rip)
	jmp	rseq_add

/*
 * Multiplies what may not be there yet, by way of the instruction pointer, and
 * returns it.  When it is aborted it notes what registers and flags are, and
 * returns 0.
 */
	sequence rseq_load
rseq_load:
	push	%rbx
	mov	$0x11, %ebx
	mov	$0x22, %ecx
	mov	$0x33, %edx
	mov	$0x55, %edi
	lea	rseq_load_cs(%rip), %rax
	mov	%rax, (%rsi)
	mov	$0x44, %esi
rseq_load_begin:
	xor	%eax, %eax
rseq_load_insn:
	imul	$3, rseq_load_page(%rip), %rax
	.fill	24, 1, 0x90
rseq_load_end:
	pop	%rbx
	ret
	abort_handler rseq_load
	mov	%rbx, rseq_seen(%rip)
	mov	%rcx, rseq_seen + 8(%rip)
	mov	%rdx, rseq_seen + 16(%rip)
	mov	%rsi, rseq_seen + 24(%rip)
	mov	%rdi, rseq_seen + 32(%rip)
	mov	%rax, rseq_seen + 40(%rip)
	pushf
	pop	%rax
	mov	%rax, rseq_seen + 48(%rip)
	xor	%eax, %eax
	pop	%rbx
	ret

/* Announces the first sequence, and executes something else. */
rseq_outside:
	lea	rseq_add_cs(%rip), %rax
	mov	%rax, (%rsi)
	jmp	hit_xol

	.bss
	.balign	8
rseq_aborts:
	.quad	0
rseq_seen:
	.fill	7, 8, 0
	.balign	4096
rseq_load_page:
	.fill	4096, 1, 0

	.section .note.GNU-stack, "", @progbits
