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

static void check_verdict(const struct arch_uprobe *auprobe, int ret)
{
	int i;

	if (ret) {
		must(ret == -ENOEXEC || ret == -EOPNOTSUPP);
		return;
	}

	must(auprobe->ilen >= 1 && auprobe->ilen <= 15);
	must(auprobe->fixups);
	must(!auprobe->scratch || auprobe->x86_64);
	/* Nothing but the copy, and behind it breakpoints. */
	for (i = auprobe->ilen; i < sizeof(auprobe->ixol); i++)
		must(auprobe->ixol[i] == INT3);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct mm_struct mm = PROOF_MM(size && data[0] & 1);
	struct arch_uprobe *auprobe;

	if (!size || size > 1 + MAX_UINSN_BYTES)
		return -1;

	auprobe = calloc(1, sizeof(*auprobe));
	if (!auprobe)
		return -1;
	memcpy(auprobe->insn, data + 1, size - 1);
	check_verdict(auprobe, arch_uprobe_analyze_insn(auprobe, &mm, 0));
	free(auprobe);
	return 0;
}
