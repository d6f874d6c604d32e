/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Run a site with all registers loaded, and capture all registers after it.
 *
 * Nothing between the end of the site and the last store changes a flag, and
 * the only memory used is our own: the site's stack is compared as well.
 */
#include "site.h"

#ifdef __i386__
# define MEM(x)		x
# define SP		%esp
# define VECS		0, 1, 2, 3, 4, 5, 6, 7
#else
# define MEM(x)		x(%rip)
# define SP		%rsp
# define VECS		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#endif

	.macro	each_reg op
#ifdef __i386__
	\op	0, %eax
	\op	8, %ecx
	\op	16, %edx
	\op	24, %ebx
	\op	40, %ebp
	\op	48, %esi
	\op	56, %edi
#else
	\op	0, %rax
	\op	8, %rcx
	\op	16, %rdx
	\op	24, %rbx
	\op	40, %rbp
	\op	48, %rsi
	\op	56, %rdi
	\op	64, %r8
	\op	72, %r9
	\op	80, %r10
	\op	88, %r11
	\op	96, %r12
	\op	104, %r13
	\op	112, %r14
	\op	120, %r15
#endif
	.endm

	.macro	load offset, reg
	mov	MEM(site_in + \offset), \reg
	.endm

	.macro	save offset, reg
	mov	\reg, MEM(site_out + \offset)
	.endm

	.macro	load_vec
	.irp	nr, VECS
	vmovdqu	MEM(site_in + SITE_VEC + 32 * \nr), %ymm\nr
	.endr
	.endm

	.macro	load_half
	.irp	nr, VECS
	movdqu	MEM(site_in + SITE_VEC + 32 * \nr), %xmm\nr
	.endr
	.endm

	.macro	save_vec
	.irp	nr, VECS
	vmovdqu	%ymm\nr, MEM(site_out + SITE_VEC + 32 * \nr)
	.endr
	.endm

	.macro	save_half
	.irp	nr, VECS
	movdqu	%xmm\nr, MEM(site_out + SITE_VEC + 32 * \nr)
	.endr
	.endm

	.text
	.globl	site_run, site_exit

site_run:
#ifdef __i386__
	push	%ebx
	push	%ebp
	push	%esi
	push	%edi
#else
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
#endif
	mov	SP, MEM(site_host_sp)
	cmpl	$0, MEM(site_has_avx)
	je	1f
	load_vec
	jmp	2f
1:	load_half
2:
	push	MEM(site_in + SITE_FLAGS)
	popf
	each_reg load
	mov	MEM(site_in + SITE_SP), SP
	jmp	*MEM(site_target)

site_exit:
	each_reg save
	mov	SP, MEM(site_out + SITE_SP)
	mov	MEM(site_host_sp), SP
	pushf
	pop	MEM(site_out + SITE_FLAGS)
	cld
	cmpl	$0, MEM(site_has_avx)
	je	1f
	save_vec
	jmp	2f
1:	save_half
2:
#ifdef __i386__
	pop	%edi
	pop	%esi
	pop	%ebp
	pop	%ebx
#else
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
#endif
	ret

	.bss
	.globl	site_in, site_out, site_target, site_has_avx
	.globl	site_data, site_stack, site_guard
	.balign	64
site_in:	.skip	SITE_VEC + 16 * 32
site_out:	.skip	SITE_VEC + 16 * 32
site_target:	.skip	8
site_host_sp:	.skip	8
site_has_avx:	.skip	4

/* The stack ends where its page does, and nothing may touch the next one. */
	.balign	4096
		.skip	4096 - SITE_DATA_SIZE - SITE_STACK_SIZE
site_data:	.skip	SITE_DATA_SIZE
site_stack:	.skip	SITE_STACK_SIZE
site_guard:	.skip	4096

	.section .note.GNU-stack, "", @progbits
