/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RAW_START_H
#define RAW_START_H

/* The descriptor of fail-nth in the new image */
#define RAW_FD		9

/* What it exits with, beside 0 */
#define RAW_WRONG	1
#define RAW_FAILED	2

#ifndef __ASSEMBLER__
extern const char raw_start[];
#endif

#endif
