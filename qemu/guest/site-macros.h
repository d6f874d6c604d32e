/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The assembler macros that sites are written with:
 *
 *	site	TEST, VARIANT [, hits=1, kind=SITE_RUN, undef=0, signo=0]
 *	...	what has to be set up
 *	probe
 *	...	the instruction
 *	...	what makes its effect visible
 *	done
 *
 * or, where one instruction is all there is to it, "one TEST, VARIANT, insn".
 *
 * Sites of the same TEST stand side by side and are reported together.  A site
 * starts with a pattern in all registers, on a stack of its own whose bytes
 * are compared afterwards, as are those of site_data.
 */
#include "site.h"

#ifdef __i386__
# define MEM(x)		x
# define R(x)		%e##x
# define PTR		.long
	.macro	word64 value
	.long	\value, 0
	.endm
#else
# define MEM(x)		x(%rip)
# define R(x)		%r##x
# define PTR		.quad
	.macro	word64 value
	.quad	\value
	.endm
#endif

/* Arithmetic flags, for "undef". */
#define CF		0x001
#define PF		0x004
#define AF		0x010
#define ZF		0x040
#define SF		0x080
#define OF		0x800

/*
 * Local labels: 770 the strings, 771 the entry, 772 the instruction.  Sites may
 * use one-digit labels.
 */
	.macro	site name, variant=only, hits=1, kind=SITE_RUN, undef=0, signo=0
	.pushsection .rodata.site_names, "a", @progbits
770:	.asciz	"\name"
779:	.asciz	"\variant"
	.popsection
	.pushsection site_table, "a", @progbits
	.balign	8
	word64	770b
	word64	779b
	word64	771f
	word64	772f
	word64	\hits
	word64	"\kind"
	word64	"\undef"
	word64	\signo
	.popsection
771:
	.endm

	.macro	probe
772:
	.endm

/*
 * The slot that an instruction is copied to may hold up to 15 bytes of what
 * follows it.  Whoever runs on inside the slot must not find a way out there:
 * more than that is nothing but one-byte NOPs.
 */
	.macro	pad
	.fill	24, 1, 0x90
	.endm

	.macro	done
	pad
	jmp	site_exit
	.endm

	.macro	one name, variant, insn:vararg
	site	"\name", "\variant"
	probe
	\insn
	done
	.endm
