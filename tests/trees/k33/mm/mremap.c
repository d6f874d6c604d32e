#include <linux/mmu_notifier.h>

static unsigned long move_vma(struct vm_area_struct *vma,
			      unsigned long old_addr, unsigned long new_addr,
			      unsigned long old_len)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *new_vma;
	unsigned long flags = vma->vm_flags;

	new_vma = copy_vma(&vma, new_addr);

	move_page_tables(vma, old_addr, new_vma, new_addr, old_len);

	if (do_munmap(mm, old_addr, old_len) < 0)
		made_up_undo(vma);

	/* What was made up is accounted for. */
	if (flags & VM_ACCOUNT)
		made_up_account(vma, old_len);

	return new_addr;
}
