#include <linux/timer.h>
#include <linux/sched.h>

static void made_up_trap(struct task_struct *task, int number)
{
	/* The handler wants to see trap_no. */
	task->thread.trap_no = number;
}

MADE_UP_ERROR(0, "divide error", FPE_INTDIV, regs->ip)
MADE_UP_ERROR(6, "invalid opcode", ILL_ILLOPN, regs->ip)

void math_error(struct pt_regs *regs, int number)
{
	struct siginfo info;

	info.si_addr = (void __user *)regs->ip;
	made_up_send(&info, number);
}
