// SPDX-License-Identifier: GPL-2.0-only
static void note(struct task_struct *tsk)
{
	tsk->thread.trap_nr = 1;
}
