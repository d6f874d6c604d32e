#define TIF_SIGPENDING		2	/* a signal */
#define TIF_IA32		17	/* 32-bit code */
#define TIF_NOTSC		16	/* no time stamps */
#define _TIF_SIGPENDING		(1 << TIF_SIGPENDING)
#define _TIF_USER_RETURN_NOTIFY	(1 << 11)
#define _TIF_NOTSC		(1 << TIF_NOTSC)
#define _TIF_DO_NOTIFY_MASK						\
	(_TIF_SIGPENDING |						\
	 _TIF_USER_RETURN_NOTIFY)
