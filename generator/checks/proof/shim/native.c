// SPDX-License-Identifier: GPL-2.0-only
/*
 * One instruction at a time on the processor at hand, for encodings that the
 * emulator does not know.
 *
 *	native FD ADDRESS,SIZE,OFFSET,PROT ...
 *
 * FD is a file whose first page is a struct native_state; the other arguments
 * map parts of it as the memory of a task, addresses and sizes in hexadecimal,
 * PROT as mmap() takes it. After the first byte on its output, which says that
 * it is ready, it executes for each byte on its input the instruction at
 * regs.ip under the trap flag, and answers with a byte when state says what
 * has come of it. It ends with its input.
 *
 * All of this happens in a signal handler: returning from it loads registers,
 * vector registers and the mode, 32-bit code included, and the trap behind the
 * instruction enters it again.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define TF		0x100
#define FIXED_FLAGS	0x202
#define USER_FLAGS	0xcd5	/* OF, DF, SF, ZF, AF, PF, CF */
#define CS_64		0x33
#define CS_32		0x23
#define DS		0x2b
#define GS_BASE		0x80
#define PAGE_FAULT	14

/* The frame of a signal, as XSAVE lays it out: SDM volume 1, 13.4 */
#define XSTATE_MAGIC	0x46505853
#define XSTATE_SOFTWARE	464
#define XSTATE_HEADER	512
#define XSTATE_MXCSR	24
#define XSTATE_XMM	160
enum { X87, SSE, AVX, OPMASK = 5, ZMM_HIGH, ZMM_16 };

struct native_state {
	/* struct pt_regs */
	uint64_t r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx;
	uint64_t si, di, orig_ax, ip, cs, flags, sp, ss;
	uint64_t trap;		/* number of the exception, 1 for the step */
	uint64_t address;	/* of a page fault */
	uint64_t features;	/* state components that there are */
	uint32_t mxcsr;
	uint32_t unused;
	uint64_t k[8];
	uint8_t zmm[32][64];
};

static struct native_state *state;
static uint32_t offset_of[8];
static uint8_t alternate[1 << 16];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Where each of the general registers stands in a signal's frame */
#define FOR_EACH_REGISTER(do)						\
	do(R15, r15) do(R14, r14) do(R13, r13) do(R12, r12)		\
	do(R11, r11) do(R10, r10) do(R9, r9) do(R8, r8)			\
	do(RBP, bp) do(RBX, bx) do(RAX, ax) do(RCX, cx) do(RDX, dx)	\
	do(RSI, si) do(RDI, di) do(RSP, sp) do(RIP, ip)

static void load_registers(greg_t *gregs)
{
#define LOAD(theirs, ours)	gregs[REG_##theirs] = state->ours;
	FOR_EACH_REGISTER(LOAD)
	gregs[REG_EFL] = (state->flags & USER_FLAGS) | FIXED_FLAGS | TF;
	/* cs, gs, fs and ss are 16 bits each. */
	gregs[REG_CSGSFS] &= ~0xffffLL;
	gregs[REG_CSGSFS] |= state->cs == CS_32 ? CS_32 : CS_64;
}

static void save_registers(const greg_t *gregs)
{
#define SAVE(theirs, ours)	state->ours = gregs[REG_##theirs];
	FOR_EACH_REGISTER(SAVE)
	state->flags = (state->flags & ~USER_FLAGS) |
		       (gregs[REG_EFL] & USER_FLAGS);
	state->trap = gregs[REG_TRAPNO];
	state->address = state->trap == PAGE_FAULT ? gregs[REG_CR2] : 0;
}

/* Copy between a part of the frame and ours; what is not there is zero. */
static void copy_part(uint8_t *frame, int component, uint32_t offset,
		      void *ours, size_t size, int to_frame)
{
	uint64_t *there = (uint64_t *)(frame + XSTATE_HEADER);
	uint64_t bit = 1ULL << component;

	if (!(state->features & bit))
		return;
	if (to_frame) {
		*there |= bit;
		memcpy(frame + offset, ours, size);
	} else if (*there & bit) {
		memcpy(ours, frame + offset, size);
	} else {
		memset(ours, 0, size);
	}
}

static void copy_vectors(uint8_t *frame, int to_frame)
{
	int i;

	for (i = 0; i < 32; i++) {
		uint8_t *zmm = state->zmm[i];

		if (i >= 16) {
			copy_part(frame, ZMM_16,
				  offset_of[ZMM_16] + (i - 16) * 64, zmm, 64,
				  to_frame);
			continue;
		}
		copy_part(frame, SSE, XSTATE_XMM + i * 16, zmm, 16, to_frame);
		copy_part(frame, AVX, offset_of[AVX] + i * 16, zmm + 16, 16,
			  to_frame);
		copy_part(frame, ZMM_HIGH, offset_of[ZMM_HIGH] + i * 32,
			  zmm + 32, 32, to_frame);
	}
	copy_part(frame, OPMASK, offset_of[OPMASK], state->k, sizeof(state->k),
		  to_frame);
	if (to_frame)
		memcpy(frame + XSTATE_MXCSR, &state->mxcsr, 4);
	else
		memcpy(&state->mxcsr, frame + XSTATE_MXCSR, 4);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	mcontext_t *frame = &((ucontext_t *)context)->uc_mcontext;
	uint8_t *xstate = (uint8_t *)frame->fpregs;
	static int begun;
	uint32_t magic;
	char byte = 0;

	if (begun) {
		save_registers(frame->gregs);
		copy_vectors(xstate, 0);
	} else {
		memcpy(&magic, xstate + XSTATE_SOFTWARE, sizeof(magic));
		if (magic == XSTATE_MAGIC)
			memcpy(&state->features, xstate + XSTATE_SOFTWARE + 8,
			       sizeof(state->features));
		begun = 1;
	}
	if (write(1, &byte, 1) != 1 || read(0, &byte, 1) != 1)
		_exit(0);
	load_registers(frame->gregs);
	copy_vectors(xstate, 1);
}

static void map_part(int fd, const char *text)
{
	unsigned long address, size, offset;
	int prot;
	void *there;

	if (sscanf(text, "%lx,%lx,%lx,%d", &address, &size, &offset,
		   &prot) != 4) {
		fprintf(stderr, "%s: not a mapping\n", text);
		exit(1);
	}
	there = mmap((void *)address, size, prot,
		     MAP_SHARED | MAP_FIXED_NOREPLACE, fd, offset);
	if (there != (void *)address)
		die(text);
}

static void catch_signals(void)
{
	static const int caught[] = {
		SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS,
	};
	struct sigaction action = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	size_t i;

	if (sigaltstack(&stack, NULL))
		die("sigaltstack");
	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		if (sigaction(caught[i], &action, NULL))
			die("sigaction");
	}
}

int main(int argc, char **argv)
{
	unsigned int size, offset, c, d, i;
	int fd;

	if (argc < 2)
		return 1;
	fd = atoi(argv[1]);
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED,
		     fd, 0);
	if (state == MAP_FAILED)
		die("mmap");
	for (i = 2; i < (unsigned int)argc; i++)
		map_part(fd, argv[i]);
	for (i = AVX; i <= ZMM_16; i++) {
		__cpuid_count(0xd, i, size, offset, c, d);
		offset_of[i] = offset;
	}
	catch_signals();
	if (syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE))
		die("arch_prctl");
	/* 32-bit code does not do without. */
	asm volatile("mov %0, %%ds; mov %0, %%es" : : "r" (DS));
	raise(SIGTRAP);
	return 1;
}
