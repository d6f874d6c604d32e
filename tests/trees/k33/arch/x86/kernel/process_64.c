#include <asm/pgtable.h>

int copy_thread(struct task_struct *child)
{
	if (test_thread_flag(TIF_IA32))
		return made_up_segment(child);
	return 0;
}

void made_up_personality(void)
{
	set_thread_flag(TIF_IA32);
}

unsigned long KSTK_ESP(struct task_struct *task)
{
	return test_tsk_thread_flag(task, TIF_IA32) ? made_up_sp(task) : 0;
}
