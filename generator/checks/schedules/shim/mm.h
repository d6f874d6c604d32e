/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MM_H
#define MM_H
/* What holds the series' own types, or takes them: after its header. */

struct mm_struct {
	struct uprobes_state uprobes_state;
	unsigned long flags;		/* MMF_... */
	atomic_t mm_users;
	struct rw_semaphore mmap_lock;
	struct vm_area_struct *mmap;	/* the first one */
	struct vm_area_struct code;	/* of the program, with the probes */
	struct vm_area_struct stack;
	struct vm_area_struct xol;
	const struct vm_special_mapping *xol_mapping;
	struct page *xol_page;
	unsigned int failures;		/* so many mappings cannot be made */
};

struct uprobe *get_uprobe(struct uprobe *uprobe);
struct uprobe *try_get_uprobe(struct uprobe *uprobe);
void put_uprobe(struct uprobe *uprobe);
struct uprobe *find_uprobe(struct inode *inode, loff_t offset);
struct uprobe *find_uprobe_rcu(struct inode *inode, loff_t offset);
struct uprobe *alloc_uprobe(struct inode *inode, loff_t offset,
			    loff_t ref_ctr_offset);
void erase_node(struct rb_node *node);
void consumer_del(struct uprobe *uprobe, struct uprobe_consumer *uc);
int register_for_each_vma(struct uprobe *uprobe, struct uprobe_consumer *new);
int remove_breakpoint(struct uprobe *uprobe, void *where, unsigned long vaddr);
bool vma_has_uprobes(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end);
void copy_from_page(struct page *page, unsigned long vaddr, void *to, int len);
#define uprobe_copy_from_page(...)	copy_from_page(__VA_ARGS__)
void copy_to_page(struct page *page, unsigned long vaddr, const void *from,
		  int len);
void delayed_uprobe_remove(struct uprobe *uprobe, struct mm_struct *mm);

/* What the core counts */
static __maybe_unused atomic_t uprobes_unmapped = { 1 };
static __maybe_unused seqcount_t uprobes_seqcount;
static __maybe_unused unsigned int uprobes_deleted;

/* A breakpoint can always be put into memory. */
#define prepare_uprobe(...)		0
#define insn_has_changed(...)		false
#define set_swbp(...)			0
#define set_bkpt(...)			0

#define filter_chain(...)		true
#define mutex_lock(lock)		((void)0)
#define mutex_unlock(lock)		((void)0)
#define uprobe_warn(t, message)		warn_user("failed to %s", message)

#endif
