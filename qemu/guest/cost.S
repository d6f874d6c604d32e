/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions whose probe is measured.  Each site is a function; the probed
 * instruction lies between .Lat and .Lend, what puts things right follows.
 */
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
	.quad	.Lname\@, .Lsite\@, .Lat\@, .Lend\@
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
	plain	endbr64, endbr64
	site	push, "", push %rbp
	pop	%rax
	ret
	site	push-r15, "", push %r15
	pop	%rax
	ret
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
	pop	%rax
	ret
	site	pop, "push %rbp", pop %rax
	ret
	site	leave, "push %rbp; mov %rsp, %rbp", leave
	ret
	site	call-reg, "lea cost_target(%rip), %rax", call *%rax
	ret
	site	jmp-reg, "lea cost_target(%rip), %rax", jmp *%rax
	plain	mov-reg, mov %rsp, %rax
	plain	mov-imm, mov $1, %eax
	plain	mov-load, mov 8(%rsp), %rax
	plain	mov-store, mov %rax, -64(%rsp)
	plain	mov-rip-load, mov cost_sites(%rip), %rax
	plain	movzx, movzbl %dil, %eax
	plain	movsxd, movslq %edi, %rax
	plain	lea, lea 8(%rdi), %rax
	plain	lea-rip, lea cost_sites(%rip), %rax
	plain	add, add $8, %rax
	site	sub-rsp, "", sub $24, %rsp
	add	$24, %rsp
	ret
	plain	and, and $-16, %rax
	plain	or, or %rdi, %rax
	plain	xor, xor %eax, %eax
	plain	cmp, cmp %rdi, %rax
	plain	cmp-load, cmpq $0, 8(%rsp)
	plain	test, test %rdi, %rdi
	plain	inc, inc %eax
	plain	shl, shl $3, %rax
	plain	setcc, setz %al
	plain	cmov, cmovz %rdi, %rax

/* What both step */
	plain	stepped-imul, imul %rdi, %rax
	plain	stepped-xadd, xadd %rax, %rdx
	plain	stepped-sse, pxor %xmm0, %xmm0
	plain	stepped-sse-rip, movdqa cost_sites(%rip), %xmm0

	.section .rodata.cost
	.quad	0, 0, 0, 0

	.text
cost_target:
	ret

	.section .note.GNU-stack, "", @progbits
