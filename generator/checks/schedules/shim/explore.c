// SPDX-License-Identifier: GPL-2.0-only
/* See explore.h. */
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "explore.h"

#define STACK_BYTES	(64 * 1024)
#define MAX_CHOICES	4096
#define MAX_BLOCKS	64
/* A block begins on a page of its own, which is protected when it is freed. */
#define BLOCK_BYTES	16384
#define BLOCK_DATA	(BLOCK_BYTES - 4096)

struct choice {
	unsigned int taken;
	unsigned int count;
};

struct thread *running;

static const struct scenario *scenario;
static struct thread threads[MAX_THREADS];
static char stacks[MAX_THREADS][STACK_BYTES];
static unsigned int thread_count;
static ucontext_t scheduler;

/* The order: what was chosen at each place where there was a choice */
static struct choice choices[MAX_CHOICES];
static unsigned int choice_count, choices_kept;
static unsigned int preemptions;
static unsigned long executions;

/* In which order they have run, for the message */
static char log_text[16384];
static size_t log_length;

static uint8_t *blocks;
static unsigned int block_count;
static size_t sizes[MAX_BLOCKS];
static bool released[MAX_BLOCKS], guarded[MAX_BLOCKS];

static void write_log(const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(log_text + log_length, sizeof(log_text) - log_length,
			   format, arguments);
	va_end(arguments);
	if (length > 0 && log_length + length < sizeof(log_text))
		log_length += length;
}

void fail(const char *format, ...)
{
	va_list arguments;

	printf("%s: ", scenario->name);
	if (running)
		printf("%s, %s: ", running->name, running->where);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n%s", log_text);
	fflush(stdout);
	_exit(1);
}

static void on_fault(int number)
{
	(void)number;
	fail("memory that was freed, or none, is used after this");
}

void *allocate(size_t size)
{
	if (block_count == MAX_BLOCKS || size > BLOCK_DATA)
		fail("no room for %zu bytes", size);
	released[block_count] = false;
	sizes[block_count] = size;
	return blocks + (size_t)block_count++ * BLOCK_BYTES;
}

size_t allocated(const void *memory)
{
	return sizes[((const uint8_t *)memory - blocks) / BLOCK_BYTES];
}

void release(void *memory)
{
	size_t offset = (uint8_t *)memory - blocks;

	if (!memory)
		return;
	if (offset % BLOCK_BYTES || offset / BLOCK_BYTES >= block_count)
		fail("what is freed was not allocated");
	if (released[offset / BLOCK_BYTES])
		fail("freed twice");
	released[offset / BLOCK_BYTES] = true;
	/* When no thread is left, nobody uses it. */
	if (!running)
		return;
	guarded[offset / BLOCK_BYTES] = true;
	if (mprotect(memory, sizes[offset / BLOCK_BYTES], PROT_NONE))
		fail("no memory can be protected");
}

/* Make the memory of the last execution new. */
static void renew_memory(void)
{
	unsigned int i;

	for (i = 0; i < block_count; i++) {
		uint8_t *block = blocks + (size_t)i * BLOCK_BYTES;

		if (guarded[i] && mprotect(block, sizes[i],
					   PROT_READ | PROT_WRITE))
			fail("no memory can be had");
		guarded[i] = false;
		memset(block, 0, sizes[i]);
	}
	block_count = 0;
}

static void check_memory(void)
{
	unsigned int i;

	for (i = 0; i < block_count; i++) {
		if (!released[i])
			fail("block %u has not been freed", i);
	}
}

/* Choose one of @count: as the last time, or the first that was not. */
static unsigned int choose(unsigned int count)
{
	struct choice *choice = &choices[choice_count];

	if (count == 1)
		return 0;
	if (choice_count == MAX_CHOICES)
		fail("no end after %u choices", MAX_CHOICES);
	if (choice_count++ == choices_kept) {
		choice->taken = 0;
		choice->count = count;
		choices_kept++;
	}
	return choice->taken;
}

/* Go on to the next order; false if this was the last one. */
static bool next_order(void)
{
	while (choices_kept) {
		struct choice *last = &choices[choices_kept - 1];

		if (++last->taken < last->count)
			return true;
		choices_kept--;
	}
	return false;
}

static bool can_run(struct thread *thread)
{
	return !thread->done && (!thread->ready || thread->ready(thread));
}

/* Return the thread that goes on; NULL if none does. */
static struct thread *choose_thread(struct thread *last)
{
	struct thread *able[MAX_THREADS], *chosen;
	unsigned int count = 0, i;
	bool goes_on = last && can_run(last);

	if (goes_on)
		able[count++] = last;
	for (i = 0; i < thread_count; i++) {
		if (&threads[i] != last && can_run(&threads[i]))
			able[count++] = &threads[i];
	}
	if (!count)
		return NULL;
	if (goes_on && preemptions == scenario->preemptions)
		count = 1;
	chosen = able[choose(count)];
	if (goes_on && chosen != last)
		preemptions++;
	return chosen;
}

static bool all_done(void)
{
	unsigned int i;

	for (i = 0; i < thread_count; i++) {
		if (!threads[i].done)
			return false;
	}
	return true;
}

/* Nobody goes on: say who waits. */
static void __attribute__((__noreturn__)) fail_deadlock(void)
{
	unsigned int i;

	for (i = 0; i < thread_count; i++) {
		running = &threads[i];
		if (!running->done)
			fail("waits for ever");
	}
	abort();
}

/* Let @next run; the thread that runs now goes on when it is chosen again. */
static void switch_to(ucontext_t *from, struct thread *next)
{
	write_log("    %s from: %s\n", next->name, next->where);
	running = next;
	swapcontext(from, &next->context);
}

void step(const char *where)
{
	struct thread *self = running, *next;

	if (!self)
		return;
	self->where = where;
	if (scenario->look)
		scenario->look();
	next = choose_thread(self);
	if (!next)
		fail_deadlock();
	if (next != self)
		switch_to(&self->context, next);
}

void block(const char *where, const void *what,
	   bool (*ready)(struct thread *thread))
{
	struct thread *self = running;

	if (!self)
		fail("nobody can wait here: %s", where);
	self->waits_for = what;
	self->ready = ready;
	step(where);
	self->ready = NULL;
	self->waits_for = NULL;
}

void end_thread(void)
{
	struct thread *next;

	running->done = true;
	next = choose_thread(running);
	if (next)
		switch_to(&running->context, next);
	else if (all_done())
		setcontext(&scheduler);
	fail_deadlock();
}

static void begin_thread(void)
{
	running->run();
	end_thread();
}

struct thread *new_thread(const char *name, void (*run)(void),
			  struct task_struct *task)
{
	struct thread *thread = &threads[thread_count];

	if (thread_count == MAX_THREADS)
		fail("too many threads");
	memset(thread, 0, sizeof(*thread));
	thread->name = name;
	thread->run = run;
	thread->task = task;
	thread->where = "start";
	getcontext(&thread->context);
	thread->context.uc_stack.ss_sp = stacks[thread_count];
	thread->context.uc_stack.ss_size = STACK_BYTES;
	makecontext(&thread->context, begin_thread, 0);
	thread_count++;
	return thread;
}

/* Execute the threads once, in the order that the choices say. */
static void execute(void)
{
	choice_count = 0;
	preemptions = 0;
	thread_count = 0;
	log_length = 0;
	log_text[0] = '\0';
	running = NULL;
	renew_memory();
	scenario->start();
	switch_to(&scheduler, choose_thread(NULL));
	running = NULL;
	scenario->finish();
	check_memory();
	executions++;
}

static void catch_faults(void)
{
	static char stack[STACK_BYTES];
	const stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = {
		.sa_handler = on_fault,
		.sa_flags = SA_ONSTACK,
	};

	sigaltstack(&other, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

int main(void)
{
	blocks = mmap(NULL, (size_t)MAX_BLOCKS * BLOCK_BYTES,
		      PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (blocks == MAP_FAILED) {
		perror("mmap");
		return 3;
	}
	catch_faults();
	for (scenario = scenarios; scenario->name; scenario++) {
		choices_kept = 0;
		executions = 0;
		do
			execute();
		while (next_order());
		printf("%s %lu\n", scenario->name, executions);
		fflush(stdout);
	}
	return 0;
}
