#ifndef MADE_UP_COMPAT_H
#define MADE_UP_COMPAT_H

static inline int is_compat_task(void)
{
	return made_up_status() & TS_COMPAT;
}

#endif
