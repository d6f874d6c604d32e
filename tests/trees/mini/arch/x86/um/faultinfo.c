// SPDX-License-Identifier: GPL-2.0-only
struct faultinfo {
	int	error_code;
	int	trap_no;
};

static void read_fault(struct faultinfo *fi, struct uml_regs *r)
{
	fi->trap_no = 14;
	r->faultinfo.trap_no = fi->trap_no;
}
