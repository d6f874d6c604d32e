#include <asm/ia32.h>

static bool made_up_range(unsigned long flags)
{
	if (!test_thread_flag(TIF_IA32) && (flags & MAP_32BIT))
		return true;
	if ((flags & MAP_32BIT) || test_thread_flag(TIF_IA32))
		return made_up_hole();
	return !test_thread_flag(TIF_IA32);
}
