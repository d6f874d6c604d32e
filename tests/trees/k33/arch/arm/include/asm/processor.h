struct thread_struct {
	unsigned long	trap_no;
};
