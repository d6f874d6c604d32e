// SPDX-License-Identifier: GPL-2.0-only
static void set_signal_archinfo(struct task_struct *tsk)
{
	tsk->thread.trap_nr = 14;
	tsk->thread.cr2 = 0;
}
