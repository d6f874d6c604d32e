/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_X86_PROCESSOR_H
#define _ASM_X86_PROCESSOR_H

struct thread_struct {
	unsigned long		sp;
	/* Fault info: trap_nr is the exception. */
	unsigned long		cr2;
	unsigned long		trap_nr;
	unsigned long		error_code;
};

extern void note_trap(struct thread_struct *info, int trap_nr);

#endif
