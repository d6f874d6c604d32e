// SPDX-License-Identifier: GPL-2.0-only
// 64 32: An inherited event of the PMU of uprobes; parent and child take turns on one processor, and perf exchanges their contexts.
#include "family.h"

static int attach_here(struct perf_event_attr attr, pid_t pid)
{
	return attach(attr, stepped, pid, 0);
}

int main(void)
{
	return judge_family(attach_here);
}
