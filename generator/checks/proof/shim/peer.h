/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PEER_H
#define PEER_H
/*
 * What the unmodified base's uprobes.c needs beyond proof.h to be compiled for
 * user space. Its analysis gets called and nothing else of it: functions of the
 * kernel, test_bit() apart, are names that do nothing.
 */
#include "proof.h"

#define __packed			__attribute__((__packed__))
#define asmlinkage
#define __stringify_1(x)		#x
#define __stringify(x)			__stringify_1(x)
#define pr_warn_ratelimited(...)	do { } while (0)
#define pr_err(...)			do { } while (0)
#define pr_warn(...)			do { } while (0)
#define WARN_ON_ONCE(condition)		(condition)

/* Numbers that it mentions */
#define ERESTART			85
#define ENOTSUPP			524
#define SIGILL				4
#define SIGTRAP				5
#define SIGSEGV				11
#define SEND_SIG_PRIV			NULL
#define TIF_ADDR32			29
#define TS_COMPAT			2
#define TASK_SIZE			TASK_SIZE_MAX
#define IA32_PAGE_OFFSET		0xffffe000UL

#define BUG_ON(condition)		((void)(condition))
#define send_sig(...)			0
#define user_64bit_mode(regs)		true
#define test_tsk_thread_flag(...)	0
#define get_unmapped_area(...)		0

struct callback_head {
	void *next;
};

/* What probes that become calls name (6.18 and later); none of it is called. */
#define __ro_after_init
#define ____cacheline_aligned
#define PAGE_MASK			(~(PAGE_SIZE - 1))
#define CALL_INSN_OPCODE		0xe8
#define CALL_INSN_SIZE			5
#define __NR_uprobe			336
#define hlist_for_each_entry(at, head, member)			while (at)
#define hlist_for_each_entry_safe(at, next, head, member)	while (at)

/* 90 without REX.B, or 0f 1f */
#define insn_is_nop(insn)						\
	(((insn)->opcode.bytes[0] == 0x90 && !X86_REX_B((insn)->rex_prefix.value)) || \
	 ((insn)->opcode.bytes[0] == 0x0f && (insn)->opcode.bytes[1] == 0x1f))
#define set_bit(nr, bits)		(*(bits) |= BIT(nr))

enum {
	GFP_KERNEL, FOLL_FORCE, FOLL_SPLIT_PMD,
	VM_READ, VM_EXEC, VM_MAYEXEC, VM_MAYREAD, VM_DONTCOPY, VM_IO,
	SYSCALL_WORK_SYSCALL_EMU, SYSCALL_WORK_SYSCALL_USER_DISPATCH,
};

typedef unsigned int seqcount_t;

struct timer_list {
	void *function;
};

struct rcu_head {
	void *function;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct vm_area_struct {
	struct mm_struct *vm_mm;
};

struct vm_special_mapping {
	const char *name;
	void *mremap, *pages;
};

/* Of the kernel, where the series "fixes" checks an instruction for it */
static struct mm_struct init_mm;

static inline bool test_bit(long nr, const unsigned long *bits)
{
	return bits[nr / BITS_PER_LONG] & BIT(nr % BITS_PER_LONG);
}

#endif /* PEER_H */
