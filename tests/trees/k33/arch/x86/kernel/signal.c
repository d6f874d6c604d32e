#include <linux/uaccess.h>
#include <asm/ucontext.h>

#define is_ia32	test_thread_flag(TIF_IA32)
#define NR_restart_syscall	\
	test_thread_flag(TIF_IA32) ? 0 : 219

void do_notify_resume(struct pt_regs *regs, u32 thread_info_flags)
{
	/* A signal is taken here. */
	if (thread_info_flags & _TIF_SIGPENDING)
		made_up_signal(regs);
}
