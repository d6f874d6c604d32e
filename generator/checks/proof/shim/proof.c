// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the proof calls: the functions of arch/x86/kernel/uprobes.c, for the
 * one task there is and the instruction that was analysed last.
 */
#include <linux/uprobes.h>
#include <asm/insn.h>

#include "proof.h"

/* What the analysis has found, and what the decoder says about the bytes */
struct proof_verdict {
	s32	ret;		/* of arch_uprobe_analyze_insn() */
	s32	length;		/* in bytes, 0 for no instruction */
	s32	offs;
	u8	fixups;
	u8	ilen;
	u8	scratch;
	u8	nop;
	u8	opcode[3];
	u8	modrm;
	u8	op;
	u8	vex_map;	/* as a VEX or EVEX prefix numbers it, or 0 */
	u8	rex2;		/* behind REX2: another map */
	u8	changed;	/* insn is not what it was */
	u8	ixol[MAX_UINSN_BYTES];
};

#define PROOF_OLD_DR6	2
#define PROOF_PATIENCE	100000	/* in signals */

static struct uprobe_task utask;
static struct arch_uprobe auprobe;
static unsigned int sigtraps, watch_traps;

void proof_sigtrap(int si_code)
{
	if (si_code == TRAP_TRACE)
		sigtraps++;
	else if (si_code == TRAP_HWBKPT)
		watch_traps++;
}

void proof_set_memory(const struct proof_memory *memory)
{
	proof_memory = *memory;
}

#ifdef OLD_KERNEL
enum insn_mode {
	INSN_MODE_32,
	INSN_MODE_64,
};

static int insn_decode(struct insn *insn, const void *bytes, int size,
		       enum insn_mode mode)
{
	insn_init(insn, bytes, mode == INSN_MODE_64);
	insn_get_length(insn);
	return insn_complete(insn) && insn->length <= 15 ? 0 : -EINVAL;
}
#endif

/* Analyse MAX_UINSN_BYTES bytes. */
void proof_analyze(const u8 *bytes, bool x86_64, struct proof_verdict *verdict)
{
	struct mm_struct mm = PROOF_MM(x86_64);
	const struct arch_uprobe_mode *mode;
	int place = PROOF_MODE(x86_64);
	struct insn insn;

	memset(verdict, 0, sizeof(*verdict));
	memset(&auprobe, 0, sizeof(auprobe));
	memcpy(auprobe.insn, bytes, sizeof(auprobe.insn));

	if (!insn_decode(&insn, bytes, MAX_UINSN_BYTES,
			 x86_64 ? INSN_MODE_64 : INSN_MODE_32)) {
		verdict->length = insn.length;
		verdict->modrm = insn.modrm.value;
		if (insn.vex_prefix.nbytes)
			verdict->vex_map = insn_vex_m_bits(&insn);
		verdict->rex2 = insn.rex_prefix.nbytes > 1;
		memcpy(verdict->opcode, insn.opcode.bytes,
		       sizeof(verdict->opcode));
	}

	verdict->ret = arch_uprobe_analyze_insn(&auprobe, &mm, 0);
#ifdef OLD_KERNEL
	/* The C looks at what its decoder has found, and may call it nothing. */
	if (verdict->ret == -ENOEXEC)
		verdict->length = 0;
#endif
	mode = &auprobe.modes[place];
	verdict->offs = mode->offs;
	verdict->fixups = mode->fixups;
	verdict->ilen = mode->ilen;
	verdict->scratch = mode->scratch;
	verdict->nop = mode->nop;
	verdict->op = mode->operation.op;
	verdict->changed = !!memcmp(auprobe.insn, bytes, sizeof(auprobe.insn));
	memcpy(verdict->ixol, auprobe.ixol[place], sizeof(verdict->ixol));
}

/*
 * A task in the given mode hits the breakpoint at vaddr. The copy for this mode
 * is at xol_vaddr, behind that for the other mode.
 */
void proof_hit(bool x86_64, unsigned long vaddr, unsigned long xol_vaddr,
	       unsigned long trap_nr, bool blockstep)
{
	memset(&utask, 0, sizeof(utask));
	/* An earlier step has left something here. */
	memset(&utask.autask, 0xff, sizeof(utask.autask));
	utask.vaddr = vaddr;
	utask.xol_vaddr = xol_vaddr - PROOF_MODE(x86_64) * MAX_UINSN_BYTES;
	proof_task.utask = &utask;
	proof_task.x86_64 = x86_64;
	proof_task.blockstep = blockstep;
	proof_task.thread.trap_nr = trap_nr;
	/* A watchpoint of earlier. */
	proof_task.thread.virtual_dr6 = PROOF_OLD_DR6;
	sigtraps = 0;
	watch_traps = 0;
}

/* A debugger watches what the copy accesses. */
void proof_watch(void)
{
	proof_task.thread.virtual_dr6 |= 1;
}

unsigned int proof_watch_traps(void)
{
	return watch_traps;
}

/* The debugger would see that the step was one of its own. */
bool proof_shows_step(void)
{
	return proof_task.thread.virtual_dr6 & DR_STEP;
}

/* The debugger would see that watchpoint of earlier once more. */
bool proof_shows_old_watch(void)
{
	return proof_task.thread.virtual_dr6 & PROOF_OLD_DR6;
}

bool proof_skip(struct pt_regs *regs)
{
	bool skipped;

	proof_sleep = (struct proof_sleep) { .in_emulation = true };
	skipped = arch_uprobe_skip_sstep(&auprobe, regs);
	proof_sleep.in_emulation = false;
	return skipped;
}

/* How often the last skip would have slept, or left page faults disabled. */
unsigned int proof_sleeps(void)
{
	return proof_sleep.count + !!proof_sleep.page_faults_off;
}

int proof_pre_xol(struct pt_regs *regs)
{
	int err;

	proof_task.regs = regs;
	err = arch_uprobe_pre_xol(&auprobe, regs);
	/* What comes next is the step, and its debug exception. */
	if (!err)
		proof_task.thread.virtual_dr6 = DR_STEP;
	return err;
}

/* The copy has raised an exception. */
void proof_trap(unsigned long trap_nr)
{
	proof_task.thread.trap_nr = trap_nr;
}

bool proof_was_trapped(void)
{
	return arch_uprobe_xol_was_trapped(&proof_task);
}

/*
 * The task does not get past its copy, and the exception leaves no number:
 * signals must not wait for ever.
 */
bool proof_is_never_trapped(void)
{
	unsigned int i;

	for (i = 0; i < PROOF_PATIENCE; i++) {
		if (arch_uprobe_xol_was_trapped(&proof_task))
			return false;
	}
	return true;
}

int proof_post_xol(struct pt_regs *regs)
{
	return arch_uprobe_post_xol(&auprobe, regs);
}

void proof_abort_xol(struct pt_regs *regs)
{
	arch_uprobe_abort_xol(&auprobe, regs);
}

unsigned long proof_hijack(struct pt_regs *regs, unsigned long trampoline)
{
	struct mm_struct mm = PROOF_MM(proof_task.x86_64);
	unsigned long ret_addr;

	proof_task.mm = &mm;
	proof_trampoline = trampoline;
	ret_addr = arch_uretprobe_hijack_return_addr(trampoline, regs);
	proof_task.mm = NULL;
	return ret_addr;
}

/* Where the return address was that the task has just returned by */
unsigned long proof_return_stack(struct pt_regs *regs)
{
	struct mm_struct mm = PROOF_MM(proof_task.x86_64);
	unsigned long stack;

	proof_task.mm = &mm;
	stack = arch_uretprobe_stack(regs);
	proof_task.mm = NULL;
	return stack;
}

/* Another task changes whatever this one would replace. */
void proof_race(bool on)
{
	proof_raced = on;
	proof_races = 0;
}

unsigned int proof_race_count(void)
{
	return proof_races;
}

/* The task has a shadow stack with one frame. */
void proof_set_shstk(unsigned long last, bool broken)
{
	proof_shstk = (struct proof_shstk) {
		.enabled = true,
		.broken = broken,
		.last = last,
	};
}

/* It has none any more; its last frame is returned. */
unsigned long proof_end_shstk(void)
{
	proof_shstk.enabled = false;
	return proof_shstk.last;
}

unsigned long proof_trap_nr(void)
{
	return proof_task.thread.trap_nr;
}

unsigned int proof_sigtraps(void)
{
	return sigtraps;
}

bool proof_blockstep(void)
{
	return proof_task.blockstep;
}

static int classified_mode;

static bool needs_no_step(const struct arch_uprobe *probe)
{
	const struct arch_uprobe_mode *mode = &probe->modes[classified_mode];

	return mode->nop || mode->operation.op;
}

#define CLASSIFY_MODE(x86_64)	(classified_mode = PROOF_MODE(x86_64))
#include "classify.h"
