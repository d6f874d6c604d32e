#include <linux/completion.h>
#include <asm/page.h>

struct mm_struct {
	struct vm_area_struct	*mmap;
	int			made_up;
#ifdef CONFIG_MMU_NOTIFIER
	void			*mmu_notifier_mm;
#endif
};
