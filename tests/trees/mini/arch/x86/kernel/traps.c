// SPDX-License-Identifier: GPL-2.0-only
#include <asm/processor.h>

/*
 * A task's thread.trap_nr is what a signal handler sees; trap_nr alone is a
 * parameter.
 */
static int do_trap_no_signal(struct task_struct *tsk, int trap_nr)
{
	if (trap_nr > 31)
		return -1;

	tsk->thread.trap_nr = trap_nr;
	current->thread . trap_nr = trap_nr;
	pr_info("thread.trap_nr of %d is %d\n", tsk->pid, trap_nr);
	return 0;
}

static void fill_context(struct sigcontext *sc)
{
	sc->trap_nr = current->thread.trap_nr;
}

static void by_pointer(struct task_struct *tsk)
{
	struct thread_struct *t = &tsk->thread, *prev = NULL;

	t->trap_nr = 1;
	prev->trap_nr = t->trap_nr;
}

static void by_parameter(struct thread_struct *info, struct sigcontext *sc)
{
	info->trap_nr = sc->trap_nr;
}

extern void prototype_only(struct thread_struct *fi);

static void same_name(struct faultinfo *fi, struct sigcontext *t)
{
	fi->trap_nr = t->trap_nr;
}

static int place_of_member(void)
{
	return offsetof(struct thread_struct, trap_nr) + offsetof(struct sigcontext, trap_nr);
}
