#define MMF_VM_HUGEPAGE		17	/* made up */
