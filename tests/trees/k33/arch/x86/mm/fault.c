static void made_up_fault(struct task_struct *task, struct faultinfo *info)
{
	task->thread.trap_no	= 14;
	info->trap_no		= 14;
}
