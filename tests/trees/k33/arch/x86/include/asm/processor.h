struct thread_struct {
	unsigned long	cr2;
	unsigned long	trap_no;
};
