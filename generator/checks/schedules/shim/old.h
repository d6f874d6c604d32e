/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OLD_H
#define OLD_H
/* What a kernel of 3.3 calls otherwise */
#define atomic_t			refcount_t
#define atomic_inc			refcount_inc
#define UPROBE_BP_INSN			UPROBE_SWBP_INSN
#define UPROBE_BP_INSN_SIZE		UPROBE_SWBP_INSN_SIZE
#define uprobe_pre_sstep_notifier	uprobe_pre_bp_notifier
#define uprobe_post_sstep_notifier	uprobe_post_bp_notifier
#define set_bp				set_swbp
#define vma_inode(vma)			file_inode((vma)->vm_file)
#define get_user_pages(...)		(-EFAULT)
struct notifier_block;
#endif
