struct faultinfo {
	int	trap_no;
};
