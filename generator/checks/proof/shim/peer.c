// SPDX-License-Identifier: GPL-2.0-only
/* The analysis of the unmodified base, for the census */
#include "base-uprobes.c"

static bool needs_no_step(const struct arch_uprobe *auprobe)
{
	return auprobe->ops && auprobe->ops->emulate;
}

#include "classify.h"
