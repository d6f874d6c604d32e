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
