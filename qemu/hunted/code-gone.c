// SPDX-License-Identifier: GPL-2.0-only
// 64 32: While an instruction waits for its page, its probe goes and its code is unmapped: it faults there, or the next one does.
#include "missing.h"

static sigjmp_buf out;
static volatile unsigned long fault, result;

static void on_segv(int sig, siginfo_t *info, void *context)
{
	ucontext_t *user = context;

	fault = (unsigned long)info->si_addr;
	result = user->uc_mcontext.gregs[REG_RESULT];
	noted->flag[1] = user->uc_mcontext.gregs[REG_IP] == (long)fault;
	siglongjmp(out, sig);
}

static void *calls(void *code)
{
	long (*copy)(const long *at) = code;

	if (!sigsetjmp(out, 1))
		copy(missing);
	return NULL;
}

static int body(void)
{
	const struct sigaction action = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO };
	unsigned long offset = file_offset(triple_of) & ~(PAGE - 1);
	unsigned long in_page = file_offset(triple_of) % PAGE;
	int self, fd = watch_missing();
	pthread_t thread;
	char *code;

	CHECK(fd >= 0);
	sigaction(SIGSEGV, &action, NULL);
	self = open(SELF, O_RDONLY | O_CLOEXEC);
	code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, self, offset);
	pthread_create(&thread, NULL, calls, code + in_page);
	CHECK(is_wanted(fd));
	if (noted->flag[0])
		disarm("e0");
	munmap(code, PAGE);
	provide(fd, 7);
	pthread_join(thread, NULL);
	fault -= (unsigned long)code + in_page;
	CHECK(noted->flag[1]);
	CHECK(fault == (unsigned long)(triple_site - (char *)triple_of) ||
	      (fault == (unsigned long)(triple_end - (char *)triple_of) && result == 21));
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', triple_site }, { 0, NULL } };

	begin();
	for (int i = 0; i < 3; i++) {
		if (run(body))
			return say(i ? "not ok" : "skip", "try %d: it does not end there", i);
		if (!i && arm('p', "e0", places[0].at))
			return say("not ok", "cannot be armed");
		if (i && hits("e0") > i)
			return say("not ok", "%ld hits", hits("e0"));
		noted->flag[0] = i;	/* the last time it goes meanwhile */
	}
	return say("ok", "it faults");
}
