// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once, for some seconds: processes with threads that hit, fork,
 * exec, map, unmap and signal each other, while probes come and go and now and
 * then a process is killed.  What is done is chosen by a seed; in which order
 * it happens is not.  What must hold: every result of a probed function is
 * right, nobody dies but those that are killed, and afterwards a probe counts
 * exactly.  The kernel's own checks do the rest.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "result.h"
#include "tracefs.h"

#define CODE_FILE	"/tmp/code"
#define LEAKS		"/sys/kernel/debug/kmemleak"
#define PAGE		4096
#define NR_PROCESSES	4
#define NR_THREADS	3
#define SECONDS		20

/* Hits of the probe that is armed when all is over */
#define LAST_HITS	10

static const hit_fn functions[] = { hit_nop, hit_xol, hit_push, hit_tail };

#define NR_FUNCTIONS	(sizeof(functions) / sizeof(functions[0]))

/* Places that are probed now and then */
static const struct place {
	hit_fn	function;
	bool	is_return;
} places[] = {
	{ hit_nop, false },
	{ hit_xol, false },
	{ hit_push, false },
	{ hit_xol, true },
	{ hit_tail, true },
};

#define NR_PLACES	(sizeof(places) / sizeof(places[0]))

static unsigned long seed;
static time_t end;
static volatile int bad;

/* This function returns the next number of a sequence, below a limit. */
static unsigned int next(unsigned long *state, unsigned int limit)
{
	*state = *state * 6364136223846793005UL + 1442695040888963407UL;
	return (*state >> 33) % limit;
}

/* This function notes that something was wrong in this process. */
static void check(bool good, const char *what)
{
	if (good)
		return;
	bad = 1;
	note("%s: not so", what);
}

/* This function hits some times. */
static void op_hit(unsigned long *state)
{
	hit_fn hit = functions[next(state, NR_FUNCTIONS)];
	int i;

	for (i = next(state, 20); i >= 0; i--)
		check(hit(i) == 3 * i, "result of a function");
}

/* This function has a child that hits, or is a new image that does. */
static void op_child(unsigned long *state)
{
	bool image = !next(state, 3);
	char *argv[4];
	pid_t pid = fork();

	if (!pid) {
		spawn_self_args(argv, "3");
		if (image)
			execv(argv[0], argv);
		_exit(hit_times(hit_xol, 3));
	}
	if (pid > 0)
		check(!wait_child(pid), "status of a child");
}

/* This function maps the file of code, hits there, and unmaps it. */
static void op_map(unsigned long *state)
{
	int fd = open(CODE_FILE, O_RDONLY | O_CLOEXEC);
	void *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd,
			  0);
	int i = next(state, 10);

	close(fd);
	if (code == MAP_FAILED)
		return;
	check(((hit_fn)(uintptr_t)code)(i) == 3 * i, "result in a mapping");
	munmap(code, PAGE);
}

/* This function gets called for a signal and hits, too. */
static void on_signal(int signo)
{
	if (hit_xol(signo) != 3 * signo)
		bad = 1;
}

/* This function sends a signal to any thread of this process. */
static void op_signal(unsigned long *state)
{
	if (next(state, 2))
		kill(getpid(), SIGUSR1);
	else
		raise(SIGUSR1);
}

static void (* const ops[])(unsigned long *state) = {
	op_hit, op_hit, op_hit, op_hit, op_signal, op_signal, op_map, op_child,
};

#define NR_OPS	(sizeof(ops) / sizeof(ops[0]))

/* This function does one thing after the other. */
static void *thread_main(void *arg)
{
	unsigned long state = (uintptr_t)arg;

	while (time(NULL) < end && !bad) {
		ops[next(&state, NR_OPS)](&state);
		__atomic_add_fetch(&board->count, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* This function is one of the processes. */
static int process_main(unsigned long state)
{
	const struct sigaction sa = {
		.sa_handler = on_signal,
		.sa_flags = SA_RESTART,
	};
	pthread_t threads[NR_THREADS];
	int i;

	sigaction(SIGUSR1, &sa, NULL);
	for (i = 0; i < NR_THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, thread_main,
				      (void *)(state * NR_THREADS + i)));
	for (i = 0; i < NR_THREADS; i++)
		CHECK(!pthread_join(threads[i], NULL));
	return bad;
}

/* This function starts a process. */
static pid_t start_process(unsigned long number)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		_exit(process_main(seed * 1000 + number));
	}
	return pid;
}

/* This function ends a process and its children. */
static void kill_process(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	wait_child(pid);
}

/* This function defines the probes that come and go. */
static bool define_all(struct probe *probes)
{
	bool good = true;
	size_t i;

	for (i = 0; i < NR_PLACES; i++) {
		const void *at = (const void *)(uintptr_t)places[i].function;

		good &= !(places[i].is_return ?
			  probe_define_return(&probes[i], at) :
			  probe_define(&probes[i], at));
	}
	return good && !probe_define_at(&probes[NR_PLACES], CODE_FILE, 0);
}

/* This function arms and disarms, kills and starts, until the time is over. */
static void direct(struct result *r, struct probe *probes)
{
	pid_t pids[NR_PROCESSES];
	unsigned long state = seed, number = 0;
	unsigned int cycles = 0, kills = 0;
	int i, status;

	for (i = 0; i < NR_PROCESSES; i++)
		pids[i] = start_process(number++);
	while (time(NULL) < end && r->outcome == OUTCOME_PASS) {
		struct probe *p = &probes[next(&state, NR_PLACES + 1)];

		if (p->armed)
			probe_disarm(p);
		else
			expect(r, !probe_arm(p), "cannot arm a probe");
		cycles++;
		if (next(&state, 8))
			continue;
		i = next(&state, NR_PROCESSES);
		kill_process(pids[i]);
		pids[i] = start_process(number++);
		kills++;
	}
	for (i = 0; i < NR_PROCESSES; i++) {
		status = wait_child(pids[i]);
		expect(r, !status, "process %d: status %#x", i, status);
	}
	add_word(r, "seed=%lu", seed);
	add_word(r, "cycles=%u", cycles);
	add_word(r, "kills=%u", kills);
}

/* This function makes the file of code. */
static bool make_code(void)
{
	int fd = open(CODE_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t size = code_end - code_begin;
	bool good = fd >= 0 && write(fd, code_begin, size) == size &&
		    !ftruncate(fd, PAGE);

	close(fd);
	return good;
}

/* This function gets called when all is over. */
static int last_hits(void)
{
	return hit_times(hit_xol, LAST_HITS);
}

/* This function tests the mix, and then that a probe counts exactly. */
static void stress_mix(struct result *r)
{
	struct probe probes[NR_PLACES + 1], last;
	unsigned long before;
	int status;
	size_t i;

	memset(probes, 0, sizeof(probes));
	end = time(NULL) + SECONDS;
	if (expect(r, make_code() && define_all(probes), "cannot define"))
		direct(r, probes);
	for (i = 0; i <= NR_PLACES; i++)
		probe_remove(&probes[i]);
	add_word(r, "operations=%lu", board->count);

	before = trace_hits();
	if (r->outcome == OUTCOME_PASS && arm_at(r, &last, hit_xol)) {
		status = wait_child(start_child(last_hits));
		judge(r, status, trace_hits() - before, LAST_HITS);
		probe_remove(&last);
	}
	unlink(CODE_FILE);
}

/* This function has the kernel look for memory that nobody points to. */
static bool scan(int fd)
{
	return write(fd, "scan", 4) == 4;
}

/*
 * This function tests that nothing has leaked since the machine started.  What
 * is found at once may be on its way; what is still there counts.
 */
static void stress_leaks(struct result *r)
{
	int fd = open(LEAKS, O_RDWR | O_CLOEXEC);
	char text[2048];
	ssize_t len;

	if (fd < 0) {
		r->skip = "this kernel does not look for leaks";
		return;
	}
	expect(r, scan(fd), "cannot scan");
	nap_ms(6000);
	expect(r, scan(fd), "cannot scan");
	len = read(fd, text, sizeof(text) - 1);
	text[len < 0 ? 0 : len] = '\0';
	expect(r, len == 0, "%s", text);
	close(fd);
}

static const struct test tests[] = {
	{ .name = "stress-mix", .before = "sigtrap", .run = stress_mix },
	{ .name = "stress-leaks", .before = "pass", .run = stress_leaks },
	{ .name = NULL },
};

/* This function runs the test with the given name, if there is one. */
static int run_named(const char *name)
{
	struct result r = { .outcome = OUTCOME_PASS };
	const struct test *test;

	for (test = tests; test->name; test++) {
		if (strcmp(test->name, name))
			continue;
		board = shared_memory(sizeof(*board));
		test->run(&r);
		print_result(&r);
		return 0;
	}
	return 2;
}

int main(int argc, char **argv)
{
	const char *chosen = getenv("UPROBEKIT_SEED");
	const struct test *test;

	seed = chosen ? strtoul(chosen, NULL, 0) : 1;
	if (argc == 3 && !strcmp(argv[1], "--hit"))
		return hit_times(hit_xol, atol(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "--run"))
		return run_named(argv[2]);
	if (argc != 2 || strcmp(argv[1], "--list"))
		return 2;
	for (test = tests; test->name; test++)
		printf("test %s %s\n", test->name, test->before);
	return 0;
}
