// SPDX-License-Identifier: GPL-2.0-only
// 64 32: The function that changes to another coroutine's stack is itself probed on return; it ends by a return, or by a jump.
#include "hunted.h"

/* Save the registers of a caller and the stack in *from, and go on with the stack @to. */
#ifdef __x86_64__
# define SAVED	6
# define CHANGE								\
	"\tpush %rbp\n\tpush %rbx\n\tpush %r12\n\tpush %r13\n"		\
	"\tpush %r14\n\tpush %r15\n"					\
	"\tmov %rsp, (%rdi)\n\tmov %rsi, %rsp\n"			\
	"\tpop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n"		\
	"\tpop %rbx\n\tpop %rbp\n"
#else
# define SAVED	4
# define CHANGE								\
	"\tmov 4(%esp), %eax\n\tmov 8(%esp), %edx\n"			\
	"\tpush %ebp\n\tpush %ebx\n\tpush %esi\n\tpush %edi\n"		\
	"\tmov %esp, (%eax)\n\tmov %edx, %esp\n"			\
	"\tpop %edi\n\tpop %esi\n\tpop %ebx\n\tpop %ebp\n"
#endif
asm(".text\n"
    ".globl change_ret\nchange_ret:\n" CHANGE "\tret\n"
    ".globl change_jump\nchange_jump:\n" CHANGE
    "\tpop " R(cx) "\n\tjmp *" R(cx) "\n");

typedef void (*change_fn)(void **from, void *to);
void change_ret(void **from, void *to);
void change_jump(void **from, void *to);

#define ROUNDS 20
static void *stack[3];
static volatile int steps;
static change_fn change;

static void first(void)
{
	for (;; steps++)
		change(&stack[1], stack[2]);
}

static void second(void)
{
	for (;; steps++)
		change(&stack[2], stack[0]);
}

/* A stack on which such a function returns to @begin, which then has it as after a call. */
static void *prepare(char *top, void (*begin)(void))
{
	void **ret = (void **)(top - 64 + (sizeof(long) == 8 ? 0 : 8));

	*ret = begin;
	return ret - SAVED;
}

static int with(change_fn fn)
{
	char *space = mmap(NULL, 2 * 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	change = fn;
	steps = 0;
	stack[1] = prepare(space + 65536, first);
	stack[2] = prepare(space + 2 * 65536, second);
	for (int i = 0; i < ROUNDS; i++)
		change(&stack[0], stack[1]);
	CHECK(steps == 2 * (ROUNDS - 1));
	return 0;
}

static int all(void)
{
	/* where a return is lost, one of them may return to where it came from, and so for ever */
	alarm(3);
	return with(change_ret) || with(change_jump);
}

int main(void)
{
	const struct place places[] = { { 'r', change_ret }, { 'r', change_jump }, { 0, NULL } };

	/* the last change of each coroutine does not come back */
	return judge(all, places, 2 * (3 * ROUNDS - 2));
}
