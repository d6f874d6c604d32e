/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Analyse many instructions at once, for the census. Whoever includes this
 * has said in needs_no_step() what is not stepped.
 */

enum verdict {
	REFUSED,
	STEPPED,
	NOT_STEPPED,
	IS_RETURN = 4,	/* added to the verdict on a near ret */
};

static bool is_return(const u8 *insn)
{
	if (insn[0] == 0xf2 || insn[0] == 0xf3)
		insn++;
	return insn[0] == 0xc2 || insn[0] == 0xc3;
}

/* The instructions begin at the given offsets; there is a verdict for each. */
__attribute__((__visibility__("default")))
void proof_classify(const u8 *code, size_t size, const u32 *offsets,
		    size_t count, bool x86_64, u8 *verdicts)
{
	struct mm_struct mm = PROOF_MM(x86_64);
	size_t i;

#ifdef CLASSIFY_MODE
	CLASSIFY_MODE(x86_64);
#endif
	for (i = 0; i < count; i++) {
		struct arch_uprobe auprobe = { };
		size_t rest = size - offsets[i];

		memcpy(auprobe.insn, code + offsets[i],
		       rest < MAX_UINSN_BYTES ? rest : MAX_UINSN_BYTES);
		if (arch_uprobe_analyze_insn(&auprobe, &mm, 0))
			verdicts[i] = REFUSED;
		else if (needs_no_step(&auprobe))
			verdicts[i] = NOT_STEPPED;
		else
			verdicts[i] = STEPPED;
		if (is_return(auprobe.insn))
			verdicts[i] += IS_RETURN;
	}
}
