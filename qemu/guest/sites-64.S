/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sites in 64-bit code, for 64-bit programs and for x32 ones.
 */
#include "site-macros.h"

/* A word of memory in site_data, addressed relative to the next instruction. */
#define DATA(n)		site_data + (n)(%rip)

	.text

/* 49 90 is an exchange, not a NOP. */
	one	xchg-r8-rax, 49-90, .byte 0x49, 0x90

	one	endbr, endbr64, endbr64

/* The stack. */

	.irp	reg, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, \
		r8, r9, r10, r11, r12, r13, r14, r15
	one	push-reg, \reg, push %\reg
	.endr

	one	push-reg, ax, push %ax
	one	push-imm, imm8, push $-2
	one	push-imm, imm32, push $0x12345678

	site	push-mem, base
	lea	DATA(24), %rdi
	probe
	push	(%rdi)
	done

	one	push-mem, rip, push DATA(40)

/* The address is computed before rsp changes. */
	one	push-mem, rsp, push 16(%rsp)

	.irp	reg, rax, rcx, rdx, rbx, rbp, rsi, rdi, \
		r8, r9, r10, r11, r12, r13, r14, r15
	one	pop-reg, \reg, pop %\reg
	.endr

	site	pop-reg, rsp
	lea	site_stack + 256(%rip), %rax
	push	%rax
	probe
	pop	%rsp
	done

	one	pop-mem, rip, pop DATA(48)

/* The address is computed after rsp has changed. */
	one	pop-mem, rsp, pop 16(%rsp)

	site	frame, leave
	lea	site_stack + 512(%rip), %rbp
	probe
	leave
	done

	one	frame, enter, enter $16, $0
	one	frame, rsp-rbp, mov %rsp, %rbp
	one	frame, rbp-rsp, mov %rbp, %rsp
	one	frame, sub-imm8, sub $24, %rsp
	one	frame, sub-imm32, sub $0x118, %rsp

/*
 * pushf shows the trap flag of a single step if nothing is done about it; popf
 * must not undo what ends the step.
 */
	one	pushf, pushf, pushf

	site	popf, popf
	push	$0xad7
	probe
	popf
	done

/* Calls.  r14 gets the return address that the callee sees. */

	.macro	call_site name, variant, setup, insn:vararg
	site	"\name", "\variant"
	\setup
	probe
	\insn
	inc	%r15
	pad
	jmp	2f
	pad
1:	mov	(%rsp), %r14
	pad
	ret
	.pushsection .data
	.balign	8
3:	.quad	1b
	.popsection
2:	done
	.endm

	call_site call-rel32, forward, nop, call 1f

	site	call-rel32, backward
	jmp	2f
	pad
1:	mov	(%rsp), %r14
	pad
	ret
	pad
2:	nop
	probe
	call	1b
	inc	%r15
	done

/* Not a function call but "where am I". */
	site	call-rel32, next
	probe
	call	1f
1:	pop	%r14
	done

	call_site call-reg, rdi, "lea 1f(%rip), %rdi", call *%rdi
	call_site call-reg, r11, "lea 1f(%rip), %r11", call *%r11
	call_site call-mem, base, "lea 3f(%rip), %rsi", call *(%rsi)
	call_site call-mem, r13, "lea 3f(%rip), %r13", call *0x0(%r13)
	call_site call-mem, rip, nop, call *3f(%rip)
	call_site call-mem, rsp, "push 3f(%rip)", call *(%rsp)
	call_site call-mem, rsp-disp, "push 3f(%rip); push $1", call *8(%rsp)
/* gs has no base here; a segment's base is nothing that can be emulated. */
	call_site call-mem, gs, "lea 3f(%rip), %rsi", call *%gs:(%rsi)

/* Jumps through a register and through memory. */

	.macro	jump_site name, variant, setup, insn:vararg
	site	"\name", "\variant"
	\setup
	probe
	\insn
	mov	$1, %r15d
	pad
	jmp	2f
	pad
1:	mov	$2, %r15d
	pad
	.pushsection .data
	.balign	8
3:	.quad	1b
	.popsection
2:	done
	.endm

	jump_site jmp-reg, rax, "lea 1f(%rip), %rax", jmp *%rax
	jump_site jmp-reg, r12, "lea 1f(%rip), %r12", jmp *%r12
	jump_site jmp-mem, rbx, "lea 3f(%rip), %rbx", jmp *(%rbx)
	jump_site jmp-mem, rip, nop, jmp *3f(%rip)

/* Returns, and the branches that count. */

	jump_site ret, c3, "lea 1f(%rip), %rax; push %rax", ret
	jump_site ret, rep, "lea 1f(%rip), %rax; push %rax", rep ret
	jump_site ret, 24, "lea 1f(%rip), %rax; push %rax", ret $24
	jump_site loop, jrcxz, "xor %ecx, %ecx", jrcxz 1f
	jump_site loop, jrcxz-not, "mov $1, %ecx", jrcxz 1f
	jump_site loop, jecxz, "mov $1, %ecx; shl $32, %rcx", jecxz 1f
	jump_site loop, loop, "mov $2, %ecx", loop 1f
	jump_site loop, loop-not, "mov $1, %ecx", loop 1f
	jump_site loop, loope, "mov $2, %ecx; cmp %eax, %eax", loope 1f
	jump_site loop, loopne-not, "mov $2, %ecx; cmp %eax, %eax", loopne 1f

	site	loop, itself, hits=5
	mov	$5, %ecx
1:	probe
	loop	1b
	done

/*
 * Operands that end where their page does: a byte more, and it is a fault.
 */
	.macro	at_end variant, distance, insn:vararg
	site	edge-page, \variant
	lea	site_guard - \distance(%rip), %rsp
	probe
	\insn
	done
	.endm

	at_end	push, 0, push %rdx
	at_end	push-imm, 0, push $0x12345678
	at_end	pushf, 0, pushf
	at_end	pushfw, 0, pushfw
	at_end	pop, 8, pop %rdx
	at_end	byte, 1, movzbl (%rsp), %eax
	at_end	word, 2, movzwl (%rsp), %eax
	at_end	long, 4, mov (%rsp), %eax
	at_end	quad, 8, mov (%rsp), %rax
	at_end	store, 1, mov %dl, (%rsp)
	at_end	add, 4, add %edx, (%rsp)
	at_end	lock-add, 4, lock add %edx, (%rsp)

	site	edge-page, call
	lea	site_guard(%rip), %rsp
	probe
	call	1f
1:	mov	(%rsp), %r14
	done

	site	edge-page, leave
	lea	site_guard - 8(%rip), %rbp
	probe
	leave
	done

	jump_site edge-page, ret, "lea 1f(%rip), %rax; lea site_guard(%rip), %rsp; push %rax", ret

/* The decoder keeps four prefixes: whichever of them counts, it counts. */
	one	prefixes, first, .byte 0x66, 0x26, 0x2e, 0x3e, 0x89, 0xc8
	one	prefixes, second, .byte 0x26, 0x66, 0x2e, 0x3e, 0x89, 0xc8
	one	prefixes, third, .byte 0x26, 0x2e, 0x66, 0x3e, 0x89, 0xc8
	one	prefixes, last, .byte 0x26, 0x2e, 0x3e, 0x66, 0x89, 0xc8
	one	prefixes, push, .byte 0x26, 0x2e, 0x3e, 0x66, 0x50
	one	prefixes, twice, .byte 0x66, 0x66, 0x2e, 0x2e, 0x3e, 0x66, 0x89, 0xc8

/* Plain work. */

	one	mov, r8-rdi, mov %r8, %rdi
	one	mov, imm32, mov $0x12345678, %eax
	one	mov, imm64, movabs $0x123456789abcdef0, %r9
	one	mov, simm32, mov $-5, %rbx
	one	mov, load, mov -8(%rsp), %rax
	one	mov, store, mov %rdx, -64(%rsp)
	one	mov, store-imm, movq $-3, -128(%rsp)
	one	mov, fs, mov %fs:0, %rax
	one	mov, second-byte, mov %ah, %bl
	one	mov, word, mov %dx, %si
	one	mov, cwtl, cwtl
	one	mov, cltq, cltq
	one	lea, "base-index", lea 0x123(%rdi, %rsi, 4), %r10
	one	lea, forward, lea DATA(8), %rsi
	one	lea, r13, lea DATA(16), %r13
	one	alu, add, add $0x1234, %rdx
	one	alu, add-rax, add $0x12345678, %rax
	one	alu, or, or %rsi, %rdx
	one	alu, neg, neg %r11
	one	alu, xor, xor %ebp, %ebp
	one	alu, mem, add %r11, DATA(16)
	one	alu, mem-unaligned, add %r11, DATA(17)
	one	alu, mem-16, sub %r11w, DATA(33)
	one	alu, imul, imul $3, %rdi, %rax
	one	alu, cmov, cmovc %r11, %rcx
	one	alu, cmov-not, cmovnc %r11d, %ecx
	one	alu, setc, setc %al
	one	alu, xchg, xchg %rbx, %r9
	one	alu, bswap, bswap %r10
	one	flags, cld, cld
	one	flags, std, std
	one	flags, cmc, cmc

/* Operands relative to rip: the copy is elsewhere, the operand is not. */

	one	rip-load, r64, mov DATA(8), %rax
	one	rip-load, r8, mov DATA(9), %dl
	one	rip-load, movzx, movzwl DATA(10), %ebp
	one	rip-load, movslq, movslq DATA(12), %r9
	one	rip-store, r64, mov %rcx, DATA(16)
	one	rip-store, imm32, movl $0x12345678, DATA(24)
	one	rip-store, imm8, movb $0x12, DATA(33)
	one	rip-alu, add-reg, add DATA(40), %r8
	one	rip-alu, add-mem, add %rdi, DATA(48)
	one	rip-alu, add-imm8, addl $5, DATA(56)
	one	rip-alu, cmp, cmp DATA(64), %rbx
	one	rip-alu, cmp-imm8, cmpb $0x7f, DATA(72)
	one	rip-alu, test-imm32, testl $0x10001, DATA(80)
	one	rip-alu, inc, incq DATA(88)
	one	rip-alu, not, notl DATA(96)
	one	rip-alu, or-byte, orb $0x12, DATA(97)
	one	rip-alu, add-word, addw $0x1234, DATA(98)
	one	rip-alu, setc, setc DATA(104)
	one	rip-alu, bts, btsl $7, DATA(108)
	one	rip-alu, imul, imul $0x1234, DATA(112), %rsi
	one	rip-xchg, xchg, xchg %rbx, DATA(120)
	one	rip-xchg, xadd, xadd %rsi, DATA(128)

	site	rip-lock, inc
	probe
	lock incl DATA(136)
	done

/* Each register as the other operand: a scratch register must not be it. */
	.irp	reg, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, \
		r8, r9, r10, r11, r12, r13, r14, r15
	one	rip-scratch-load, \reg, mov site_data + 144(%rip), %\reg
	.endr
	.irp	reg, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, \
		r8, r9, r10, r11, r12, r13, r14, r15
	one	rip-scratch-store, \reg, mov %\reg, site_data + 152(%rip)
	.endr

/* Operands that are not named: rax, rdx, rcx, rbx. */

	site	rip-div, div, undef=CF|PF|AF|ZF|SF|OF
	movl	$7, DATA(160)
	mov	$1000, %eax
	xor	%edx, %edx
	probe
	divl	DATA(160)
	done

	site	rip-div, idivq, undef=CF|PF|AF|ZF|SF|OF
	movq	$-7, DATA(160)
	mov	$1000, %eax
	xor	%edx, %edx
	probe
	idivq	DATA(160)
	done

	site	rip-mul, mul, undef=PF|AF|ZF|SF
	probe
	mulq	DATA(168)
	done

	site	rip-mul, imul, undef=PF|AF|ZF|SF
	probe
	imull	DATA(168)
	done

	one	rip-cmpxchg, unequal, cmpxchg %rbx, DATA(176)

	site	rip-cmpxchg, equal
	mov	DATA(176), %rax
	probe
	cmpxchg	%rsi, DATA(176)
	done

	one	rip-cmpxchg8b, unequal, cmpxchg8b DATA(184)

	site	rip-cmpxchg8b, equal
	mov	DATA(184), %eax
	mov	DATA(188), %edx
	probe
	cmpxchg8b DATA(184)
	done

	one	rip-cmpxchg8b, unequal-16b, cmpxchg16b DATA(192)

	site	rip-cmpxchg8b, equal-16b
	mov	DATA(192), %rax
	mov	DATA(200), %rdx
	probe
	cmpxchg16b DATA(192)
	done

	site	rip-shift, shl-cl, undef=AF|OF
	mov	$5, %ecx
	probe
	shll	%cl, DATA(208)
	done

	site	rip-shift, sar-imm, undef=AF|OF
	probe
	sarq	$3, DATA(216)
	done

	site	rip-shift, shld-cl, undef=AF|OF
	mov	$9, %ecx
	probe
	shld	%cl, %rdx, DATA(224)
	done

	one	rip-sse, movups-load, movups DATA(232), %xmm3
	one	rip-sse, movdqu-store, movdqu %xmm12, DATA(248)
	one	rip-sse, pxor, pxor DATA(256), %xmm1
	one	rip-sse, cvtsi2sd, cvtsi2sdl DATA(272), %xmm2
	one	rip-sse, pshufd, pshufd $0x1b, DATA(288), %xmm9
	one	rip-sse, pshufb, pshufb DATA(288), %xmm4
	one	rip-sse, palignr, palignr $3, DATA(288), %xmm11
	one	rip-sse, psrldq, psrldq $3, %xmm5
	one	rip-sse, stmxcsr, stmxcsr DATA(304)

	site	rip-sse, fild-fistp
	fildl	DATA(308)
	probe
	fistpll	DATA(312)
	done

/* The rest does not depend on the size of a pointer: 64-bit programs only. */
#ifndef __ILP32__

/*
 * Each iteration is a step of its own and meets the breakpoint again, so a
 * probe counts iterations.
 */
	.macro	string name, variant, count, hits, insn:vararg
	site	"\name", "\variant", hits=\hits
	cld
	lea	DATA(320), %rsi
	lea	DATA(400), %rdi
	mov	$\count, %ecx
	probe
	\insn
	done
	.endm

	string	string, movsb, 16, 1, movsb
	string	string, stosq, 3, 3, rep stosq
	string	string, cmpsb, 16, 1, repe cmpsb
	string	rep-movsb, "16", 16, 16, rep movsb
	string	rep-movsb, "0", 0, 1, rep movsb

/* Where an instruction lies in its page. */

	.balign	4096
	.fill	4095, 1, 0x90
	site	page-last-byte, push
	probe
	push	%rdi
	done

	.balign	4096
	.fill	4095, 1, 0x90
	site	page-last-byte, cld
	probe
	cld
	done

	.balign	4096
	.fill	4093, 1, 0x90
	site	page-cross, rip-store
	probe
	movl	$0x12345678, DATA(24)
	done

	.balign	4096
	.fill	4095, 1, 0x90
	site	page-cross, call
	probe
	call	1f
	pad
1:	pop	%r14
	done

	.balign	4096
	.fill	4092, 1, 0x90
	site	page-cross, lea
	probe
	lea	0x12345678(%rdi), %rax
	done

/*
 * A function whose return is to be probed, and that has no stack: it cannot be
 * diverted, and is left alone.
 */
	.macro	no_stack variant, sp:vararg
	site	return-no-stack, "\variant", hits=0, kind=SITE_RUN|SITE_RETURN
	mov	%rsp, %rbx
	\sp
	jmp	1f
	pad
	probe
1:	mov	$1, %ebp
	pad
	mov	%rbx, %rsp
	done
	.endm

	no_stack unmapped, mov $4096, %esp
	no_stack read-only, lea site_exit(%rip), %rsp

/* Faults: the program must be told what it would be told unprobed. */

	.macro	fault name, variant, signo, setup, insn:vararg
	site	"\name", "\variant", signo=\signo
	\setup
	probe
	\insn
	done
	.endm

#define ILL	4
#define FPE	8
#define SEGV	11

	fault	fault-load, low, SEGV, "mov $16, %eax", mov (%rax), %rcx
	fault	fault-load, non-canonical, SEGV, "mov $1, %eax; ror $1, %rax", \
		mov (%rax), %rcx
	fault	fault-load, alu, SEGV, "mov $16, %eax", add (%rax), %rcx
	fault	fault-load, pop, SEGV, "mov $4096, %esp", pop %rax
	fault	fault-load, ret, SEGV, "mov $4096, %esp", ret
	fault	fault-load, push-mem, SEGV, "mov $16, %eax", push (%rax)
	fault	fault-store, low, SEGV, "mov $16, %eax", mov %rcx, (%rax)
	fault	fault-store, rip-read-only, SEGV, nop, \
		mov %rcx, site_exit(%rip)
	fault	fault-store, pop-mem, SEGV, "push $5; mov $16, %eax", pop (%rax)
	fault	fault-store, push, SEGV, "mov $4096, %esp", push %rax
	fault	fault-store, call-rel32, SEGV, "mov $4096, %esp", call site_exit
	fault	fault-store, call-reg, SEGV, "mov $4096, %esp", call *%rax
	fault	fault-jump, jmp-reg, SEGV, "mov $64, %eax", jmp *%rax
	fault	fault-jump, not-canonical, SEGV, "mov $1, %eax; shl $62, %rax", \
		jmp *%rax
	fault	fault-div, by-zero, FPE, "xor %ecx, %ecx", div %ecx
	fault	fault-div, rip-by-zero, FPE, "movl $0, site_data+8(%rip)", divl DATA(8)
	fault	fault-div, overflow, FPE, "mov $1, %ecx; mov $1, %edx", \
		div %ecx

	site	fault-ud2, ud2, signo=ILL
	probe
	ud2
	done

/*
 * EVEX with a register that only APX has: what it means depends on the
 * processor, this one raises an exception.
 */
	site	fault-evex, r16, kind=SITE_EITHER, signo=ILL
	probe
	.byte	0x62, 0xf9, 0x7c, 0x48, 0x58, 0xc2
	done

	site	fault-trapno, load, kind=SITE_RUN|SITE_TRAPNO, signo=SEGV
	mov	$16, %eax
	probe
	mov	(%rax), %rcx
	done

	site	fault-trapno, non-canonical, kind=SITE_RUN|SITE_TRAPNO, signo=SEGV
	mov	$1, %eax
	ror	$1, %rax
	probe
	mov	(%rax), %rcx
	done

/*
 * VEX: the opcode byte after the prefix means something else in the one-byte
 * table, which is what the tests are named after.
 */
	.macro	avx_with flags, name, variant, insn:vararg
	site	"avx-\name", "\variant", kind=SITE_RUN|SITE_AVX\flags
	probe
	\insn
	done
	.endm

	.macro	avx name, variant, insn:vararg
	avx_with "", \name, \variant, \insn
	.endm

	avx	as-jcc, vzeroupper, vzeroupper
	avx	as-jcc, vzeroall, vzeroall
	avx	as-jcc, vpshufd, vpshufd $0x1b, %ymm5, %ymm6
	avx_with |SITE_YOUNG, as-jcc, vpsrld, vpsrld $3, %ymm1, %ymm2
	avx_with |SITE_YOUNG, as-jcc, vpslldq, vpslldq $3, %ymm1, %ymm2
	avx	as-jcc, vpcmpeqb, vpcmpeqb %ymm1, %ymm2, %ymm3
	avx	as-jcc, vhaddpd, vhaddpd %ymm1, %ymm2, %ymm3
	avx	as-jcc, vmovq, vmovq %xmm1, %rax
	avx	as-jcc, vmovdqu-store, vmovdqu %ymm4, DATA(8)
	avx	as-jmp, vpor, vpor %ymm1, %ymm2, %ymm3
	avx	as-jmp, vpsubsw, vpsubsw %ymm1, %ymm2, %ymm3
	avx	as-call, vpsubsb, vpsubsb %ymm1, %ymm2, %ymm3
	avx	as-popf, vfnmadd, vfnmadd132ss %xmm1, %xmm2, %xmm3
	avx	as-ret, vcmpps, vcmpps $1, %ymm1, %ymm2, %ymm3
	avx	as-itself, vpxor, vpxor %ymm1, %ymm2, %ymm3
	avx	as-itself, vpaddq, vpaddq %ymm9, %ymm10, %ymm11
	avx	as-itself, vmovdqu-load, vmovdqu DATA(8), %ymm4
	avx	as-itself, vfmadd, vfmadd132ss %xmm1, %xmm2, %xmm3
	avx	as-itself, vpalignr, vpalignr $3, %ymm1, %ymm2, %ymm3
	avx	as-itself, vbroadcastss, vbroadcastss DATA(64), %ymm8
	avx	bmi, mulx, mulx DATA(72), %rsi, %rdi
	avx	bmi, andn, andn DATA(80), %rbx, %rsi
	avx	bmi, shlx, shlx %rdi, DATA(88), %rsi
	avx	bmi, shlx-rdi, shlx %rsi, DATA(96), %rdi

/*
 * About the system. With UMIP the kernel executes the first ones in place of
 * the processor, and no debug exception follows.
 */
	one	system, smsw, smsw %eax
	one	system, smsw-mem, smsw DATA(8)
	one	system, sldt, sldt %eax
	one	system, str, str %eax

	site	system, lar, undef=0
	mov	%cs, %ecx
	probe
	lar	%ecx, %eax
	done

	site	system, lsl
	mov	%cs, %ecx
	probe
	lsl	%ecx, %eax
	done

	site	system, verw
	mov	%ds, DATA(24)
	probe
	verw	DATA(24)
	done

	site	system, xgetbv
	xor	%ecx, %ecx
	probe
	xgetbv
	done

	site	system, rdtscp
	probe
	rdtscp
	xor	%eax, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	done

	one	system, bndmov, .byte 0x66, 0x0f, 0x1b, 0x06

/* What must be refused. */

	.macro	refuse name, variant, insn:vararg
	site	"refuse-\name", "\variant", kind=SITE_REFUSE
	probe
	\insn
	done
	.endm

	refuse	hlt, hlt, hlt
	refuse	cli, cli, cli
	refuse	cli, sti, sti
	refuse	in, in, in $0x80, %al
	refuse	in, in-dx, in (%dx), %eax
	refuse	in, insb, insb (%dx), (%rdi)
	refuse	out, out, out %al, $0x80
	refuse	out, outsb, outsb (%rsi), (%dx)
	refuse	int, int-0x80, int $0x80
	refuse	int, icebp, .byte 0xf1
	refuse	iret, iretq, iretq
	refuse	mov-ss, mov-ss, mov %eax, %ss
	refuse	syscall, syscall, syscall
	refuse	sysenter, sysenter, sysenter
	refuse	far, ljmp, ljmp *(%rax)
	refuse	far, lcall, lcall *(%rax)
	refuse	jmp-66, jmp-66, .byte 0x66, 0xeb, 0x00

	site	refuse-int3, only, kind=SITE_NEVER
	probe
	int3
	done

#endif /* __ILP32__ */

	.section .note.GNU-stack, "", @progbits
