/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions to probe that only 64-bit programs have.
 */

/* Selectors of user code: arch/x86/include/asm/segment.h */
#define USER32_CS	0x23
#define USER_CS		0x33

	.text
	.globl	hit_memory, store_mov, store_step, hit_mode, hit_mode_bp, hit_mode_mov
	.globl	hit_on_stack, hit_on_stack_bp, hit_on_stack_next, stack_callee
	.globl	hit_on_words, hit_on_words_next
	.globl	step_fence, leave_slot
	.globl	call_near, call_near_bp, call_near_ret, return_wrong
	.globl	hit_high, hit_high_bp
	.globl	accepted, accepted_end, long_int3
	.globl	hit_moved, hit_moved_bp, hit_not_moved, hit_not_moved_bp
	.globl	hit_red_zone, hit_red_zone_bp, hit_marker

/* Steps, and loads from memory while it does. */
hit_memory:
	imul	$3, (%rdi), %rax
	.fill	24, 1, 0x90
	ret

/* Stores that can be done without a single step, and that cannot. */
store_mov:
	mov	%rsi, (%rdi)
	.fill	24, 1, 0x90
	ret

store_step:
	movnti	%rsi, (%rdi)
	.fill	24, 1, 0x90
	ret

/* Loads by way of registers that only 64-bit code has. */
hit_high:
	mov	%rdi, %r9
	mov	$1, %r10d
hit_high_bp:
	mov	-8(%r9, %r10, 8), %rax
	.fill	24, 1, 0x90
	lea	(%rax, %rax, 2), %rax
	ret

/* Keeps four words below the stack pointer, where nobody else may write. */
hit_red_zone:
	mov	%rdi, -8(%rsp)
	mov	%rdi, -16(%rsp)
	mov	%rdi, -24(%rsp)
	mov	%rdi, -32(%rsp)
hit_red_zone_bp:
	.byte	0x0f, 0x1f, 0x44, 0x00, 0x00	/* nopl 0(%rax, %rax) */
	.fill	24, 1, 0x90
	mov	-8(%rsp), %rax
	add	-16(%rsp), %rax
	add	-24(%rsp), %rax
	add	-32(%rsp), %rax
	sub	%rdi, %rax
	ret

/* Begins with a NOP of five bytes; a system call overwrites its argument. */
hit_marker:
	.byte	0x0f, 0x1f, 0x44, 0x00, 0x00	/* nopl 0(%rax, %rax) */
	.fill	24, 1, 0x90
	lea	(%rcx, %rcx, 2), %rax
	ret

/* Has a condition that holds, and one that does not. */
hit_moved:
	lea	(%rdi, %rdi, 2), %rdi
	xor	%eax, %eax
hit_moved_bp:
	cmovz	%rdi, %rax
	.fill	24, 1, 0x90
	ret

hit_not_moved:
	lea	(%rdi, %rdi, 2), %rax
	xor	%ecx, %ecx
hit_not_moved_bp:
	cmovnz	%rdi, %rax
	.fill	24, 1, 0x90
	ret

/* Has no effect, and is stepped. */
step_fence:
	lfence
	.fill	24, 1, 0x90
	ret

/* Comes to it with all that rt_sigreturn() needs. */
leave_slot:
	mov	%rdi, %rsp
	mov	$15, %eax
	jmp	step_fence

/* Makes a call, and returns from it, by instructions to probe. */
call_near:
	sub	$8, %rsp
call_near_bp:
	call	1f
	.fill	24, 1, 0x90
	add	$8, %rsp
	ret
	.fill	24, 1, 0x90
1:	lea	(%rdi, %rdi, 2), %rax
call_near_ret:
	ret
	.fill	24, 1, 0x90

/* Returns by an address that no call has pushed. */
return_wrong:
	lea	1f(%rip), %rax
	push	%rax
	ret
1:	ret

/*
 * Makes a call on the stack given, through the word given, which is that of
 * stack_callee; returns the return address that the callee sees.
 */
hit_on_stack:
	mov	%rsp, %r8
	mov	%rdi, %rsp
hit_on_stack_bp:
	call	*%gs:(%rsi)
hit_on_stack_next:
	.fill	24, 1, 0x90
	mov	%r8, %rsp
	ret

stack_callee:
	mov	(%rsp), %rax
	ret

/*
 * Has hit_xol run on the stack given, which may be read-only: the address that
 * it returns to, hit_on_words_next, is there already.
 */
hit_on_words:
	mov	%rsp, %r8
	mov	%rsi, %rsp
	jmp	hit_xol
hit_on_words_next:
	mov	%r8, %rsp
	ret

/* Does its work in a segment of 32-bit code; the stack is left alone there. */
hit_mode:
	mov	%rsp, saved_sp(%rip)
	ljmp	*to_32(%rip)
	.code32
hit_mode_bp:
	imul	$3, %edi, %eax
	.fill	24, 1, 0x90
hit_mode_mov:
	mov	%eax, %eax
	.fill	24, 1, 0x90
	ljmp	$USER_CS, $1f
	.code64
1:	mov	saved_sp(%rip), %rsp
	ret

	.pushsection .data
	.balign	8
saved_sp:
	.quad	0
to_32:	.long	hit_mode_bp
	.short	USER32_CS
	.popsection

/* int 3 in its form of two bytes; from its second byte on, add and ret */
long_int3:
	.byte	0xcd, 0x03
	ret
	ret

	.macro	accept insn:vararg
	.balign	16
	\insn
	.balign	16, 0x90
	.endm

/* To be armed, not to be executed. */
	.balign	16
accepted:
	accept	rdtscp
	accept	xgetbv
	accept	xtest
	accept	xend
	accept	xabort $1
	accept	.byte 0x0f, 0x01, 0xee	/* rdpkru */
	accept	.byte 0x0f, 0x01, 0xef	/* wrpkru */
	accept	xsavec 0x40(%rsp)
	accept	lsl %ecx, %eax
	accept	lar %ecx, %eax
	accept	verr 0x40(%rsp)
	accept	verw 0x40(%rsp)
	accept	movdiri %rax, (%rdi)
	accept	movdir64b (%rdi), %rax
	accept	.byte 0x66, 0x0f, 0x1b, 0x07	/* bndmov %bnd0, (%rdi) */
	accept	sldt %eax
	accept	smsw %eax
	accept	sgdt (%rdi)
	accept	rdpmc
	accept	clzero
	accept	serialize
	accept	lfs (%rdi), %eax
	accept	.byte 0x62, 0xf5, 0x7c, 0x48, 0x58, 0xc1	/* vaddph */
	accept	.byte 0x62, 0xf6, 0x7d, 0x48, 0x98, 0xc1	/* vfmadd132ph */
accepted_end:
	.balign	16

	.section .note.GNU-stack, "", @progbits
