// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run one site, catch the fault it may raise, and compare two runs.
 */
#include "site.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "abi.h"
#include "result.h"

/*
 * The resume flag is set in the flags that a fault saves.  Whether it still is
 * when the fault was raised by a copy of the instruction says nothing about
 * the program.
 */
#define X86_EFLAGS_RF	0x10000

#ifdef __i386__
# define NR_REGS	8
static const int greg_order[NR_REGS] = {
	REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI,
};
#else
# define NR_REGS	16
static const int greg_order[NR_REGS] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};
#endif

static const char * const reg_names[16] = {
	"ax", "cx", "dx", "bx", "sp", "bp", "si", "di",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};

static struct site_fault last_fault;

/* This function returns the name of the test that the site belongs to. */
const char *site_name(const struct site *site)
{
	return (const char *)(uintptr_t)site->name;
}

/* This function returns which of the test's sites this is. */
const char *site_variant(const struct site *site)
{
	return (const char *)(uintptr_t)site->variant;
}

/* This function returns the address of the instruction to probe. */
const void *site_bp(const struct site *site)
{
	return (const void *)(uintptr_t)site->bp;
}

/*
 * This function gets called for a fault in a site.  It notes everything the
 * program is told, and ends the site.
 */
static void on_fault(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *gregs = uc->uc_mcontext.gregs;
	int i;

	last_fault.signo = signo;
	last_fault.code = info->si_code;
	last_fault.addr = (uintptr_t)info->si_addr;
	last_fault.ip = gregs[REG_IP];
	last_fault.flags = gregs[REG_EFL];
	last_fault.trapno = gregs[REG_TRAPNO];
	last_fault.err = gregs[REG_ERR];
#ifdef __i386__
	last_fault.cr2 = uc->uc_mcontext.cr2;
#else
	last_fault.cr2 = gregs[REG_CR2];
#endif
	for (i = 0; i < NR_REGS; i++)
		last_fault.reg[i] = gregs[greg_order[i]];
	gregs[REG_IP] = (greg_t)(uintptr_t)site_exit;
}

/*
 * This function installs the handlers.  They run on a stack of their own, since
 * the site's stack is compared.  SIGTRAP stays deadly: that is how the baseline
 * answers a hit.
 */
static void catch_faults(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	static uint8_t alt_stack[65536];
	const stack_t ss = {
		.ss_sp = alt_stack,
		.ss_size = sizeof(alt_stack),
	};
	struct sigaction sa = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	size_t i;

	sigaltstack(&ss, NULL);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

/* This function fills memory with bytes that differ from their neighbours. */
static void fill_pattern(uint8_t *mem, size_t size, unsigned int seed)
{
	size_t i;

	for (i = 0; i < size; i++)
		mem[i] = (i * 7 + (i >> 8) * 31 + seed) & 0xff;
}

/*
 * This function sets up what a site starts with: all arithmetic flags but the
 * zero flag set, and each register different.
 */
static void prepare(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		site_in.reg[i] = 0x0123456789abcdefULL * (2 * i + 3);
	site_in.reg[SITE_SP / 8] = (uintptr_t)site_stack + SITE_STACK_SIZE / 2;
	site_in.flags = 0x897;
	fill_pattern(&site_in.vec[0][0], sizeof(site_in.vec), 1);
	fill_pattern(site_data, SITE_DATA_SIZE, 2);
	fill_pattern(site_stack, SITE_STACK_SIZE, 3);
	memset(&site_out, 0, sizeof(site_out));
	memset(&last_fault, 0, sizeof(last_fault));
	site_has_avx = __builtin_cpu_supports("avx2") != 0;
}

/*
 * This function runs a site and stores everything it may have changed.  The
 * caller is a child that ends soon: its handlers are replaced.
 */
void site_execute(const struct site *site, struct site_state *state)
{
	catch_faults();
	prepare();
	if (mprotect(site_guard, sizeof(site_guard), PROT_NONE))
		abort();
	site_target = site->entry;
	site_run();
	state->regs = site_out;
	state->fault = last_fault;
	memcpy(state->data, site_data, SITE_DATA_SIZE);
	memcpy(state->stack, site_stack, SITE_STACK_SIZE);
}

/* This function compares one value and explains a difference. */
static bool same(const struct site *site, const char *what, uint64_t want,
		 uint64_t got)
{
	if (want == got)
		return true;
	note("%s: %s: expected %#llx, saw %#llx", site_variant(site), what,
	     (unsigned long long)want, (unsigned long long)got);
	return false;
}

/* This function compares memory; the first difference is explained. */
static bool same_mem(const struct site *site, const char *what,
		     const uint8_t *want, const uint8_t *got, size_t size)
{
	char name[32];
	size_t i;

	for (i = 0; i < size; i++) {
		if (want[i] != got[i]) {
			snprintf(name, sizeof(name), "%s+%zu", what, i);
			return same(site, name, want[i], got[i]);
		}
	}
	return true;
}

/* This function compares what the handlers were told. */
static bool same_fault(const struct site *site, const struct site_fault *want,
		       const struct site_fault *got)
{
	bool good;
	int i;

	good = same(site, "signal", want->signo, got->signo);
	if (!want->signo) {
		note("%s: at ip %#llx", site_variant(site),
		     (unsigned long long)got->ip);
		return false;
	}
	good &= same(site, "si_code", want->code, got->code);
	good &= same(site, "si_addr", want->addr, got->addr);
	good &= same(site, "fault ip", want->ip, got->ip);
	good &= same(site, "fault flags", want->flags & ~X86_EFLAGS_RF,
		     got->flags & ~X86_EFLAGS_RF);
	good &= same(site, "fault error code", want->err, got->err);
	good &= same(site, "fault cr2", want->cr2, got->cr2);
	if (site->kind & SITE_TRAPNO)
		good &= same(site, "trap number", want->trapno, got->trapno);
	for (i = 0; i < 16; i++)
		good &= same(site, reg_names[i], want->reg[i], got->reg[i]);
	return good;
}

/* This function compares a probed run with the unprobed one. */
bool site_compare(const struct site *site, const struct site_state *want,
		  const struct site_state *got)
{
	uint64_t defined = ~site->undef;
	bool good = true;
	int i;

	for (i = 0; i < 16; i++)
		good &= same(site, reg_names[i], want->regs.reg[i],
			     got->regs.reg[i]);
	good &= same(site, "flags", want->regs.flags & defined,
		     got->regs.flags & defined);
	good &= same_mem(site, "vector registers", &want->regs.vec[0][0],
			 &got->regs.vec[0][0], sizeof(want->regs.vec));
	good &= same_mem(site, "data", want->data, got->data, SITE_DATA_SIZE);
	good &= same_mem(site, "stack", want->stack, got->stack,
			 SITE_STACK_SIZE);
	if (want->fault.signo || got->fault.signo)
		good &= same_fault(site, &want->fault, &got->fault);
	return good;
}
