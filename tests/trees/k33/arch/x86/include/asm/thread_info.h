#define TIF_SIGPENDING		2	/* a signal */
#define TIF_IA32		17	/* 32-bit code */
