#include <linux/khugepaged.h>

int vma_adjust(struct vm_area_struct *vma, struct vm_area_struct *insert)
{
	struct vm_area_struct *next = made_up_next(vma);
	struct address_space *mapping = NULL;
	struct file *file = vma->vm_file;
	void *root = NULL;
	long adjust_next = 0;

	if (file) {
		mapping = file->f_mapping;
		root = made_up_root(mapping);
		mutex_lock(&mapping->i_mmap_mutex);
	}

	made_up_move(vma, next, &adjust_next);

	if (mapping)
		mutex_unlock(&mapping->i_mmap_mutex);

	if (made_up_swallowed(next)) {
		if (file) {
			fput(file);
			made_up_close(next);
		}
	}

	validate_mm(vma->vm_mm);
	return 0;
}

unsigned long mmap_region(struct file *file, unsigned long addr)
{
	struct vm_area_struct *vma = made_up_map(file, addr);

	perf_event_mmap(vma);
	return vma->vm_start;
}
