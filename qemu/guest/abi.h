/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two kinds of code name differently: registers, and how a function
 * gets its argument.  Included from C and from assembler.
 */
#ifndef ABI_H
#define ABI_H

#ifdef __ASSEMBLER__

# ifdef __i386__
#  define AX		%eax
#  define CX		%ecx
#  define SP		%esp
#  define BP		%ebp
#  define ARG		%eax
#  define ARG_32	%eax
/* The stack is aligned for a call after so many bytes and a return address. */
#  define CALL_PAD	12
#  define WORD		4
# else
#  define AX		%rax
#  define CX		%rcx
#  define SP		%rsp
#  define BP		%rbp
#  define ARG		%rdi
#  define ARG_32	%edi
#  define CALL_PAD	8
#  define WORD		8
# endif

#else /* __ASSEMBLER__ */

# ifdef __i386__
/* The functions of hits.S have their argument in a register. */
#  define HIT_ABI	__attribute__((regparm(1)))
#  define REG_IP	REG_EIP
#  define REG_ARG	REG_EAX
#  define USER_IP	eip
#  define USER_SP	esp
#  define USER_ARG	eax
#  define USER_AX	eax
#  define USER_SYSCALL	orig_eax
# else
#  define HIT_ABI
#  define REG_IP	REG_RIP
#  define REG_ARG	REG_RDI
#  define USER_IP	rip
#  define USER_SP	rsp
#  define USER_ARG	rdi
#  define USER_AX	rax
#  define USER_SYSCALL	orig_rax
# endif

#endif /* __ASSEMBLER__ */

#endif
