/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions whose probe is measured, for 64-bit and for 32-bit code.  Each
 * site is a function; the probed instruction lies between .Lat and .Lend, what
 * puts things right follows.
 */
#include "abi.h"
#include "cost.h"

#ifdef __i386__
#define POINTER		.long
#define DI		%edi
#define DX		%edx
#define ENDBR		endbr32
#define CMP_WORD	cmpl
#define TARGET		cost_target
#else
#define POINTER		.quad
#define DI		%rdi
#define DX		%rdx
#define ENDBR		endbr64
#define CMP_WORD	cmpq
#define TARGET		cost_target(%rip)
#endif

/* What stands in front of some: a macro of the preprocessor is no string. */
	.macro	push_bp
	push	BP
	.endm
	.macro	make_frame
	push	BP
	mov	SP, BP
	.endm
	.macro	load_target
	lea	TARGET, AX
	.endm

	.section .rodata.cost, "a", @progbits
	.globl	cost_sites
	.balign	16
cost_sites:

/* name in words, what stands in front, the instruction */
	.macro	site name, before, insn:vararg
	.text
	.balign	16
.Lsite\@:
	\before
.Lat\@:
	\insn
.Lend\@:
	.section .rodata.cost
	POINTER	.Lname\@, .Lsite\@, .Lat\@, .Lend\@
	.section .rodata.str1.1, "aMS", @progbits, 1
.Lname\@:
	.string	"\name"
	.text
	.endm

	.macro	plain name, insn:vararg
	site	"\name", "", \insn
	ret
	.endm

/* What functions begin with, and what the base skips or emulates */
	plain	nop, nop
	plain	nop-5, .byte 0x0f, 0x1f, 0x44, 0x00, 0x00
	plain	nop-9, .byte 0x66, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0
	plain	endbr, ENDBR
	site	push, "", push BP
	pop	AX
	ret
#ifdef __x86_64__
	site	push-r15, "", push %r15
	pop	%rax
	ret
#endif
	site	call, "", call cost_target
	ret
	site	jmp, "", jmp 1f
1:	ret
	site	jcc-taken, "xor %eax, %eax", jz 1f
1:	ret
	site	jcc-not-taken, "xor %eax, %eax", jnz 1f
1:	ret

/* What the base steps */
	site	ret, "", ret
	site	push-imm, "", push $1
	pop	AX
	ret
	site	pop, push_bp, pop AX
	ret
	site	leave, make_frame, leave
	ret
	site	call-reg, load_target, call *AX
	ret
	site	jmp-reg, load_target, jmp *AX
	plain	mov-reg, mov SP, AX
	plain	mov-imm, mov $1, %eax
	plain	mov-load, mov WORD(SP), AX
	plain	mov-store, mov AX, -64(SP)
#ifdef __x86_64__
	plain	mov-rip-load, mov cost_sites(%rip), %rax
#endif
	plain	movzx, movzbl %dl, %eax
#ifdef __x86_64__
	plain	movsxd, movslq %edi, %rax
#endif
	plain	lea, lea 8(DI), AX
#ifdef __x86_64__
	plain	lea-rip, lea cost_sites(%rip), %rax
#endif
	plain	add, add $8, AX
	site	sub-sp, "", sub $24, SP
	add	$24, SP
	ret
	plain	and, and $-16, AX
	plain	or, or DI, AX
	plain	xor, xor %eax, %eax
	plain	cmp, cmp DI, AX
	plain	cmp-load, CMP_WORD $0, WORD(SP)
	plain	test, test DI, DI
	plain	inc, inc %eax
	plain	shl, shl $3, AX
	plain	setcc, setz %al
	plain	cmov, cmovz DI, AX

/* What both step */
	plain	stepped-imul, imul DI, AX
	plain	stepped-xadd, xadd AX, DX
	plain	stepped-sse, pxor %xmm0, %xmm0
#ifdef __x86_64__
	plain	stepped-sse-rip, movdqa cost_sites(%rip), %xmm0
#endif

	.section .rodata.cost
	POINTER	0, 0, 0, 0

/* Functions whose returns are measured */
	.macro	function name, insn:vararg
	.text
	.balign	16
	.globl	\name
\name:
	\insn
	.endm

	.text
cost_target:
	ret

	function cost_nop, nop
	ret
	function cost_push, push BP
	pop	AX
	ret
	function cost_stepped, imul DI, AX
	ret
	function cost_nest_1, nop
	call	cost_nest_2
	ret
	function cost_nest_2, nop
	call	cost_nest_3
	ret
	function cost_nest_3, nop
	call	cost_nest_4
	ret
	function cost_nest_4, nop
	ret
	function cost_tail_1, nop
	jmp	cost_tail_2
	function cost_tail_2, nop
	ret

	function cost_pause, pause
	ret

/* The same instruction in functions that share no cache line, and their table. */
	.macro	several name, insn:vararg
	.section .rodata.cost_several, "a", @progbits
	.globl	\name
	.balign	8
\name:
	.text
	.rept	COST_SEVERAL
	.balign	64
0:
	\insn
	ret
	.section .rodata.cost_several
	POINTER	0b
	.text
	.endr
	.endm

	several	cost_nops, nop
	several	cost_imuls, imul DI, AX

	.section .note.GNU-stack, "", @progbits
