/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sites that are the same in every ABI: NOPs, and relative branches.
 */
#include "site-macros.h"

	.text

	one	nop, 90, .byte 0x90
	one	nop-pause, f3-90, .byte 0xf3, 0x90

/* 0x66 repeated, then 0x90: up to the longest instruction there is. */
	.irp	count, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
	site	nop-66, \count
	probe
	.fill	\count, 1, 0x66
	.byte	0x90
	done
	.endr

	one	nop-0f1f, 3, .byte 0x0f, 0x1f, 0x00
	one	nop-0f1f, 4, .byte 0x0f, 0x1f, 0x40, 0x00
	one	nop-0f1f, 5, .byte 0x0f, 0x1f, 0x44, 0x00, 0x00
	one	nop-0f1f, 6, .byte 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00
	one	nop-0f1f, 7, .byte 0x0f, 0x1f, 0x80, 0, 0, 0, 0
	one	nop-0f1f, 8, .byte 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0
	one	nop-0f1f, 9, .byte 0x66, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0

/* A register operand, an operand in memory that is not there: not touched. */
	one	nop-0f1f, eax, .byte 0x0f, 0x1f, 0xc0
	one	nop-0f1f, edx-far, .byte 0x0f, 0x1f, 0x82, 0xff, 0xff, 0xff, 0x7f

/* A reserved hint: executes as a NOP, and is none in the manuals. */
	site	nop-0f19, edi, kind=SITE_EITHER
	probe
	.byte	0x0f, 0x19, 0xff
	done

/* What assemblers emit for 10 bytes and more. */
	.macro	nop_cs length, prefixes:vararg
	site	nop-cs, \length
	probe
	.byte	\prefixes, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0
	done
	.endm

	nop_cs	10, 0x66
	nop_cs	11, 0x66, 0x66
	nop_cs	12, 0x66, 0x66, 0x66
	nop_cs	13, 0x66, 0x66, 0x66, 0x66
	nop_cs	14, 0x66, 0x66, 0x66, 0x66, 0x66
	nop_cs	15, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66

/* Not a NOP in 64-bit mode: it clears the upper half of rax. */
	one	xchg-eax-eax, 87-c0, .byte 0x87, 0xc0

/*
 * The prefix for 16-bit operands: what a branch with it does is in doubt, and
 * nothing else.
 */
	one	word-size, add, addw $0x1234, %cx
	one	word-size, move, movw %cx, %dx
	one	word-size, sse, paddd %xmm1, %xmm2

/*
 * With the breakpoint that follows, the last byte of what stands in front looks
 * like int $0xcc: it is no breakpoint of two bytes.
 */
	.macro	behind_cd variant, insn:vararg
	site	behind-cd, "\variant"
	.byte	0x89, 0xcd	/* mov %ecx, %ebp */
	probe
	\insn
	done
	.endm

	behind_cd skipped, nop
	behind_cd stepped, imul $3, %ecx, %eax

	.macro	jump name, variant, insn:vararg
	site	"\name", "\variant"
	probe
	\insn
	mov	$1, %ebp
	pad
	jmp	2f
1:	mov	$2, %ebp
2:
	done
	.endm

	jump	jmp-rel, rel8, jmp 1f
	jump	jmp-rel, rel32, {disp32} jmp 1f

	.macro	jump_back name, variant, insn:vararg
	site	"\name", "\variant"
	jmp	2f
	pad
1:	mov	$1, %ebp
	pad
	jmp	3f
2:
	probe
	\insn
	mov	$2, %ebp
	pad
3:
	done
	.endm

	jump_back jmp-rel, rel8-back, jmp 1b
	jump_back jmp-rel, rel32-back, {disp32} jmp 1b

/*
 * All conditions.  A condition holds with the flags named or, being the
 * opposite of one, without them; with "not" 1 it does not hold.
 */
	.macro	jcc name, form, cond, not, flags
	site	"\name", "j\cond-\not"
	push	$2 | (\flags)
	popf
	probe
	\form	j\cond 1f
	mov	$1, %ebp
	pad
	jmp	2f
1:	mov	$2, %ebp
2:
	done
	.endm

	.macro	all_jcc name, form, not
	jcc	"\name", "\form", o, \not, OF*(1-\not)
	jcc	"\name", "\form", no, \not, OF*\not
	jcc	"\name", "\form", b, \not, CF*(1-\not)
	jcc	"\name", "\form", ae, \not, CF*\not
	jcc	"\name", "\form", e, \not, ZF*(1-\not)
	jcc	"\name", "\form", ne, \not, ZF*\not
	jcc	"\name", "\form", be, \not, CF*(1-\not)
	jcc	"\name", "\form", a, \not, CF*\not
	jcc	"\name", "\form", s, \not, SF*(1-\not)
	jcc	"\name", "\form", ns, \not, SF*\not
	jcc	"\name", "\form", p, \not, PF*(1-\not)
	jcc	"\name", "\form", np, \not, PF*\not
	jcc	"\name", "\form", l, \not, SF*(1-\not)
	jcc	"\name", "\form", ge, \not, SF*\not
	jcc	"\name", "\form", le, \not, OF*(1-\not)
	jcc	"\name", "\form", g, \not, OF*\not
	.endm

	all_jcc	jcc-short, , 0
	all_jcc	jcc-short, , 1
/* x32 is 64-bit code: the 64-bit program has tested these. */
#if defined(__i386__) || !defined(__ILP32__)
	all_jcc	jcc-near, {disp32}, 0
	all_jcc	jcc-near, {disp32}, 1
#endif

/*
 * Functions whose return is probed.  What they leave below the stack pointer,
 * the return address and what is pushed when they come back, is theirs.
 */
	.macro	returning variant, insn:vararg
	site	return-regs, "\variant", kind=SITE_RUN|SITE_RETURN
	call	1f
	pad
	push	$0
	push	$0
	push	$0
	push	$0
	pop	R(bx)
	pop	R(bx)
	pop	R(bx)
	pop	R(bx)
	jmp	2f
	probe
1:	mov	$1, %ebp
	pad
	\insn
	ret
2:
	done
	.endm

	returning plain, nop
	returning flags, stc
/* These look like the results of a system call that wants to be restarted. */
	returning erestartsys, mov $-512, R(ax)
	returning erestartnointr, mov $-513, R(ax)
	returning erestart-restartblock, mov $-516, R(ax)

/* It removes its arguments, too. */
	site	return-regs, pops, kind=SITE_RUN|SITE_RETURN
	push	$7
	call	1f
	pad
	push	$0
	push	$0
	push	$0
	push	$0
	push	$0
	pop	R(bx)
	pop	R(bx)
	pop	R(bx)
	pop	R(bx)
	pop	R(bx)
	jmp	2f
	probe
1:	mov	$1, %ebp
	pad
#ifdef __i386__
	ret	$4
#else
	ret	$8
#endif
2:
	done

	.section .note.GNU-stack, "", @progbits
