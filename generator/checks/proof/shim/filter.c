// SPDX-License-Identifier: GPL-2.0-only
/*
 * The analysis as a filter, for a build with sanitizers: reads records of the
 * mode (1 for 64 bits, 0 for 32) and MAX_UINSN_BYTES bytes, and writes for each
 * the return value of arch_uprobe_analyze_insn() as a signed 32-bit number. A
 * sanitizer that finds something ends it.
 */
#include <linux/uprobes.h>

#include <stdio.h>
#include <stdlib.h>

#include "proof.h"

void proof_sigtrap(int si_code)
{
}

int main(void)
{
	u8 record[1 + MAX_UINSN_BYTES];

	while (fread(record, sizeof(record), 1, stdin) == 1) {
		struct mm_struct mm = PROOF_MM(record[0]);
		struct arch_uprobe *auprobe = calloc(1, sizeof(*auprobe));
		s32 ret;

		if (!auprobe)
			return 1;
		memcpy(auprobe->insn, record + 1, sizeof(auprobe->insn));
		ret = arch_uprobe_analyze_insn(auprobe, &mm, 0);
		free(auprobe);
		if (fwrite(&ret, sizeof(ret), 1, stdout) != 1 ||
		    fflush(stdout))
			return 1;
	}
	return 0;
}
