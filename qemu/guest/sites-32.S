/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sites in 32-bit code.
 */
#include "site-macros.h"

#define ILL	4
#define FPE	8
#define SEGV	11

	.text

	one	endbr, endbr32, endbr32

/* The stack: pushes are four bytes here, and 40 to 4f are no prefixes. */

	.irp	reg, eax, ecx, edx, ebx, esp, ebp, esi, edi
	one	push-reg, \reg, push %\reg
	.endr
	one	push-reg, ax, push %ax
	one	push-imm, imm8, push $-2
	one	push-imm, imm32, push $0x12345678
	one	push-mem, absolute, push site_data + 40
	one	push-mem, esp, push 16(%esp)

	.irp	reg, eax, ecx, edx, ebx, ebp, esi, edi
	one	pop-reg, \reg, pop %\reg
	.endr

	site	pop-reg, esp
	push	$site_stack + 256
	probe
	pop	%esp
	done

	one	pop-mem, absolute, pop site_data + 48
	one	pushall, pusha, pusha
	one	pushall, popa, popa

	site	frame, leave
	mov	$site_stack + 512, %ebp
	probe
	leave
	done

	one	frame, esp-ebp, mov %esp, %ebp
	one	frame, ebp-esp, mov %ebp, %esp
	one	frame, sub-imm8, sub $24, %esp
	one	pushf, pushf, pushf

	site	popf, popf
	push	$0xad7
	probe
	popf
	done

/* Calls, jumps, returns. */

	.macro	call_site name, variant, setup, insn:vararg
	site	"\name", "\variant"
	\setup
	probe
	\insn
	inc	%ebp
	pad
	jmp	2f
	pad
1:	mov	(%esp), %ebx
	pad
	ret
	.pushsection .data
	.balign	4
3:	.long	1b
	.popsection
2:	done
	.endm

	call_site call-rel32, forward, nop, call 1f

/* How position independent code finds itself. */
	site	call-rel32, next
	probe
	call	1f
1:	pop	%ebx
	done

	call_site call-reg, eax, "mov $1f, %eax", call *%eax
	call_site call-mem, absolute, nop, call *3f
	call_site call-mem, esi, "mov $3f, %esi", call *(%esi)
	call_site call-mem, esp, "push 3f", call *(%esp)

	.macro	jump_site name, variant, setup, insn:vararg
	site	"\name", "\variant"
	\setup
	probe
	\insn
	mov	$1, %ebp
	pad
	jmp	2f
	pad
1:	mov	$2, %ebp
	pad
	.pushsection .data
	.balign	4
3:	.long	1b
	.popsection
2:	done
	.endm

	jump_site jmp-reg, eax, "mov $1f, %eax", jmp *%eax
	jump_site jmp-mem, absolute, nop, jmp *3f
	jump_site ret, c3, "push $1f", ret
	jump_site ret, 24, "push $1f", ret $24
	jump_site loop, jecxz, "xor %ecx, %ecx", jecxz 1f
	jump_site loop, jecxz-not, "mov $1, %ecx", jecxz 1f
	jump_site loop, loop, "mov $2, %ecx", loop 1f
	jump_site loop, loop-not, "mov $1, %ecx", loop 1f

/*
 * Operands that end where their page does: a byte more, and it is a fault.
 */
	.macro	at_end variant, distance, insn:vararg
	site	edge-page, \variant
	mov	$site_guard - \distance, %esp
	probe
	\insn
	done
	.endm

	at_end	push, 0, push %edx
	at_end	push-imm, 0, push $0x12345678
	at_end	pushf, 0, pushf
	at_end	pushfw, 0, pushfw
	at_end	pop, 4, pop %edx
	at_end	byte, 1, movzbl (%esp), %eax
	at_end	word, 2, movzwl (%esp), %eax
	at_end	long, 4, mov (%esp), %eax
	at_end	store, 1, mov %dl, (%esp)
	at_end	add, 4, add %edx, (%esp)
	at_end	lock-add, 4, lock add %edx, (%esp)

	site	edge-page, call
	mov	$site_guard, %esp
	probe
	call	1f
1:	mov	(%esp), %ebx
	done

	site	edge-page, leave
	mov	$site_guard - 4, %ebp
	probe
	leave
	done

	jump_site edge-page, ret, "mov $site_guard, %esp; push $1f", ret

/* The decoder keeps four prefixes: whichever of them counts, it counts. */
	one	prefixes, first, .byte 0x66, 0x26, 0x2e, 0x3e, 0x89, 0xc8
	one	prefixes, second, .byte 0x26, 0x66, 0x2e, 0x3e, 0x89, 0xc8
	one	prefixes, third, .byte 0x26, 0x2e, 0x66, 0x3e, 0x89, 0xc8
	one	prefixes, last, .byte 0x26, 0x2e, 0x3e, 0x66, 0x89, 0xc8
	one	prefixes, push, .byte 0x26, 0x2e, 0x3e, 0x66, 0x50
	one	prefixes, twice, .byte 0x66, 0x66, 0x2e, 0x2e, 0x3e, 0x66, 0x89, 0xc8

/* Plain work. */

	one	mov, imm32, mov $0x12345678, %eax
	one	mov, load, mov -8(%esp), %eax
	one	mov, store, mov %edx, -64(%esp)
	one	mov, absolute-load, mov site_data + 8, %eax
	one	mov, absolute-store, mov %ecx, site_data + 16
	one	mov, gs, mov %gs:0, %eax
	one	lea, base-index, lea 0x123(%edi, %esi, 4), %ecx
	one	lea, absolute, lea site_data + 8, %esi
	one	alu, inc, .byte 0x43
	one	alu, dec, .byte 0x4f
	one	alu, daa, daa
	one	alu, xchg, xchg %ebx, %eax
	one	flags, cld, cld
	one	flags, std, std
	one	cmpxchg, unequal, cmpxchg %ebx, site_data + 176
	one	cmpxchg8b, unequal, cmpxchg8b site_data + 184

	site	div, absolute, undef=CF|PF|AF|ZF|SF|OF
	movl	$7, site_data + 160
	mov	$1000, %eax
	xor	%edx, %edx
	probe
	divl	site_data + 160
	done

	site	rep-movsb, "16", hits=16
	cld
	mov	$site_data, %esi
	mov	$site_data + 80, %edi
	mov	$16, %ecx
	probe
	rep movsb
	done

/* Faults. */

	.macro	fault name, variant, signo, setup, insn:vararg
	site	"\name", "\variant", signo=\signo
	\setup
	probe
	\insn
	done
	.endm

	fault	fault-load, low, SEGV, "mov $16, %eax", mov (%eax), %ecx
	fault	fault-load, ret, SEGV, "mov $4096, %esp", ret
	fault	fault-load, push-mem, SEGV, "mov $16, %eax", pushl (%eax)
	fault	fault-store, low, SEGV, "mov $16, %eax", mov %ecx, (%eax)
	fault	fault-store, push, SEGV, "mov $4096, %esp", push %eax
	fault	fault-store, call-rel32, SEGV, "mov $4096, %esp", call site_exit
	fault	fault-div, by-zero, FPE, "xor %ecx, %ecx", div %ecx

	site	fault-ud2, ud2, signo=ILL
	probe
	ud2
	done

/* What must be refused. */

	.macro	refuse name, variant, insn:vararg
	site	"refuse-\name", "\variant", kind=SITE_REFUSE
	probe
	\insn
	done
	.endm

	refuse	hlt, hlt, hlt
	refuse	cli, cli, cli
	refuse	in, in, in $0x80, %al
	refuse	int, int-0x80, int $0x80
	refuse	iret, iret, iret
	refuse	mov-ss, mov-ss, mov %eax, %ss
	refuse	mov-ss, pop-ss, pop %ss
	refuse	sysenter, sysenter, sysenter
	refuse	far, ljmp, ljmp $0x23, $site_exit
	refuse	far, lcall, lcall $0x23, $site_exit

	.section .note.GNU-stack, "", @progbits
