#define MMF_VM_HUGEPAGE		17	/* made up */

struct task_struct {
	int			made_up;
#ifdef CONFIG_HAVE_HW_BREAKPOINT
	atomic_t		ptrace_bp_refcnt;
#endif
};
