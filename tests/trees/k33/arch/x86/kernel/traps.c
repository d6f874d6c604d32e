#include <linux/sched.h>

static void made_up_trap(struct task_struct *task, int number)
{
	/* The handler wants to see trap_no. */
	task->thread.trap_no = number;
}
