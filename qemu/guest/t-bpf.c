// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of handlers that are programs of BPF: they change registers, move the
 * task elsewhere, and see a call together with its return.
 *
 * The programs are written as instructions: there is no compiler here.
 */
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <unistd.h>

#include "child.h"
#include "hits-64.h"
#include "perf.h"
#include "tests.h"

#define CALLS		10
#define FIRST_CALLS	3
#define REG(_name)	offsetof(struct user_regs_struct, _name)

/* Not in every header: enum bpf_attach_type and enum bpf_func_id, since 6.13. */
#define UPROBE_SESSION	57
#define GET_FUNC_IP	173

#define INSN(_code, _dst, _src, _off, _imm) \
	{ .code = (_code), .dst_reg = (_dst), .src_reg = (_src), \
	  .off = (_off), .imm = (_imm) }
#define MOV(_dst, _src)		INSN(BPF_ALU64 | BPF_MOV | BPF_X, _dst, _src, 0, 0)
#define SET(_dst, _imm)		INSN(BPF_ALU64 | BPF_MOV | BPF_K, _dst, 0, 0, _imm)
#define ADD(_dst, _imm)		INSN(BPF_ALU64 | BPF_ADD | BPF_K, _dst, 0, 0, _imm)
#define AND(_dst, _imm)		INSN(BPF_ALU64 | BPF_AND | BPF_K, _dst, 0, 0, _imm)
#define LOAD(_dst, _src, _off)	INSN(BPF_LDX | BPF_MEM | BPF_DW, _dst, _src, _off, 0)
#define STORE(_dst, _off, _src)	INSN(BPF_STX | BPF_MEM | BPF_DW, _dst, _src, _off, 0)
#define COUNT(_dst, _off, _src)	INSN(BPF_STX | BPF_ATOMIC | BPF_DW, _dst, _src, _off, BPF_ADD)
#define SAME(_dst, _src, _far)	INSN(BPF_JMP | BPF_JEQ | BPF_X, _dst, _src, _far, 0)
#define SOME(_dst, _far)	INSN(BPF_JMP | BPF_JNE | BPF_K, _dst, 0, _far, 0)
#define CALL(_id)		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, _id)
#define END			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* Two instructions: a value of 64 bits, or a map by its descriptor. */
#define SET64(_dst, _value) \
	INSN(BPF_LD | BPF_DW | BPF_IMM, _dst, 0, 0, (uint32_t)(_value)), \
	INSN(0, 0, 0, 0, (uint64_t)(_value) >> 32)
#define MAP(_dst, _fd) \
	INSN(BPF_LD | BPF_DW | BPF_IMM, _dst, BPF_PSEUDO_MAP_FD, 0, _fd), \
	INSN(0, 0, 0, 0, 0)

/* What BPF_LINK_CREATE takes for many probes at once; not in every header. */
struct link_probes {
	uint32_t	prog_fd;
	uint32_t	target_fd;
	uint32_t	attach_type;
	uint32_t	link_flags;
	uint64_t	path;
	uint64_t	offsets;
	uint64_t	counters;
	uint64_t	cookies;
	uint32_t	count;
	uint32_t	flags;
	uint32_t	pid;
	uint32_t	room;
};

/* This function loads a program and returns its descriptor. */
static int load(const struct bpf_insn *insns, size_t size, int attach_type)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_KPROBE,
		.insns = (uintptr_t)insns,
		.insn_cnt = size / sizeof(*insns),
		.license = (uintptr_t)"GPL",
		.expected_attach_type = attach_type,
	};

	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* This function loads a program that sets a register to a value. */
static int load_setting(size_t reg, unsigned long value)
{
	const struct bpf_insn insns[] = {
		SET64(2, value),
		STORE(1, reg, 2),
		SET(0, 1),
		END,
	};

	return load(insns, sizeof(insns), 0);
}

/* This function returns what the kernel lacks of programs that change it. */
static const char *lacks_changes(void)
{
	int fd = load_setting(REG(rip), 0);

	if (fd < 0)
		return "no program of BPF may change registers here";
	close(fd);
	return NULL;
}

/*
 * This function tests a probe, of the return if that is asked for, whose
 * handler sets a register to a value.
 */
static void set_register(struct result *r, hit_fn hit, int (*child)(void),
			 bool is_return, size_t reg, unsigned long value)
{
	int prog = load_setting(reg, value);
	pid_t pid = start_child(child);
	int fd = perf_probe(pid, (const void *)(uintptr_t)hit, is_return);
	int status;

	expect(r, fd >= 0, "cannot open a probe for a process");
	expect(r, !ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog),
	       "the program cannot be its handler");
	board->go = 1;
	status = wait_child(pid);
	judge(r, status, perf_count(fd), CALLS);
	close(fd);
	close(prog);
}

/* This function waits for its probe. */
static void wait_for_probe(void)
{
	while (!board->go)
		nap_ms(1);
}

/* This function is where the handlers send a task. */
static long elsewhere(long x)
{
	return x + 1;
}

/* This function expects that every call of a function ends elsewhere. */
static int goes_elsewhere(hit_fn hit)
{
	long i;

	wait_for_probe();
	for (i = 0; i < CALLS; i++)
		CHECK(hit(i) == i + 1);
	return 0;
}

static int stepped_moves(void)
{
	return goes_elsewhere(hit_xol);
}

static int emulated_moves(void)
{
	return goes_elsewhere(hit_push);
}

/*
 * These functions test that the instruction is not executed where the handler
 * has sent the task elsewhere, whether it would be stepped or not.
 */
static void bpf_move_stepped(struct result *r)
{
	set_register(r, hit_xol, stepped_moves, false, REG(rip),
		     (uintptr_t)elsewhere);
}

static void bpf_move_emulated(struct result *r)
{
	set_register(r, hit_push, emulated_moves, false, REG(rip),
		     (uintptr_t)elsewhere);
}

/* This function expects that its argument is always taken for seven. */
static int argument_is_seven(void)
{
	long i;

	wait_for_probe();
	for (i = 0; i < CALLS; i++)
		CHECK(hit_xol(i) == 3 * 7);
	return 0;
}

/* This function tests that the instruction is executed with what is set. */
static void bpf_argument(struct result *r)
{
	set_register(r, hit_xol, argument_is_seven, false, REG(rdi), 7);
}

/* This function expects that a function returns what it does not. */
static int returns_minus_five(void)
{
	long i;

	wait_for_probe();
	for (i = 0; i < CALLS; i++)
		CHECK(hit_xol(i) == -5);
	return 0;
}

/* This function tests that a handler of a return may say what is returned. */
static void bpf_return(struct result *r)
{
	set_register(r, hit_xol, returns_minus_five, true, REG(rax), -5);
}

/* This function calls what begins with a NOP of five bytes. */
static long call_marker(long x)
{
	long result, argument = x;

	asm volatile("sub $256, %%rsp\n\tcall hit_marker\n\tadd $256, %%rsp"
		     : "=a" (result), "+c" (x), "+D" (argument) : : "memory", "cc");
	return result;
}

/* This function hits it with a handler that does nothing, then with one that does something. */
static int marker_becomes(long term, long factor)
{
	long i;

	wait_for_probe();
	for (i = 0; i < FIRST_CALLS; i++)
		CHECK(call_marker(i) == 3 * i);
	board->ready = 1;
	while (board->go < 2)
		nap_ms(1);
	for (i = 0; i < CALLS; i++)
		CHECK(call_marker(i) == term + factor * i);
	return 0;
}

static int marker_moves(void)
{
	return marker_becomes(1, 1);
}

static int marker_is_seven(void)
{
	return marker_becomes(3 * 7, 0);
}

/*
 * This function tests a handler that does something from the fourth hit of the
 * NOP on: the kernel may have made a call of it by then.
 */
static void set_at_marker(struct result *r, int (*child)(void), size_t reg,
			  unsigned long value)
{
	int prog = load_setting(reg, value);
	pid_t pid = start_child(child);
	int fd = perf_probe(pid, (const void *)(uintptr_t)hit_marker, false);
	bool ended = false;
	int status;

	expect(r, fd >= 0, "cannot open a probe for a process");
	board->go = 1;
	while (!board->ready && !(ended = child_ended(pid, &status)))
		nap_ms(1);
	expect(r, !ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog),
	       "the program cannot be its handler");
	board->go = 2;
	if (!ended)
		status = wait_child(pid);
	judge(r, status, perf_count(fd), FIRST_CALLS + CALLS);
	close(fd);
	close(prog);
}

/* These functions test that the task goes elsewhere, and that it gets rcx. */
static void bpf_move_marker(struct result *r)
{
	set_at_marker(r, marker_moves, REG(rip), (uintptr_t)elsewhere);
}

static void bpf_argument_marker(struct result *r)
{
	set_at_marker(r, marker_is_seven, REG(rcx), 7);
}

/*
 * This function loads a program that counts calls in the first word of a map
 * and returns in the second.  It says of a call with an odd argument that its
 * return does not matter.
 */
static int load_session(int map)
{
	const struct bpf_insn insns[] = {
		MOV(6, 1),
		SET(2, 0),
		STORE(10, -8, 2),
		MOV(2, 10),
		ADD(2, -8),
		MAP(1, map),
		CALL(BPF_FUNC_map_lookup_elem),
		SOME(0, 1),
		END,
		MOV(7, 0),
		MOV(1, 6),
		CALL(GET_FUNC_IP),
		LOAD(2, 6, REG(rip)),
		SET(1, 1),
		SAME(0, 2, 3),
		COUNT(7, 8, 1),
		SET(0, 0),
		END,
		COUNT(7, 0, 1),
		LOAD(0, 6, REG(rdi)),
		AND(0, 1),
		END,
	};

	return load(insns, sizeof(insns), UPROBE_SESSION);
}

/* This function has a session for each call of a function; it may fail. */
static int open_session(int prog, const void *address)
{
	uint64_t offset = file_offset(address);
	struct link_probes attr = {
		.prog_fd = prog,
		.attach_type = UPROBE_SESSION,
		.path = (uintptr_t)"/proc/self/exe",
		.offsets = (uintptr_t)&offset,
		.count = 1,
	};

	return syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
}

/* This function makes a map of two words. */
static int make_words(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = 2 * sizeof(uint64_t),
		.max_entries = 1,
	};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

/* This function reads the two words. */
static void read_words(int map, uint64_t *words)
{
	uint32_t key = 0;
	union bpf_attr attr = {
		.map_fd = map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)words,
	};

	words[0] = words[1] = -1UL;
	syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr));
}

/* This function returns what the kernel lacks of sessions. */
static const char *lacks_sessions(void)
{
	int map = make_words();
	int prog = load_session(map);
	int link = open_session(prog, (const void *)(uintptr_t)elsewhere);

	close(map);
	close(prog);
	if (link < 0)
		return "no program of BPF has sessions here";
	close(link);
	return NULL;
}

/* This function calls the function of the session. */
static int in_session(void)
{
	return hit_times(hit_xol, CALLS);
}

/*
 * This function tests that two sessions see every call, and the returns of
 * those that they want.
 */
static void bpf_session(struct result *r)
{
	const void *address = (const void *)(uintptr_t)hit_xol;
	int i, status, maps[2], progs[2], links[2];
	uint64_t words[2];

	for (i = 0; i < 2; i++) {
		maps[i] = make_words();
		progs[i] = load_session(maps[i]);
		links[i] = open_session(progs[i], address);
		expect(r, links[i] >= 0, "cannot open session %d", i);
	}
	status = wait_child(start_child(in_session));
	for (i = 0; i < 2; i++) {
		read_words(maps[i], words);
		judge(r, status, words[0], CALLS);
		if (words[0])
			expect(r, words[1] == CALLS / 2,
			       "returns: expected %d, saw %lu", CALLS / 2,
			       words[1]);
		close(links[i]);
		close(progs[i]);
		close(maps[i]);
	}
}

const struct test bpf_tests[] = {
	TEST_IF("bpf-move-stepped", "sigtrap", bpf_move_stepped, lacks_changes),
	TEST_IF("bpf-move-emulated", "sigtrap", bpf_move_emulated, lacks_changes),
	TEST_IF("bpf-argument", "sigtrap", bpf_argument, lacks_changes),
	TEST_IF("bpf-move-marker", "sigtrap", bpf_move_marker, lacks_changes),
	TEST_IF("bpf-argument-marker", "sigtrap", bpf_argument_marker, lacks_changes),
	TEST_IF("bpf-return", "sigtrap", bpf_return, lacks_changes),
	TEST_IF("bpf-session", "sigtrap", bpf_session, lacks_sessions),
	{ .name = NULL },
};
