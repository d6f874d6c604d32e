#include <linux/user_namespace.h>

int get_signal_to_deliver(siginfo_t *info, struct pt_regs *regs)
{
	int signr;

relock:
	try_to_freeze();
	signr = made_up_dequeue(info);
	if (made_up_stopped(signr))
		goto relock;
	return signr;
}
