// SPDX-License-Identifier: GPL-2.0-only
#include <asm/processor.h>

#ifdef CONFIG_X86_32
int handle_vm86_trap(struct task_struct *tsk, int trap_nr)
{
	if (trap_nr == 3 || trap_nr == 1)
		return 0;
	tsk->thread.trap_nr = trap_nr;
	return 1;
}
#endif
