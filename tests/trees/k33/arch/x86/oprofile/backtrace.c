static int x86_backtrace_32(struct pt_regs *regs)
{
	if (!current || !test_thread_flag(TIF_IA32))
		return 0;
	return made_up_walk(regs);
}
