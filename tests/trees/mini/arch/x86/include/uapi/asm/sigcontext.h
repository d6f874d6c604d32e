/* SPDX-License-Identifier: GPL-2.0-only */
struct sigcontext {
	unsigned long	trap_nr;
	unsigned long	err;
};
