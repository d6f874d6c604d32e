#include <asm/ucontext.h>

#define is_ia32	test_thread_flag(TIF_IA32)
#define NR_restart_syscall	\
	test_thread_flag(TIF_IA32) ? 0 : 219
