#include <linux/gfp.h>

unsigned long unmap_vmas(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	for (; vma; vma = vma->vm_next) {
		if (vma->vm_flags & VM_ACCOUNT)
			made_up_account(vma);
		made_up_zap(vma);
	}
	return end;
}
