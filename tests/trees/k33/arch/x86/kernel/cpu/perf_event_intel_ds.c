#include <asm/perf_event.h>

static bool made_up_mode(unsigned long to)
{
	return kernel_ip(to) || !test_thread_flag(TIF_IA32);
}
