// SPDX-License-Identifier: GPL-2.0-only
/*
 * The analysis for libFuzzer: the first byte chooses the mode, the others are
 * the instruction. Whatever they are, there is a verdict, and it holds together.
 */
#include <linux/uprobes.h>

#include <stdlib.h>

#include "proof.h"

#define INT3		0xcc

void proof_sigtrap(int si_code)
{
}

static void must(bool good)
{
	if (!good)
		abort();
}

/* What is known about a mode holds together, or nothing is. */
static void check_mode(const struct arch_uprobe *auprobe, bool x86_64)
{
	const struct arch_uprobe_mode *mode;
	const u8 *ixol = auprobe->ixol[PROOF_MODE(x86_64)];
	int i;

	mode = &auprobe->modes[PROOF_MODE(x86_64)];
	must(mode->ilen <= 15);
	must(!mode->fixups == !mode->ilen);
	must(mode->fixups || !(mode->nop | mode->operation.op));
	must(!mode->scratch || x86_64);
	/* Nothing but the copy, and behind it breakpoints. */
	for (i = mode->ilen; i < MAX_UINSN_BYTES; i++)
		must(ixol[i] == INT3);
}

static void check_verdict(const struct arch_uprobe *auprobe, bool x86_64,
			  int ret)
{
	must(!ret || ret == -ENOEXEC || ret == -EOPNOTSUPP);
	must(!ret == !!auprobe->modes[PROOF_MODE(x86_64)].fixups);
	check_mode(auprobe, true);
	check_mode(auprobe, false);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	bool x86_64 = size && data[0] & 1;
	struct mm_struct mm = PROOF_MM(x86_64);
	struct arch_uprobe *auprobe;

	if (!size || size > 1 + MAX_UINSN_BYTES)
		return -1;

	auprobe = calloc(1, sizeof(*auprobe));
	if (!auprobe)
		return -1;
	memcpy(auprobe->insn, data + 1, size - 1);
	check_verdict(auprobe, x86_64,
		      arch_uprobe_analyze_insn(auprobe, &mm, 0));
	free(auprobe);
	return 0;
}
