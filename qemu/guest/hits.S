/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that begin with an instruction to probe; all return three times
 * their argument.  They lie in one page.
 */
#include "abi.h"

#define TF	0x100
#define AC	0x40000

	.text
	.balign	4096
	.globl	hit_nop, hit_xol, hit_push, hit_load, hit_div
	.globl	hit_return, hit_return_bp
	.globl	hit_framed, hit_framed_leave, load_checked, push_checked
	.globl	steps_begin, steps_end, walk_stepped, foreign_int3
	.globl	step_call, step_jmp, step_not_taken, step_taken, step_loop
	.globl	step_to_next, step_indirect
	.globl	code_begin, code_second, code_end
	.globl	refused_begin, refused_insn, refused_end
	.globl	hit_deep, hit_tail, hit_call, hit_chained, hit_endbr
	.globl	hit_jump, hit_pops, call_pops, hit_carries, call_carries

/* Can be done without a single step. */
hit_nop:
	nop
	.fill	24, 1, 0x90
	lea	(ARG, ARG, 2), AX
	ret

/* A hint that processors without CET take for a NOP: endbr64, or endbr32. */
hit_endbr:
#ifdef __x86_64__
	.byte	0xf3, 0x0f, 0x1e, 0xfa
#else
	.byte	0xf3, 0x0f, 0x1e, 0xfb
#endif
	.fill	24, 1, 0x90
	lea	(ARG, ARG, 2), AX
	ret

/* Has to be stepped: nobody emulates a multiplication. */
hit_xol:
	imul	$3, ARG, AX
	.fill	24, 1, 0x90
	ret

hit_push:
	push	ARG
	.fill	24, 1, 0x90
	pop	AX
	lea	(AX, AX, 2), AX
	ret

/* Faults if the pointer is bad. */
hit_load:
	mov	(ARG), AX
	.fill	24, 1, 0x90
	lea	(AX, AX, 2), AX
	ret

	.macro	checked what
	pushf
	orl	$AC, (SP)
	popf
	call	\what
	pushf
	andl	$~AC, (SP)
	popf
	ret
	.endm

/* With alignment checks. */
load_checked:
	checked	hit_load

push_checked:
	checked	hit_push

/* Has a frame; what is probed is how it gives that back. */
hit_framed:
	push	BP
	mov	SP, BP
	push	ARG
hit_framed_leave:
	leave
	.fill	24, 1, 0x90
	lea	(ARG, ARG, 2), AX
	ret

/* Returns how far a return has moved the stack, which nobody looks at there. */
hit_return:
	mov	SP, CX
#ifdef __x86_64__
	lea	1f(%rip), AX
#else
	mov	$1f, AX
#endif
	push	AX
hit_return_bp:
	ret	$0x8000
	.fill	24, 1, 0x90
1:	mov	SP, AX
	mov	CX, SP
	sub	CX, AX
	ret

/* Faults if the argument is zero. */
hit_div:
	idivl	ARG_32
	.fill	24, 1, 0x90
	ret

/* Calls itself so many times, and returns how many that were. */
hit_deep:
	imul	$1, ARG, AX
	.fill	24, 1, 0x90
	test	AX, AX
	jz	1f
	lea	-1(AX), ARG
	call	hit_deep
	inc	AX
1:	ret

/* Returns together with hit_xol. */
hit_tail:
	imul	$1, ARG, ARG
	.fill	24, 1, 0x90
	jmp	hit_xol

/* Calls the function given, and returns what it returns. */
hit_call:
	imul	$1, ARG, AX
	.fill	24, 1, 0x90
	sub	$CALL_PAD, SP
	call	*AX
	add	$CALL_PAD, SP
	ret

/* Returns together with hit_call. */
hit_chained:
	imul	$1, ARG, ARG
	.fill	24, 1, 0x90
	jmp	hit_call

/* Calls the function given, and goes on with hit_xol, with what it returns. */
hit_jump:
	imul	$1, ARG, AX
	.fill	24, 1, 0x90
	sub	$CALL_PAD, SP
	call	*AX
	add	$CALL_PAD, SP
	mov	AX, ARG
	jmp	hit_xol

/* Calls the function given; pops two words when it returns. */
hit_pops:
	imul	$1, ARG, AX
	.fill	24, 1, 0x90
	sub	$CALL_PAD, SP
	call	*AX
	add	$CALL_PAD, SP
	ret	$(2 * WORD)

/* Pushes them; the stack is aligned as it is at the entry of a function. */
call_pops:
	sub	$CALL_PAD, SP
#ifdef __i386__
	sub	$8, SP
#endif
	push	AX
	push	AX
	call	hit_pops
#ifdef __i386__
	add	$8, SP
#endif
	add	$CALL_PAD, SP
	ret

/*
 * Takes its return address along to a lower place of the stack, and returns
 * together with hit_call from there.
 */
hit_carries:
	imul	$1, ARG, ARG
	.fill	24, 1, 0x90
	pop	CX
	sub	$64, SP
	push	CX
	jmp	hit_call

call_carries:
	sub	$CALL_PAD, SP
	call	hit_carries
	add	$(64 + CALL_PAD), SP
	ret

/* What a debugger steps through; it sets the registers. */
steps_begin:
	mov	$5, ARG_32
step_call:
	call	hit_nop
	call	hit_xol
step_jmp:
	jmp	1f
	nop
1:	call	hit_push
	test	SP, SP
step_not_taken:
	jz	2f
step_taken:
	jnz	2f
	nop
2:	mov	$2, %ecx
3:	nop
step_loop:
	loop	3b
step_to_next:
	call	4f
4:	pop	AX
	add	$(5f - 4b), AX
/* A prefix, even one without effect: this is not emulated. */
step_indirect:
	.byte	0x65
	jmp	*AX
	nop
5:	mov	$5, ARG_32
	call	hit_xol
steps_end:
	jmp	steps_end

/* Makes such a walk with the trap flag set, and returns without it. */
walk_stepped:
	pushf
	orl	$TF, (SP)
	popf
	mov	$5, ARG_32
	call	hit_nop
	call	hit_xol
	call	hit_push
	call	hit_xol
	pushf
	andl	$~TF, (SP)
	popf
	ret

/* A breakpoint that belongs to the program. */
foreign_int3:
	int3
	ret

/* Code that works at any address, for files made by the tests. */
code_begin:
	imul	$3, ARG, AX
code_second:
	.fill	24, 1, 0x90
	ret
code_end:

/* The same with an instruction that every kernel refuses to probe. */
refused_begin:
	mov	%ss, %ecx
refused_insn:
	mov	%ecx, %ss
	lea	(ARG, ARG, 2), AX
	ret
refused_end:

	.section .note.GNU-stack, "", @progbits
