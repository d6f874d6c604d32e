// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A trace event that perf has opened, inherited; parent and child take turns on one processor, and perf exchanges their contexts.
#include "family.h"

static int open_here(struct perf_event_attr attr, pid_t pid)
{
	return define('p', "one", SELF, file_offset(stepped), NULL) ? -1 : open_event(attr, "one", pid);
}

int main(void)
{
	return judge_family(open_here);
}
