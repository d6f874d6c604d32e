/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_H
#define KERNEL_H
/*
 * What the series' part of kernel/events/uprobes.c needs of the kernel, for
 * threads in user space: see explore.h. Where another thread can come in
 * between is a step().
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "explore.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef u64 __u64;
typedef unsigned int gfp_t;
typedef unsigned long vm_flags_t;

#define __init
#define __user
#define __weak			__attribute__((__weak__))
#define __maybe_unused		__attribute__((__unused__))
#define noinline		__attribute__((__noinline__))
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define TASK_SIZE		0x7ffffffff000UL
#define GFP_KERNEL		0
#define GFP_USER		0

/* One slot beside the trampoline's: threads have to wait for it. */
#define UPROBE_XOL_SLOTS	2

#define container_of(p, type, member)					\
	((type *)((char *)(p) - offsetof(type, member)))

#define IS_ERR_VALUE(x)		((unsigned long)(x) >= -4095UL)
#define IS_ERR(p)		IS_ERR_VALUE(p)
#define PTR_ERR(p)		((long)(p))
#define ERR_PTR(error)		((void *)(long)(error))

#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)						\
do {									\
	*(volatile __typeof__(x) *)&(x) = (value);			\
	step("WRITE_ONCE(" #x ")");					\
} while (0)
#define smp_load_acquire(p)						\
({									\
	step("smp_load_acquire(" #p ")");				\
	READ_ONCE(*(p));						\
})
#define smp_store_release(p, value)					\
do {									\
	*(p) = (value);							\
	step("smp_store_release(" #p ")");				\
} while (0)
#define smp_rmb()		step("smp_rmb()")
#define smp_wmb()		step("smp_wmb()")
#define data_race(x)		(x)

#define WARN(condition, ...)						\
do {									\
	if (condition)							\
		fail("WARN: " #condition);				\
} while (0)
#define WARN_ON_ONCE(condition)						\
({									\
	bool wrong = (condition);					\
									\
	if (wrong)							\
		fail("WARN: " #condition);				\
	wrong;								\
})
#define pr_warn(...)			warn_user(__VA_ARGS__)
#define pr_warn_ratelimited(...)	warn_user(__VA_ARGS__)

/* The program is told something: wrong, unless the scenario expects it. */
void warn_user(const char *format, ...);

/* Lists, as the code walks them */

struct list_head {
	struct list_head *next, *prev;
};

#define list_empty(head)	((head)->next == (head))
#define list_for_each_entry_rcu(pos, head, member, held)		\
	for (check_held(held, #held),					\
	     pos = container_of((head)->next, __typeof__(*pos), member); \
	     &pos->member != (head);					\
	     step("next of the list"),					\
	     pos = container_of(pos->member.next, __typeof__(*pos), member))

void check_held(bool held, const char *what);

struct rb_node {
	bool used;
};

#define RB_EMPTY_NODE(node)	(!(node)->used)
#define RB_CLEAR_NODE(node)	((node)->used = false)
#define rb_erase(node, root)	erase_node(node)

struct rcu_head {
	unsigned long unused;
};

struct work_struct {
	unsigned long unused;
};

struct inode {
	unsigned long i_ino;
	unsigned int i_generation;
};

struct file {
	struct inode *inode;
};

#define file_inode(file)	((file)->inode)

/* Counters and bits */

typedef struct {
	int value;
} refcount_t;

#define refcount_inc(ref)						\
do {									\
	if ((ref)->value++ <= 0)					\
		fail("a reference to what is being freed");		\
} while (0)

#define atomic_read(v)		((v)->value)
#ifndef OLD_KERNEL	/* there it counts references */
typedef refcount_t atomic_t;
# define atomic_inc(v)							\
do {									\
	(v)->value++;							\
	step("atomic_inc(" #v ")");					\
} while (0)
#endif

/* A count that tells whether something was written meanwhile */
typedef unsigned int seqcount_t;

#define read_seqcount_begin(count)	(*(count))
#define read_seqcount_retry(count, begin)				\
({									\
	step("read_seqcount_retry(" #count ")");			\
	*(count) != (begin);						\
})
#define write_seqcount_begin(count)	(++*(count))
#define write_seqcount_end(count)	(++*(count))

/* No thread comes in between while it is held: nothing in it is a step(). */
#define spin_lock(lock)		step("spin_lock(" #lock ")")
#define spin_unlock(lock)	step("spin_unlock(" #lock ")")
#define write_lock(lock)	step("write_lock(" #lock ")")
#define write_unlock(lock)	step("write_unlock(" #lock ")")

#define DECLARE_BITMAP(name, bits)	unsigned long name[1]
#define __set_bit(bit, map)		(*(map) |= 1UL << (bit))
#define find_first_zero_bit(map, bits)					\
({									\
	unsigned long bit = __builtin_ctzl(~*(map));			\
									\
	step("find_first_zero_bit()");					\
	bit < (bits) ? bit : (bits);					\
})
#define test_bit(bit, map)		(!!(*(map) & 1UL << (bit)))
#define set_bit(bit, map)						\
do {									\
	*(map) |= 1UL << (bit);						\
	step("set_bit()");						\
} while (0)
#define clear_bit(bit, map)						\
do {									\
	*(map) &= ~(1UL << (bit));					\
	step("clear_bit()");						\
} while (0)

static inline bool test_and_set_bit(unsigned long bit, unsigned long *map)
{
	bool old = *map & 1UL << bit;

	*map |= 1UL << bit;
	step("test_and_set_bit()");
	return old;
}

/* Two accesses: another thread comes in between. */
static inline bool __test_and_set_bit(unsigned long bit, unsigned long *map)
{
	unsigned long old = *map;

	step("__test_and_set_bit()");
	*map = old | 1UL << bit;
	return old & 1UL << bit;
}

static inline bool test_and_clear_bit(unsigned long bit, unsigned long *map)
{
	bool old = *map & 1UL << bit;

	*map &= ~(1UL << bit);
	step("test_and_clear_bit()");
	return old;
}

/* Locks */

struct rw_semaphore {
	int readers;
	struct thread *writer;
};

void down_read(struct rw_semaphore *sem);
void up_read(struct rw_semaphore *sem);
void down_write(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);

/* Of RCU tasks trace */
void rcu_read_lock_trace(void);
void rcu_read_unlock_trace(void);
bool rcu_read_lock_trace_held(void);
void synchronize_rcu_tasks_trace(void);

/* Queues of tasks that wait */

typedef struct {
	struct thread *waiting[MAX_THREADS];
} wait_queue_head_t;

#define init_waitqueue_head(queue)	((void)(queue))

void prepare_to_wait(wait_queue_head_t *queue);
void finish_wait(wait_queue_head_t *queue);
void wait_until_woken(wait_queue_head_t *queue, bool interruptible);
bool wq_has_sleeper(wait_queue_head_t *queue);
void wake_up(wait_queue_head_t *queue);

#define __wait_event(queue, condition, interruptible, pending)		\
({									\
	int result = 0;							\
									\
	while (!(condition)) {						\
		prepare_to_wait(&(queue));				\
		if (condition)						\
			break;						\
		if (pending) {						\
			result = -EINTR;				\
			break;						\
		}							\
		wait_until_woken(&(queue), interruptible);		\
	}								\
	finish_wait(&(queue));						\
	result;								\
})
#define wait_event_killable(queue, condition)				\
	__wait_event(queue, condition, false, fatal_signal_pending(current))
#define wait_event_interruptible(queue, condition)			\
	__wait_event(queue, condition, true, signal_pending(current))
#define wait_event(queue, condition)					\
	((void)__wait_event(queue, condition, false, false))

/* Tasks */

struct pt_regs {
	unsigned long ip;
	unsigned long sp;
};

#define instruction_pointer(regs)		((regs)->ip)
#define instruction_pointer_set(regs, value)	((void)((regs)->ip = (value)))
#define user_stack_pointer(regs)		((regs)->sp)

struct task_struct {
	struct uprobe_task *utask;
	struct mm_struct *mm;
	struct pt_regs regs;
	const char *comm;
	int pid;
	unsigned long flags;		/* TIF_... */
	bool killed;
	unsigned int rcu_readers;
	unsigned int handled;		/* signals */
};

/* Which task the C runs in when no thread does */
extern struct task_struct idle_task;

#define current		(running ? running->task : &idle_task)

#define TIF_SIGPENDING	1
#define TIF_UPROBE	2

#define set_tsk_thread_flag(t, flag)	set_bit(flag, &(t)->flags)
#define clear_tsk_thread_flag(t, flag)	clear_bit(flag, &(t)->flags)
#define set_thread_flag(flag)		set_tsk_thread_flag(current, flag)
#define clear_thread_flag(flag)		clear_tsk_thread_flag(current, flag)
#define test_thread_flag(flag)		test_bit(flag, &current->flags)
#define signal_pending(t)		test_bit(TIF_SIGPENDING, &(t)->flags)
#define __fatal_signal_pending(t)	((t)->killed)
#define fatal_signal_pending(t)		(signal_pending(t) && (t)->killed)
#define task_pt_regs(t)			(&(t)->regs)

#define CLONE_VM	0x00000100
#define CLONE_VFORK	0x00004000

/* Signals that the C sends are faults of its own, or of the program. */
#define force_sig(number, ...)		fail("signal: " #number)
#define force_sig_fault(number, ...)	fail("signal: " #number)
#define SIGILL		4
#define SIGTRAP		5

/* Memory */

struct page {
	u8 data[PAGE_SIZE];
};

struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_pgoff;
	vm_flags_t vm_flags;
	struct file *vm_file;
	struct mm_struct *vm_mm;
	struct vm_area_struct *vm_next;	/* before there were maple trees */
};

struct vm_fault {
	struct page *page;
};

typedef unsigned int vm_fault_t;

struct vm_special_mapping {
	const char *name;
	vm_fault_t (*fault)(const struct vm_special_mapping *mapping,
			    struct vm_area_struct *vma, struct vm_fault *vmf);
	int (*mremap)(const struct vm_special_mapping *mapping,
		      struct vm_area_struct *vma);
	struct page **pages;
};

#define VM_WRITE	0x002
#define VM_EXEC		0x004
#define VM_MAYEXEC	0x040
#define VM_MAYSHARE	0x080
#define VM_IO		0x4000
#define VM_DONTCOPY	0x20000
#define VM_HUGETLB	0x400000

#define FOLL_FORCE	0x10
#define FOLL_NOFAULT	0x20
#define FOLL_SPLIT_PMD	0x40

#define MMF_HAS_UPROBES		19
#define MMF_RECALC_UPROBES	20

#define mm_flags_test(flag, mm)		test_bit(flag, &(mm)->flags)
#define mm_flags_set(flag, mm)		set_bit(flag, &(mm)->flags)
#define mm_flags_clear(flag, mm)	clear_bit(flag, &(mm)->flags)
#define mm_flags_test_and_clear(flag, mm)				\
	test_and_clear_bit(flag, &(mm)->flags)

struct vma_iterator {
	struct mm_struct *mm;
};

#define VMA_ITERATOR(name, of, from)	struct vma_iterator name = { of }
#define for_each_vma(iterator, vma)					\
	for (vma = &(iterator).mm->code; vma; vma = NULL)

void mmap_read_lock(struct mm_struct *mm);
void mmap_read_unlock(struct mm_struct *mm);
void mmap_write_lock(struct mm_struct *mm);
int mmap_write_lock_killable(struct mm_struct *mm);
void mmap_write_unlock(struct mm_struct *mm);
struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr);
unsigned long get_unmapped_area(struct file *file, unsigned long addr,
				unsigned long len, unsigned long pgoff,
				unsigned long flags);
int install_special_mapping(struct mm_struct *mm, unsigned long addr,
			    unsigned long len, vm_flags_t flags,
			    struct page **pages);
struct vm_area_struct *
_install_special_mapping(struct mm_struct *mm, unsigned long addr,
			 unsigned long len, vm_flags_t flags,
			 const struct vm_special_mapping *mapping);

#define get_page(page)		((void)(page))
#define put_page(page)		free_page(page)
#define alloc_page(gfp)		((struct page *)kzalloc(PAGE_SIZE, gfp))
#define page_address(page)	((void *)(page)->data)
#define flush_dcache_page(page)	((void)(page))

/* The code is never out of reach of a load. */
#define get_user_pages_remote(...)	(-EFAULT)
#define get_user_page_vma_remote(...)	ERR_PTR(-EFAULT)

#define struct_size(p, member, count)					\
	(offsetof(__typeof__(*(p)), member) + (count) * sizeof((p)->member[0]))

int copy_from_user_nofault(void *to, const void __user *from, size_t size);
void free_page(struct page *page);
void *kmalloc(size_t size, gfp_t gfp);
void *kzalloc(size_t size, gfp_t gfp);
void *krealloc(const void *old, size_t size, gfp_t gfp);
void *kmemdup(const void *from, size_t size, gfp_t gfp);
void kfree(const void *memory);

#endif
