extern void insn_init(struct insn *insn, const void *code, int x86_64);
