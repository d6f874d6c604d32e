/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPLORE_H
#define EXPLORE_H
/*
 * Execute a few threads in every order, with at most so many preemptions.
 *
 * A thread runs until it comes to a step(): there another one may go on. What
 * each order leads to is executed from the beginning; memory is ordered as the
 * program is.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

#define MAX_THREADS	4

/* The uprobe_task and so on: what the C of the kernel calls a task */
struct task_struct;

struct thread {
	const char *name;
	void (*run)(void);
	struct task_struct *task;
	const char *where;		/* the last step */
	/* It goes on when this says so; NULL if it is not blocked. */
	bool (*ready)(struct thread *thread);
	const void *waits_for;
	bool woken;
	bool done;
	ucontext_t context;
};

/* The one that runs */
extern struct thread *running;

/* Let another thread run, or not. */
void step(const char *where);

/* Let the others run until @ready is true. */
void block(const char *where, const void *what,
	   bool (*ready)(struct thread *thread));

/* Say what is wrong, and in which order the threads ran; end the program. */
void fail(const char *format, ...)
	__attribute__((__format__(__printf__, 1, 2), __noreturn__));

/* Memory, zeroed. An access after release() is a fault. */
void *allocate(size_t size);
void release(void *memory);

/* How much was allocated. */
size_t allocated(const void *memory);

/* End the thread that runs. */
void end_thread(void) __attribute__((__noreturn__));

/* Threads of the scenario; its start sets them up. */
struct thread *new_thread(const char *name, void (*run)(void),
			  struct task_struct *task);

/*
 * A scenario: @start prepares an execution, @finish looks at what it has led
 * to and gives back what is left. @look is called at every step, as a
 * non-maskable interrupt would be.
 */
struct scenario {
	const char *name;
	unsigned int preemptions;
	void (*start)(void);
	void (*finish)(void);
	void (*look)(void);
};

extern const struct scenario scenarios[];

#endif
