static int perf_callchain_user32(struct pt_regs *regs)
{
	if (!test_thread_flag(TIF_IA32))
		return 0;
	return made_up_chain(regs);
}
