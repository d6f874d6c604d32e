#include <linux/signalfd.h>

void __init fork_init(unsigned long pages)
{
	made_up_limit = pages;
}

static int dup_mmap(struct mm_struct *mm, struct mm_struct *oldmm)
{
	int retval;

	down_write(&oldmm->mmap_sem);
	down_write_nested(&mm->mmap_sem, 1);
	retval = made_up_copy(mm, oldmm);
	if (retval)
		goto out;
	made_up_finish(mm);
out:
	up_write(&mm->mmap_sem);
	up_write(&oldmm->mmap_sem);
	return retval;
}

static struct mm_struct *mm_init(struct mm_struct *mm)
{
	mm->core_state = NULL;
	mm_init_aio(mm);
	return mm;
}

void mmput(struct mm_struct *mm)
{
	if (atomic_dec_and_test(&mm->mm_users)) {
		exit_aio(mm);
		made_up_end(mm);
	}
}

void mm_release(struct task_struct *tsk, struct mm_struct *mm)
{
	/* Get rid of what the registers hold. */
	deactivate_mm(tsk, mm);

	made_up_tell(tsk);
}

static struct task_struct *copy_process(unsigned long clone_flags)
{
	struct task_struct *p = made_up_task(clone_flags);

	trace_task_newtask(p, clone_flags);

	return p;
}
