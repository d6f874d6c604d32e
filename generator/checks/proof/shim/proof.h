/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROOF_H
#define PROOF_H
/*
 * What arch/x86/kernel/uprobes.c and the instruction decoder need of the
 * kernel, for user space. This header is included in front of every file;
 * the headers that those files ask for are empty.
 *
 * One task is enough. Its memory is the emulator's: see struct proof_memory.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef u64 __u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define __init
#define __user
#ifndef __always_inline
#define __always_inline		inline __attribute__((__always_inline__))
#endif
#ifdef OLD_KERNEL
# define fallthrough		do { } while (0)
#else
# define fallthrough		__attribute__((__fallthrough__))
#endif
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define BUILD_BUG()		__builtin_trap()

/* The only option that is asked for is CONFIG_X86_64. */
#define IS_ENABLED(option)	1

/* This is for x86 itself: little endian, and unaligned access is fine. */
#define le16_to_cpu(x)		(x)
#define le32_to_cpu(x)		(x)
#define get_unaligned(p)						\
({									\
	__typeof__(*(p)) v;						\
									\
	memcpy(&v, (p), sizeof(v));					\
	v;								\
})

/* Of the ELF header of a file */
#define EM_386			3
#define EM_X86_64		62

/* Where the C keeps what is about a mode: 64-bit code comes first. */
#define PROOF_MODE(x86_64)	((x86_64) ? 0 : 1)

struct list_head {
	struct list_head *next, *prev;
};

struct notifier_block;

/* Registers, in the order of the kernel's exception frame */
struct pt_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long cs;
	unsigned long flags;
	unsigned long sp;
	unsigned long ss;
};

#define X86_EFLAGS_CF		0x001
#define X86_EFLAGS_PF		0x004
#define X86_EFLAGS_AF		0x010
#define X86_EFLAGS_ZF		0x040
#define X86_EFLAGS_SF		0x080
#define X86_EFLAGS_TF		0x100
#define X86_EFLAGS_RF		0x10000
#define X86_EFLAGS_OF		0x800
#define X86_EFLAGS_AC		0x40000

#define __USER_DS		0x2b
#define TASK_SIZE_MAX		0x7ffffffff000UL
#define DR_GLOBAL_ENABLE_MASK	0xaa

/* Its segments are flat, and no address is watched. */
#define savesegment(seg, value)	((value) = __USER_DS)
#define raw_cpu_read(variable)	0
#define __this_cpu_read(variable)	0

#define BITS_PER_LONG		64
#define BIT(nr)			(1UL << (nr))
#define hweight8(value)		__builtin_popcount((u8)(value))

#ifndef OLD_KERNEL
static inline s64 sign_extend64(u64 value, int index)
{
	return (s64)(value << (63 - index)) >> (63 - index);
}
#endif

/* The shadow stack: its last frame, and whether that can be written */
struct proof_shstk {
	bool enabled;
	bool broken;
	unsigned long last;
};

extern struct proof_shstk proof_shstk;

/* Where functions return to whose return is probed */
extern unsigned long proof_trampoline;

static inline bool shstk_is_enabled(void)
{
	return proof_shstk.enabled;
}

static inline int shstk_update_last_frame(unsigned long word)
{
	if (!proof_shstk.enabled)
		return 0;
	if (proof_shstk.broken)
		return -EFAULT;
	proof_shstk.last = word;
	return 0;
}

#ifdef OLD_KERNEL
struct mm_struct {
	struct {
		bool ia32_compat;
	} context;
};

# define PROOF_MM(x86_64)	{ .context = { .ia32_compat = !(x86_64) } }
#else
struct mm_struct {
	bool is_64bit;
	unsigned long mmap_base;
	unsigned long mmap_legacy_base;
	unsigned long start_code;
	unsigned long brk;
	struct {
		void *head_tramps;
	} uprobes_state;
};

# define PROOF_MM(x86_64)	{ .is_64bit = (x86_64) }
#endif

struct uprobe_task;

struct thread_info {
	unsigned long status;
	unsigned long syscall_work;
};

struct task_struct {
	struct thread_info thread_info;
	struct uprobe_task *utask;
	struct mm_struct *mm;
	struct pt_regs *regs;
	struct {
		unsigned long trap_nr;
		unsigned long error_code;
		union {
			unsigned long virtual_dr6;
			unsigned long debugreg6;	/* in older kernels */
		};
	} thread;
	bool x86_64;
	bool blockstep;
};

extern struct task_struct proof_task;
#define current			(&proof_task)
#define READ_ONCE(x)		(x)
#define current_thread_info()	(&proof_task.thread_info)

#define SYSCALL_WORK_SYSCALL_TRACE	(1UL << 2)

#define TIF_NOTIFY_RESUME	1
#define TIF_RSEQ		2
#define TIF_BLOCKSTEP		25
#define test_thread_flag(flag)	((flag) == TIF_BLOCKSTEP && current->blockstep)

#ifndef OLD_KERNEL
static inline bool is_64bit_mm(struct mm_struct *mm)
{
	return mm->is_64bit;
}
#endif

static inline bool is_32bit_app(struct task_struct *t)
{
	return !t->x86_64;
}

#define user_64bit_mode(regs)	(current->x86_64)
/* Asked by perf alone, of a kernel that has it beside its uprobes. */
#define is_endbr(p)		(*(p) == 0xfa1e0ff3)

#ifdef OLD_KERNEL
# define set_tsk_thread_flag(t, flag)	((t)->blockstep = true)
# define clear_tsk_thread_flag(t, flag)	((t)->blockstep = false)
# define preempt_disable()	do { } while (0)
# define preempt_enable()	do { } while (0)
# define DEBUGCTLMSR_BTF	2
# define get_debugctlmsr()	0
# define update_debugctlmsr(msr)	((void)(msr))
#else
static inline void set_task_blockstep(struct task_struct *t, bool on)
{
	t->blockstep = on;
}
#endif

/* User memory. Both return 0, or something else where there is no memory. */
struct proof_memory {
	int (*read)(unsigned long from, void *to, unsigned long size);
	int (*write)(unsigned long to, const void *from, unsigned long size);
};

extern struct proof_memory proof_memory;

/* An emulation must not sleep; what is left of that is counted. */
struct proof_sleep {
	bool in_emulation;
	int page_faults_off;
	unsigned int count;
};

extern struct proof_sleep proof_sleep;

static inline void proof_may_sleep(void)
{
	if (proof_sleep.in_emulation && !proof_sleep.page_faults_off)
		proof_sleep.count++;
}

static inline unsigned long copy_to_user(void __user *to, const void *from,
					 unsigned long size)
{
	proof_may_sleep();
	return proof_memory.write((unsigned long)to, from, size) ? size : 0;
}

static inline unsigned long copy_from_user(void *to, const void __user *from,
					   unsigned long size)
{
	proof_may_sleep();
	return proof_memory.read((unsigned long)from, to, size) ? size : 0;
}

#define get_user(x, p)							\
({									\
	__typeof__(*(p)) v = 0;						\
	int err = copy_from_user(&v, (p), sizeof(v)) ? -EFAULT : 0;	\
									\
	(x) = v;							\
	err;								\
})

#define put_user(x, p)							\
({									\
	__typeof__(*(p)) v = (x);					\
									\
	copy_to_user((p), &v, sizeof(v)) ? -EFAULT : 0;			\
})

/* Behind access_ok(), with page faults disabled or not */
#define __get_user(x, p)	get_user(x, p)
#define __put_user(x, p)	put_user(x, p)

static inline void pagefault_disable(void)
{
	proof_sleep.page_faults_off++;
}

static inline void pagefault_enable(void)
{
	proof_sleep.page_faults_off--;
}

#define PROOF_ACCESS_OK(p, size)					\
	((unsigned long)(p) + (size) <= TASK_SIZE_MAX)
#ifdef OLD_KERNEL
# define access_ok(type, p, size)	PROOF_ACCESS_OK(p, size)
#else
# define access_ok(p, size)	PROOF_ACCESS_OK(p, size)
#endif

#define user_read_access_begin(p, size)	access_ok(p, size)
#define user_write_access_begin(p, size)	access_ok(p, size)
#define user_read_access_end()		do { } while (0)
#define user_write_access_end()		do { } while (0)
#define unsafe_get_user(x, p, label)					\
do {									\
	if (copy_from_user(&(x), (p), sizeof(x)))			\
		goto label;						\
} while (0)
#define unsafe_put_user(x, p, label)					\
do {									\
	if (put_user(x, p))						\
		goto label;						\
} while (0)

/*
 * There is no other task, and the value is still there; or it is the proof
 * that is the other task, and has changed it in between.
 */
extern bool proof_raced;
extern unsigned int proof_races;

#define __try_cmpxchg_user(p, old, new, label)				\
	(proof_raced ? (int)(proof_races++, (void)(old), 1) :		\
	 put_user(new, p) ? -EFAULT : 0)

#define X86_TRAP_BP		3
#define TRAP_TRACE		2
#define TRAP_HWBKPT		4
#define DR_TRAP_BITS		0xf
#define DR_STEP			0x4000
#ifdef OLD_KERNEL
# define send_sigtrap(task, regs, error_code, si_code)			\
	proof_sigtrap(si_code)
#else
# define send_sigtrap(regs, error_code, si_code)	proof_sigtrap(si_code)
#endif
void proof_sigtrap(int si_code);

static inline int get_si_code(unsigned long dr6)
{
	return dr6 & DR_STEP ? TRAP_TRACE : TRAP_HWBKPT;
}

/* Nothing comes in between. */
#define local_irq_disable()	do { } while (0)
#define local_irq_enable()	do { } while (0)

#define PAGE_SIZE		4096UL
#define offset_in_page(p)	((unsigned long)(p) & (PAGE_SIZE - 1))

/* For functions that need a kernel to be tried: they are compiled only. */
#define read_thread_flags()	0UL
#define _TIF_SIGPENDING		(1UL << 3)
#define _TIF_NOTIFY_SIGNAL	(1UL << 4)
#define _TIF_NOTIFY_RESUME	(1UL << TIF_NOTIFY_RESUME)
#define TASK_SIZE_LOW		0x7ffffffff000UL
#define PAGE_ALIGN(addr)	(addr)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define clamp(a, low, high)	min(max(a, low), high)
#define mmap_min_addr		PAGE_SIZE
#define container_of(ptr, type, member)					\
	((type *)((char *)(ptr) - offsetof(type, member)))
#define memcpy_to_page(page, offset, from, len)				\
	memcpy((char *)(page) + (offset), from, len)
#define stack_guard_gap		(256 * PAGE_SIZE)
#define RLIMIT_STACK		3
#define rlimit(limit)		0UL
#define VM_UNMAPPED_AREA_TOPDOWN	1

struct vm_unmapped_area_info {
	unsigned long flags;
	unsigned long length;
	unsigned long low_limit;
	unsigned long high_limit;
	unsigned long align_mask;
};

static inline unsigned long
vm_unmapped_area(struct vm_unmapped_area_info *info)
{
	return -ENOMEM;
}

#define IS_ERR_VALUE(x)		((unsigned long)(x) >= -4095UL)

#ifdef OLD_KERNEL
# define __copy_from_user_inatomic(to, from, size)			\
	copy_from_user(to, from, size)
#else
static inline long copy_from_user_nofault(void *to, const void __user *from,
					  size_t size)
{
	return proof_memory.read((unsigned long)from, to, size) ? -EFAULT : 0;
}
#endif

static inline int on_sig_stack(unsigned long sp)
{
	return 0;
}

#define __NR_uretprobe		335
#define in_ia32_syscall()	0
#define SYSCALL_DEFINE0(name)	long sys_##name(void); long sys_##name(void)
#define task_pt_regs(task)	((task)->regs)
#define force_sig(...)		__builtin_trap()

enum die_val {
	DIE_INT3 = 2,
	DIE_DEBUG,
};

struct die_args {
	struct pt_regs *regs;
	long err;
};

#define NOTIFY_DONE		0
#define NOTIFY_STOP		0x8001
#define user_mode(regs)		(((regs)->cs & 3) == 3)
#define v8086_mode(regs)	0

#endif /* PROOF_H */
