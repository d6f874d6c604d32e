// SPDX-License-Identifier: GPL-2.0-only
/*
 * Thousands of instructions, each executed without a probe and with one.
 *
 * The host has made /corpus, of 32-bit code /corpus-32: instructions, and the
 * registers that each starts with.  Every instruction lies in a file, in a
 * stretch of its own, with breakpoints around it, so that a run ends with a
 * signal wherever it goes.  All that it has left is compared bit for bit:
 * registers, flags, vector registers, memory and what the signal's handler is
 * told.  One child for each batch: on a kernel that is wrong an instruction may
 * be its end.  Prints KTAP, or is a program of the runner's, see qemu/README.md.
 */
#ifdef __x86_64__
#include <asm/prctl.h>
#endif
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "corpus.h"
#include "tracefs.h"

#ifndef __x86_64__
/*
 * In 32-bit frames the state that FXSAVE knows stands behind the older one, of
 * which control, status and tags count, and the last instruction at 12.
 */
#define FXSAVE_OFFSET	112
#define FSAVE_LAST	12
#define FSAVE_LAST_SIZE	16
#define REG_RIP		REG_EIP
#define REG_RSP		REG_ESP
#define REG_RAX		REG_EAX
#define REG_RBX		REG_EBX
#define REG_RCX		REG_ECX
#define REG_RDX		REG_EDX
#define REG_RSI		REG_ESI
#define REG_RDI		REG_EDI
#define REG_RBP		REG_EBP
#define ABI_PREFIX	"m32-"
#define CORPUS		"/corpus-32"
#else
#define FXSAVE_OFFSET	0
#define ABI_PREFIX	""
#define CORPUS		"/corpus"
#endif

/* Whose refusals are left out. */
enum side { OURS, BASE };

#define CODE		"/tmp/code"
#define BATCH		250
#define RESTARTS	60
#define INT3		0xcc

/* Seconds without progress after which a child hangs */
#define PATIENCE	4

#define FS_BASE		0x40
#define GS_BASE		0x80
#define FIXED_FLAGS	0x202
#define RF		0x10000

#define XSTATE_MAX	4096
#define XSTATE_SOFTWARE	464
#define XSTATE_SIZE	(XSTATE_SOFTWARE + 16)
#define XSTATE_MAGIC	0x46505853
#define XSTATE_HEADER	512
#define XSTATE_XMM	160
#define XSTATE_AVX	576

/* The last opcode, instruction and operand of the x87: bytes of its state */
#define X87_LAST	6
#define X87_LAST_SIZE	18

#ifdef __x86_64__
#define write_flags(value)	__builtin_ia32_writeeflags_u64(value)
#else
#define write_flags(value)	__builtin_ia32_writeeflags_u32(value)
#endif

/* What a run has left */
struct left {
	gregset_t	gregs;
	uint64_t	cr2;
	unsigned long	fs, gs;
	uint64_t	address;
	int		signo;
	int		code;
	uint32_t	xstate_size;
	uint8_t		xstate[XSTATE_MAX];
	uint8_t		memory[REGION_SIZE];
};

/* What parent and child share */
struct board {
	volatile unsigned long	at;		/* the case that runs */
	volatile bool		probed;
	volatile unsigned long	ticks;
	volatile bool		skip[BATCH];
	volatile unsigned long	done, faults, wrong, refused;
};

static const struct corpus_header *header;
static const struct corpus_case *cases;
static struct board *board;
static struct left *first;
static struct left now;
static uint8_t *pristine;
static bool verbose;	/* say which case comes, for a QEMU that ends there */
static ucontext_t home;
static uint8_t home_xstate[XSTATE_MAX];
static uint8_t home_fsave[FXSAVE_OFFSET + 1];
static const struct corpus_case *current;
static const unsigned long regions[] = REGIONS;

#ifdef __x86_64__
static unsigned long own_fs;

/* This runs with the thread's own fs base or without: no library. */
static long arch_prctl(int what, unsigned long value)
{
	long ret;

	asm volatile("syscall" : "=a" (ret)
		     : "0" (SYS_arch_prctl), "D" (what), "S" (value)
		     : "rcx", "r11", "memory");
	return ret;
}

static void set_bases(void)
{
	arch_prctl(ARCH_SET_GS, GS_BASE);
	arch_prctl(ARCH_SET_FS, FS_BASE);
}

static void take_bases(void)
{
	unsigned long fs, gs;

	arch_prctl(ARCH_GET_FS, (unsigned long)&fs);
	arch_prctl(ARCH_GET_GS, (unsigned long)&gs);
	arch_prctl(ARCH_SET_FS, own_fs);
	now.fs = fs;
	now.gs = gs;
}

static uint64_t fault_address(const mcontext_t *frame)
{
	return frame->gregs[REG_CR2];
}
#else
/* Here they are selectors, which the frame has. */
static void set_bases(void)
{
}

static void take_bases(void)
{
}

static uint64_t fault_address(const mcontext_t *frame)
{
	return frame->cr2;
}
#endif

static uint8_t *code_of(const struct corpus_case *c)
{
	unsigned long low = header->low * CODE_STRIDE;

	if (c->offset < low)
		return (uint8_t *)CODE_HIGH + c->offset;
	return (uint8_t *)CODE_LOW + (c->offset - low);
}

static uint8_t *xstate_of(ucontext_t *uc)
{
	return (uint8_t *)uc->uc_mcontext.fpregs + FXSAVE_OFFSET;
}

/* This function chooses the byte of a vector register that a case starts with. */
static uint8_t vector_byte(const struct corpus_case *c, int i)
{
	uint64_t x = (uint64_t)(c - cases) * 0x9e3779b97f4a7c15 + i / 8;

	/* A quarter of the words are small numbers, a quarter are doubles. */
	x ^= x >> 31;
	x *= 0xbf58476d1ce4e5b9;
	x ^= x >> 29;
	if ((x >> 60) % 4 == 0)
		return i % 8 ? 0 : x;
	if ((x >> 60) % 4 == 1)
		return i % 8 == 7 ? 0x3f : i % 8 == 6 ? 0xf0 | (x & 15) : 0;
	return x >> 8 * (i % 8);
}

static uint32_t xstate_size(const uint8_t *xstate)
{
	uint32_t magic, size;

	memcpy(&magic, xstate + XSTATE_SOFTWARE, sizeof(magic));
	memcpy(&size, xstate + XSTATE_SIZE, sizeof(size));
	if (magic != XSTATE_MAGIC)
		return XSTATE_HEADER;
	return size < XSTATE_MAX ? size : XSTATE_MAX;
}

static void load_case(ucontext_t *uc)
{
	greg_t *g = uc->uc_mcontext.gregs;
	uint8_t *xstate = xstate_of(uc);
	uint64_t bits;
	int i;

#ifdef __x86_64__
	g[REG_R8] = current->r8;
	g[REG_R9] = current->r9;
	g[REG_R10] = current->r10;
	g[REG_R11] = current->r11;
	g[REG_R12] = current->r12;
	g[REG_R13] = current->r13;
	g[REG_R14] = current->r14;
	g[REG_R15] = current->r15;
#endif
	g[REG_RAX] = current->ax;
	g[REG_RBX] = current->bx;
	g[REG_RCX] = current->cx;
	g[REG_RDX] = current->dx;
	g[REG_RSI] = current->si;
	g[REG_RDI] = current->di;
	g[REG_RBP] = current->bp;
	g[REG_RSP] = current->sp;
	g[REG_RIP] = (greg_t)code_of(current);
	g[REG_EFL] = current->flags | FIXED_FLAGS;

	/* What the case before has left here, maybe in a slot. */
	memset(xstate + X87_LAST, 0, X87_LAST_SIZE);
#ifndef __x86_64__
	memset((uint8_t *)uc->uc_mcontext.fpregs + FSAVE_LAST, 0,
	       FSAVE_LAST_SIZE);
#endif

	for (i = 0; i < 256; i++)
		xstate[XSTATE_XMM + i] = vector_byte(current, i);
	if (xstate_size(xstate) <= XSTATE_HEADER)
		return;
	memcpy(&bits, xstate + XSTATE_HEADER, sizeof(bits));
	bits |= 2;
	if (xstate_size(xstate) >= XSTATE_AVX + 256) {
		for (i = 0; i < 256; i++)
			xstate[XSTATE_AVX + i] = vector_byte(current, 256 + i);
		bits |= 4;
	}
	memcpy(xstate + XSTATE_HEADER, &bits, sizeof(bits));
}

/* This function goes from the harness into a case. */
static void on_start(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	uint8_t *xstate = xstate_of(uc);

	(void)signo;
	(void)info;
	home = *uc;
	memcpy(home_xstate, xstate, xstate_size(xstate));
	memcpy(home_fsave, uc->uc_mcontext.fpregs, FXSAVE_OFFSET);
	load_case(uc);
	set_bases();
}

/* This function goes from the end of a case back into the harness. */
static void on_end(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	uint8_t *xstate = xstate_of(uc);

	take_bases();
	now.signo = signo;
	now.code = info->si_code;
	now.address = signo == SIGTRAP ? 0 : (unsigned long)info->si_addr;
	now.cr2 = fault_address(&uc->uc_mcontext);
	memcpy(now.gregs, uc->uc_mcontext.gregs, sizeof(now.gregs));
	now.xstate_size = xstate_size(xstate);
	memcpy(now.xstate, xstate, now.xstate_size);
	/* These name the slot, which is what the instruction had. */
	memset(now.xstate + X87_LAST, 0, X87_LAST_SIZE);
	memset(now.xstate + XSTATE_SOFTWARE, 0, 48);

	memcpy(uc->uc_mcontext.gregs, home.uc_mcontext.gregs,
	       sizeof(home.uc_mcontext.gregs));
	memcpy(xstate, home_xstate, now.xstate_size);
	memcpy(uc->uc_mcontext.fpregs, home_fsave, FXSAVE_OFFSET);
}

static void catch_signals(void)
{
	static const int ends[] = {
		SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS,
	};
	static uint8_t alternate[1 << 16];
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK };
	unsigned int i;

	sigaltstack(&stack, NULL);
	action.sa_sigaction = on_start;
	sigaction(SIGUSR1, &action, NULL);
	action.sa_sigaction = on_end;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &action, NULL);
#ifdef __x86_64__
	arch_prctl(ARCH_GET_FS, (unsigned long)&own_fs);
#endif
}

/* This function executes one case and leaves the outcome in now. */
static void run_case(const struct corpus_case *c)
{
	uint8_t *region = (uint8_t *)(unsigned long)c->region;

	current = c;
	board->at = c - cases;
	if (verbose)
		printf("# at %lu\n", board->at);
	board->ticks++;
	memcpy(region, pristine, REGION_SIZE);
	/* AC, ID and NT would stay as the last popf has left them. */
	write_flags(FIXED_FLAGS);
	syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
	memcpy(now.memory, region, REGION_SIZE);
}

/* Say something of a case, with its bytes. */
static void say(unsigned long at, const char *fmt, ...)
{
	const struct corpus_case *c = &cases[at];
	va_list ap;
	int i;

	printf("#   case %lu (", at);
	for (i = 0; i < c->length; i++)
		printf("%s%02x", i ? " " : "", c->code[i]);
	printf("): ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

static bool differ(const char *what, uint64_t a, uint64_t b)
{
	if (a == b)
		return false;
	say(board->at, "%s: expected 0x%llx, saw 0x%llx", what,
	    (unsigned long long)a, (unsigned long long)b);
	return true;
}

/* This function prints the first difference between two bytes of memory. */
static bool differ_bytes(const char *what, const uint8_t *a, const uint8_t *b,
			 size_t size)
{
	char name[64];
	size_t i;

	if (!memcmp(a, b, size))
		return false;
	for (i = 0; a[i] == b[i]; i++)
		;
	snprintf(name, sizeof(name), "%s+0x%zx", what, i);
	return differ(name, a[i], b[i]);
}

static bool is_fault(const struct left *left)
{
	return left->signo != SIGTRAP;
}

/* This function compares and prints what differs first. */
static bool is_wrong(const struct left *a, const struct left *b)
{
	static const struct {
		const char *name;
		int reg;
	} named[] = {
		{ "ip", REG_RIP }, { "sp", REG_RSP }, { "ax", REG_RAX },
		{ "bx", REG_RBX }, { "cx", REG_RCX }, { "dx", REG_RDX },
		{ "si", REG_RSI }, { "di", REG_RDI }, { "bp", REG_RBP },
#ifdef __x86_64__
		{ "r8", REG_R8 }, { "r9", REG_R9 }, { "r10", REG_R10 },
		{ "r11", REG_R11 }, { "r12", REG_R12 }, { "r13", REG_R13 },
		{ "r14", REG_R14 }, { "r15", REG_R15 },
#else
		{ "ds", REG_DS }, { "es", REG_ES }, { "fs", REG_FS },
		{ "gs", REG_GS },
#endif
	}, told[] = {
		{ "trap", REG_TRAPNO }, { "error code", REG_ERR },
	};
	unsigned int i;

	if (differ("signal", a->signo, b->signo))
		return true;
	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (differ(named[i].name, a->gregs[named[i].reg],
			   b->gregs[named[i].reg]))
			return true;
	}
	/* The breakpoint at the end is no exception of the instruction. */
	for (i = 0; i < sizeof(told) / sizeof(told[0]) && is_fault(a); i++) {
		if (differ(told[i].name, a->gregs[told[i].reg],
			   b->gregs[told[i].reg]))
			return true;
	}
	/* cr2 is that of the last page fault, whoever had it. */
	if (is_fault(a) && a->gregs[REG_TRAPNO] == 14 &&
	    differ("cr2", a->cr2, b->cr2))
		return true;
	return differ("flags", a->gregs[REG_EFL] & ~RF,
		      b->gregs[REG_EFL] & ~RF) ||
	       differ("si_code", a->code, b->code) ||
	       differ("si_addr", a->address, b->address) ||
	       differ("fs base", a->fs, b->fs) ||
	       differ("gs base", a->gs, b->gs) ||
	       differ_bytes("vectors", a->xstate, b->xstate, a->xstate_size) ||
	       differ_bytes("memory", a->memory, b->memory, REGION_SIZE);
}

/* This function arms a probe on some cases of a batch, as one event. */
static int arm_cases(struct probe *p, unsigned long batch, unsigned long from,
		     unsigned long to)
{
	unsigned long i;
	int err = 0;

	memset(p, 0, sizeof(*p));
	for (i = from; i < to && !err; i++) {
		if (board->skip[i - batch])
			continue;
		err = p->defined ? probe_extend_at(p, CODE, cases[i].offset) :
				   probe_define_at(p, CODE, cases[i].offset);
	}
	return err ?: p->defined ? probe_arm(p) : 0;
}

/*
 * Find the cases of a batch that cannot be probed: of what is refused together
 * one half after the other.
 */
static void skip_refused(unsigned long batch, unsigned long from,
			 unsigned long to)
{
	unsigned long half = from + (to - from) / 2;
	struct probe p;
	int err = arm_cases(&p, batch, from, to);

	probe_remove(&p);
	if (!err)
		return;
	if (to - from > 1) {
		skip_refused(batch, from, half);
		skip_refused(batch, half, to);
		return;
	}
	say(from, "refused: error %d", err);
	board->refused++;
	board->skip[from - batch] = true;
}

/* This function runs a batch, in a child. */
static int run_batch(unsigned long from, unsigned long to)
{
	cpu_set_t one;
	struct probe p;
	unsigned long i;
	int err;

	/* Each processor has tables of its own, which sgdt tells. */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	catch_signals();
	board->probed = false;
	for (i = from; i < to; i++) {
		if (board->skip[i - from])
			continue;
		run_case(&cases[i]);
		first[i - from] = now;
	}

	err = arm_cases(&p, from, from, to);
	if (err && is_refusal(err)) {
		probe_remove(&p);
		skip_refused(from, from, to);
		err = arm_cases(&p, from, from, to);
	}
	if (err) {
		printf("#   cannot arm: error %d\n", err);
		probe_remove(&p);
		return 1;
	}

	board->probed = true;
	for (i = from; i < to; i++) {
		if (board->skip[i - from])
			continue;
		if (*code_of(&cases[i]) != INT3) {
			say(i, "not armed");
			board->wrong++;
			continue;
		}
		run_case(&cases[i]);
		if (is_wrong(&first[i - from], &now))
			board->wrong++;
		board->faults += is_fault(&now);
		board->done++;
	}
	probe_remove(&p);
	return 0;
}

/* This function waits for a child, and kills one that gets nowhere. */
static int wait_for(pid_t pid)
{
	unsigned long seen = board->ticks;
	int status, quiet = 0;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		/* not nanosleep(): a 32-bit one is a matter of configuration */
		poll(NULL, 0, 10);
		/* Arming and disarming take their time. */
		if (!board->probed || board->ticks != seen)
			quiet = 0;
		seen = board->ticks;
		if (++quiet > PATIENCE * 100)
			kill(pid, SIGKILL);
	}
	return status;
}

/* This function removes what a child has left that did not end well. */
static void remove_events(void)
{
	int fd = open("/sys/kernel/tracing/events/uprobekit/enable", O_WRONLY);

	if (fd >= 0) {
		if (write(fd, "0", 1) != 1)
			printf("#   cannot disable events\n");
		close(fd);
	}
	fd = open("/sys/kernel/tracing/uprobe_events", O_WRONLY | O_TRUNC);
	if (fd >= 0)
		close(fd);
}

/* Run a batch and say its outcome, behind these words. */
static bool batch(unsigned long number, enum side side, const char *head)
{
	unsigned long from = number * BATCH, to = from + BATCH, i;
	int status = -1, starts;

	if (to > header->cases)
		to = header->cases;
	memset(board, 0, sizeof(*board));
	for (i = from; i < to; i++)
		board->skip[i - from] = cases[i].refused[side];

	for (starts = 0; starts < RESTARTS; starts++) {
		unsigned long wrong = board->wrong;
		pid_t pid;

		board->done = 0;
		board->faults = 0;
		fflush(stdout);
		pid = fork();
		if (!pid)
			exit(run_batch(from, to));
		status = wait_for(pid);
		if (!status)
			break;
		/* What has been printed is printed again. */
		say(board->at, "%s: ended with status 0x%x",
		    board->probed ? "died" : "died without a probe", status);
		board->wrong = wrong + 1;
		board->skip[board->at - from] = true;
		remove_events();
	}
	printf("%soutcome=%s cases=%lu faults=%lu wrong=%lu refused=%lu\n",
	       head, status ? "died" : board->wrong ? "wrong" : "pass",
	       board->done, board->faults, board->wrong, board->refused);
	return !status && !board->wrong;
}

/* This function maps the corpus. */
static int read_corpus(void)
{
	int fd = open(CORPUS, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -1;
	header = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (header == MAP_FAILED || strcmp(header->magic, "corpus1"))
		return -1;
	cases = (const void *)(header + 1);
	if (sizeof(*header) + header->cases * sizeof(*cases) !=
	    (size_t)st.st_size)
		return -1;
	return 0;
}

static void *map_at(unsigned long where, size_t size, int prot, int fd,
		    off_t offset)
{
	int flags = MAP_FIXED_NOREPLACE | MAP_PRIVATE;

	return mmap((void *)where, size, prot,
		    fd < 0 ? flags | MAP_ANONYMOUS : flags, fd, offset);
}

/* This function writes the code into a file and maps it, and the data. */
static int map_all(void)
{
	size_t low = header->low * CODE_STRIDE;
	/* an instruction at the end crosses a page */
	size_t size = (header->cases * CODE_STRIDE + 8191) & ~4095UL;
	const int exec = PROT_READ | PROT_EXEC;
	uint8_t *code;
	unsigned long i;
	int fd;

	/* The batch before has had a file of its own. */
	unlink(CODE);
	fd = open(CODE, O_RDWR | O_CREAT | O_TRUNC, 0700);
	if (fd < 0 || ftruncate(fd, size))
		return -1;
	code = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (code == MAP_FAILED)
		return -1;
	memset(code, INT3, size);
	for (i = 0; i < header->cases; i++)
		memcpy(code + cases[i].offset, cases[i].code, cases[i].length);
	munmap(code, size);

	/* The last instruction in high memory ends on the page behind. */
	if ((low && map_at(CODE_HIGH, low + 4096, exec, fd, 0) == MAP_FAILED) ||
	    map_at(CODE_LOW, size - low, exec, fd, low) == MAP_FAILED)
		return -1;
	for (i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
		if (map_at(regions[i], REGION_SIZE, PROT_READ | PROT_WRITE, -1,
			   0) == MAP_FAILED)
			return -1;
	}
	close(fd);
	return 0;
}

/* This function fills the memory that operands are in: as the proof does. */
static void fill_pristine(void)
{
	uint64_t x = 1, i;

	for (i = 0; i < REGION_SIZE / 8; i++) {
		uint64_t word;

		x = x * 6364136223846793005 + 1442695040888963407;
		word = x ^ x >> 29;
		if (i / 8 % 4 == 2)
			word &= 0xff;
		else if (i / 8 % 4 == 3)
			word = 0;
		memcpy(pristine + 8 * i, &word, 8);
	}
}

static void *shared(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static unsigned long batches(void)
{
	return (header->cases + BATCH - 1) / BATCH;
}

/* All batches, in place of the runner: left out is what a side refuses. */
static int run_all(enum side side)
{
	unsigned long i, failed = 0;
	char head[32];

	printf("KTAP version 1\n1..%lu\n", batches());
	for (i = 0; i < batches(); i++) {
		bool good;

		snprintf(head, sizeof(head), "# batch-%03lu: ", i);
		good = batch(i, side, head);
		failed += !good;
		printf("%sok %lu batch-%03lu\n", good ? "" : "not ", i + 1, i);
	}
	printf("# uprobekit: %lu tests, %lu failed\n# uprobekit: done\n",
	       batches(), failed);
	return failed != 0;
}

static int list_all(void)
{
	unsigned long i;

	for (i = 0; i < batches(); i++)
		printf("test " ABI_PREFIX "corpus-%03lu pass\n", i);
	return 0;
}

/* A batch as a test of the runner: what a kernel refuses is not known before. */
static int run_one(const char *name)
{
	batch(strtoul(strrchr(name, '-') + 1, NULL, 10), BASE, "");
	trace_record(true);
	return 0;
}

/* Return what is missing, or NULL. */
static const char *prepare(void)
{
	board = shared(sizeof(*board));
	first = shared(BATCH * sizeof(*first));
	pristine = shared(REGION_SIZE);
	if (board == MAP_FAILED || first == MAP_FAILED ||
	    pristine == MAP_FAILED || map_all())
		return "memory";
	if (trace_record(false))
		return "tracefs";
	fill_pristine();
	return NULL;
}

int main(int argc, char **argv)
{
	const char *missing;
	enum side side = OURS;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--side=base"))
			side = BASE;
		verbose |= !strcmp(argv[i], "--verbose");
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	missing = read_corpus() ? CORPUS : NULL;
	if (!missing && argc == 2 && !strcmp(argv[1], "--list"))
		return list_all();
	missing = missing ?: prepare();
	if (!missing && argc == 3 && !strcmp(argv[1], "--run"))
		return run_one(argv[2]);
	if (!missing)
		return run_all(side);
	printf("KTAP version 1\nBail out! no %s: %s\n", missing,
	       strerror(errno));
	return 1;
}
