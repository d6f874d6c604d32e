/* SPDX-License-Identifier: GPL-2.0-only */
struct thread_struct {
	unsigned long	trap_nr;
};
