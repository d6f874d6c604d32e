// SPDX-License-Identifier: GPL-2.0-only
/* Functions of the kernel that uprobes.c calls and that nobody asks here */
#include <linux/uprobes.h>

#include "proof.h"

struct task_struct proof_task;
struct proof_memory proof_memory;
struct proof_sleep proof_sleep;
struct proof_shstk proof_shstk;
unsigned long proof_trampoline;
bool proof_raced;
unsigned int proof_races;

#ifdef OLD_KERNEL
# define uprobe_pre_sstep_notifier	uprobe_pre_bp_notifier
# define uprobe_post_sstep_notifier	uprobe_post_bp_notifier
#endif

int uprobe_pre_sstep_notifier(struct pt_regs *regs)
{
	return 1;
}

int uprobe_post_sstep_notifier(struct pt_regs *regs)
{
	return 1;
}

unsigned long uprobe_get_trampoline_vaddr(void)
{
	return 0;
}

bool uprobe_is_trampoline(unsigned long vaddr)
{
	return vaddr == proof_trampoline;
}

void uprobe_handle_trampoline(struct pt_regs *regs)
{
}
