/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entry of a new image without a C library, whose own allocations must not
 * be those that fail.  It looks whether one has failed, hits a probe, and exits
 * as the children of faults.c do.
 */
#include <asm/unistd_64.h>

#include "raw-start.h"

	.text
	.globl	raw_start
raw_start:
	/* The page is there before the kernel writes to it. */
	movb	$0, text(%rip)
1:	mov	$RAW_FD, %edi
	lea	text(%rip), %rsi
	mov	$16, %edx
	xor	%r10d, %r10d
	mov	$__NR_pread64, %eax
	syscall
	test	%rax, %rax
	jle	1b

	xor	%ebx, %ebx
	cmpb	$'0', text(%rip)
	jne	2f
	mov	$RAW_FAILED, %ebx

2:	mov	$RAW_FD, %edi
	lea	zero(%rip), %rsi
	mov	$1, %edx
	xor	%r10d, %r10d
	mov	$__NR_pwrite64, %eax
	syscall

	mov	$5, %edi
	call	hit_xol
	cmp	$15, %rax
	je	3f
	mov	$RAW_WRONG, %ebx
3:	mov	%ebx, %edi
	mov	$__NR_exit_group, %eax
	syscall

	.section .rodata
zero:	.ascii	"0"

	.data
	.balign	16
text:	.fill	16, 1, 0

	.section .note.GNU-stack, "", @progbits
