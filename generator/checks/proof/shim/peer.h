/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PEER_H
#define PEER_H
/*
 * What the unmodified base's uprobes.c needs beyond proof.h to be compiled for
 * user space. Its analysis gets called and nothing else of it: functions of the
 * kernel, test_bit() apart, are names that do nothing.
 */
#include "proof.h"

#define __packed			__attribute__((__packed__))
#define asmlinkage
#define __stringify_1(x)		#x
#define __stringify(x)			__stringify_1(x)
#define pr_warn_ratelimited(...)	do { } while (0)
#define pr_err(...)			do { } while (0)
#define pr_warn(...)			do { } while (0)
#define WARN_ON_ONCE(condition)		((void)(condition))

/* Numbers that it mentions */
#define ERESTART			85
#define ENOTSUPP			524
#define SIGILL				4
#define SIGTRAP				5
#define SIGSEGV				11
#define SEND_SIG_PRIV			NULL
#define TIF_ADDR32			29
#define TS_COMPAT			2
#define TASK_SIZE			TASK_SIZE_MAX

#define BUG_ON(condition)		((void)(condition))
#define send_sig(...)			0
#define user_64bit_mode(regs)		true
#define test_tsk_thread_flag(...)	0
#define get_unmapped_area(...)		0

struct callback_head {
	void *next;
};

static inline bool test_bit(long nr, const unsigned long *bits)
{
	return bits[nr / BITS_PER_LONG] & BIT(nr % BITS_PER_LONG);
}

#endif /* PEER_H */
