// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of mappings: files that come and go, and the page of the slots.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ucontext.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "tests.h"

#define CODE_FILE	"/tmp/code"
#define WRITE_ONLY	"/sys/bus/cpu/drivers_probe"
#define PAGE		4096

/* The number of the exception that int3 raises */
#define TRAP_BP		3

/* Of every kernel so far. */
#define SLOT_BYTES	128

/* This function makes a file with code at the beginning of its last page. */
static bool make_code(const char *begin, const char *end, off_t offset)
{
	int fd = open(CODE_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	size_t size = end - begin;
	bool good;

	good = fd >= 0 && pwrite(fd, begin, size, offset) == (ssize_t)size &&
	       !ftruncate(fd, offset + PAGE);
	close(fd);
	return good;
}

/* This function maps pages of the file, anywhere or at the address given. */
static void *map_pages(void *where, int flags, int count)
{
	int fd = open(CODE_FILE, O_RDONLY | O_CLOEXEC);
	void *code;

	if (where)
		flags |= MAP_FIXED;
	code = mmap(where, count * PAGE, PROT_READ | PROT_EXEC, flags, fd, 0);
	close(fd);
	return code;
}

/* This function maps the first page. */
static void *map_code(void *where, int flags)
{
	return map_pages(where, flags, 1);
}

/* This function reserves pages that nobody uses. */
static void *map_room(int count)
{
	return mmap(NULL, count * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
}

/* This function moves a mapping of one page. */
static bool move_page(void *from, void *to)
{
	return mremap(from, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) ==
	       to;
}

/* This function hits in the mapped code. */
static int hit_code(void *code, int times)
{
	CHECK(code != MAP_FAILED);
	return hit_times((hit_fn)code, times);
}

/* This function maps, hits, unmaps, and does so again. */
static int map_unmap(void)
{
	void *code;
	int i;

	for (i = 0; i < 20; i++) {
		code = map_code(NULL, MAP_PRIVATE);
		CHECK(!hit_code(code, 10));
		CHECK(!munmap(code, PAGE));
	}
	return 0;
}

/* This function has the same code mapped at two addresses. */
static int map_twice(void)
{
	void *a = map_code(NULL, MAP_PRIVATE);
	void *b = map_code(NULL, MAP_PRIVATE);

	CHECK(a != b);
	CHECK(!hit_code(a, 10));
	CHECK(!hit_code(b, 10));
	CHECK(!munmap(a, PAGE));
	return hit_code(b, 10);
}

/* This function maps other code over the probed one, and back. */
static int map_over(void)
{
	size_t size = code_end - code_begin;
	void *code = map_code(NULL, MAP_PRIVATE);

	CHECK(!hit_code(code, 10));
	CHECK(mmap(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == code);
	memcpy(code, code_begin, size);
	CHECK(!hit_code(code, 10));
	CHECK(map_code(code, MAP_PRIVATE) == code);
	return hit_code(code, 10);
}

/* This function moves the probed code to another address. */
static int map_move(void)
{
	void *code = map_code(NULL, MAP_PRIVATE);
	void *room = map_room(1);

	CHECK(!hit_code(code, 10));
	CHECK(move_page(code, room));
	return hit_code(room, 10);
}

/*
 * This function moves the probed code away from the page behind it, and back:
 * the two mappings are one again before what is in the page has moved.
 */
static int map_join(void)
{
	void *code = map_pages(NULL, MAP_PRIVATE, 2);
	void *room = map_room(1);

	CHECK(!hit_code(code, 10));
	CHECK(move_page(code, room));
	CHECK(!hit_code(room, 10));
	CHECK(move_page(room, code));
	return hit_code(code, 10);
}

/* What one page table maps */
#define TABLE		(sizeof(long) == 8 ? 2UL << 20 : 4UL << 20)

/*
 * This function does the same with whole page tables: where they are moved to,
 * there must be none.  Fault: what was armed too early is taken back, and its
 * page table stays; the kernel warns.
 */
static int map_join_tables(void)
{
	uintptr_t room = (uintptr_t)map_room(4 * TABLE / PAGE) + TABLE - 1;
	void *code = (void *)(room & -TABLE);
	void *other = code + 2 * TABLE;

	CHECK(map_pages(code, MAP_PRIVATE, 2 * TABLE / PAGE) == code);
	CHECK(!hit_code(code, 10));
	CHECK(mremap(code, TABLE, TABLE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     other) == other);
	CHECK(!hit_code(other, 10));
	CHECK(mremap(other, TABLE, TABLE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     code) == code);
	return hit_code(code, 10);
}

/* This function has a mapping of the first page grow over the second one. */
static int map_grow(char *room, int flags)
{
	char *code = map_code(room, MAP_PRIVATE);

	CHECK(code == room);
	code = mremap(code, PAGE, 2 * PAGE, flags);
	return hit_code(code == MAP_FAILED ? code : code + PAGE, 10);
}

/* This function has it grow where it is. */
static int map_grow_here(void)
{
	char *room = map_room(2);

	CHECK(!munmap(room + PAGE, PAGE));
	return map_grow(room, 0);
}

/* This function has it move: where it is, there is no room. */
static int map_grow_there(void)
{
	return map_grow(map_room(2), MREMAP_MAYMOVE);
}

/* This function moves the page away, and leaves the mapping where it is. */
static int map_stay(void)
{
	void *code = map_code(NULL, MAP_PRIVATE);
	void *room;

	CHECK(!hit_code(code, 10));
	room = mremap(code, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		      NULL);
	CHECK(!hit_code(room, 10));
	return hit_code(code, 10);
}

/* This function takes the permission to execute away, and gives it back. */
static int map_protect(void)
{
	void *code = map_code(NULL, MAP_PRIVATE);

	CHECK(!hit_code(code, 10));
	CHECK(!mprotect(code, PAGE, PROT_READ));
	CHECK(!mprotect(code, PAGE, PROT_READ | PROT_EXEC));
	return hit_code(code, 10);
}

/* Make the code writable after it was hit, as those do who patch it. */
static int map_writable(void)
{
	void *code = map_code(NULL, MAP_PRIVATE);

	CHECK(!hit_code(code, 10));
	CHECK(!mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
	return hit_code(code, 10);
}

/* The first bytes of the probed instruction that are in the first page */
#define HEAD_SIZE	2
#define HEAD_AT		(PAGE - HEAD_SIZE)

/*
 * Map one page after the other into memory that is reserved and has something
 * else in it: when the first one is there, the instruction is not yet complete.
 * The two are not joined.
 */
static int map_pieces(void)
{
	const int both = PROT_READ | PROT_WRITE;
	char *room = mmap(NULL, 2 * PAGE, both, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	int fd = open(CODE_FILE, O_RDONLY | O_CLOEXEC);

	CHECK(room != MAP_FAILED);
	memset(room, 0x55, 2 * PAGE);
	CHECK(map_code(room, MAP_PRIVATE) == room);
	CHECK(mmap(room + PAGE, PAGE, both | PROT_EXEC,
		   MAP_PRIVATE | MAP_FIXED, fd, PAGE) == room + PAGE);
	return hit_code(room + HEAD_AT, 10);
}

/* This function hits in a shared mapping, in which nothing is ever probed. */
static int map_shared(void)
{
	return hit_code(map_code(NULL, MAP_SHARED), 10);
}

/* This function drops the page that has the breakpoint in it. */
static int map_drop(void)
{
	void *code = map_code(NULL, MAP_PRIVATE);

	CHECK(!hit_code(code, 10));
	CHECK(!madvise(code, PAGE, MADV_DONTNEED));
	return hit_code(code, 10);
}

/* This function tests a probe in a page of the file of code. */
static void in_page(struct result *r, int (*child)(void), off_t offset,
		    unsigned long least, unsigned long most)
{
	unsigned long before = trace_hits(), hits;
	struct probe p = { .defined = false };
	int status;

	if (expect(r, make_code(code_begin, code_end, offset),
		   "cannot make a file of code") &&
	    expect(r, !probe_define_at(&p, CODE_FILE, offset),
		   "cannot define the probe") &&
	    expect(r, !probe_arm(&p), "cannot arm the probe")) {
		status = wait_child(start_child(child));
		hits = trace_hits() - before;
		judge(r, status, hits,
		      hits >= least && hits <= most ? hits : most);
	}
	probe_remove(&p);
	unlink(CODE_FILE);
}

/* This function tests a probe in its first page. */
static void in_code(struct result *r, int (*child)(void), unsigned long least,
		    unsigned long most)
{
	in_page(r, child, 0, least, most);
}

/* This function tests mappings that come and go. */
static void mm_map_unmap(struct result *r)
{
	in_code(r, map_unmap, 200, 200);
}

/* This function tests two mappings of one file. */
static void mm_map_twice(struct result *r)
{
	in_code(r, map_twice, 30, 30);
}

/* This function tests a mapping that is replaced. */
static void mm_map_over(struct result *r)
{
	in_code(r, map_over, 20, 20);
}

/* This function tests a mapping that is moved. */
static void mm_map_move(struct result *r)
{
	in_code(r, map_move, 20, 20);
}

/* This function tests a mapping that is moved and joined with another one. */
static void mm_map_join(struct result *r)
{
	in_code(r, map_join, 30, 30);
}

/* This function tests the same with whole page tables. */
static void mm_map_join_tables(struct result *r)
{
	in_code(r, map_join_tables, 30, 30);
}

/* This function tests a mapping that grows. */
static void mm_map_grow(struct result *r)
{
	in_page(r, map_grow_here, PAGE, 10, 10);
}

/*
 * This function tests a mapping that is moved to grow.  On the baseline nobody
 * arms the part that is new.
 */
static void mm_map_grow_move(struct result *r)
{
	in_page(r, map_grow_there, PAGE, 10, 10);
}

/* This function tests a mapping that stays where its page was moved from. */
static void mm_map_stay(struct result *r)
{
	in_code(r, map_stay, 30, 30);
}

/* This function tells whether this kernel moves pages of files in that way. */
static const char *lacks_stay(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	void *moved = mremap(page, PAGE, PAGE,
			     MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);

	close(fd);
	munmap(page, PAGE);
	if (moved == MAP_FAILED)
		return "this kernel has no MREMAP_DONTUNMAP for files";
	munmap(moved, PAGE);
	return NULL;
}

/* This function tests a mapping whose permissions change. */
static void mm_map_protect(struct result *r)
{
	in_code(r, map_protect, 20, 20);
}

/*
 * Fault: a hit in code that may be written to is taken for the program's own
 * breakpoint.
 */
static void mm_map_writable(struct result *r)
{
	in_code(r, map_writable, 20, 20);
}

/*
 * Fault: the rest of an instruction is compared with what is behind the end of
 * the mapping, and the probe is not armed.
 */
static void mm_map_pieces(struct result *r)
{
	in_page(r, map_pieces, HEAD_AT, 10, 10);
}

/* This function tests that a shared mapping is left alone. */
static void mm_map_shared(struct result *r)
{
	in_code(r, map_shared, 0, 0);
}

/*
 * This function tests a page that is dropped.  Whether the probe is still in
 * the page that replaces it is not promised; that the program runs is.
 */
static void mm_map_drop(struct result *r)
{
	in_code(r, map_drop, 10, 20);
}

/* This function maps code with an instruction that is not probed, and runs. */
static int map_refused(void)
{
	return hit_code(map_code(NULL, MAP_PRIVATE), 10);
}

/* This function runs it in a child, which must not hit anything. */
static void run_refused(struct result *r)
{
	unsigned long before = trace_hits();
	int status = wait_child(start_child(map_refused));

	judge(r, status, trace_hits() - before, 0);
}

/* This function defines a probe on an instruction that must be refused. */
static bool define_refused(struct result *r, struct probe *p)
{
	return expect(r, make_code(refused_begin, refused_end, 0),
		      "cannot make a file of code") &&
	       expect(r, !probe_define_at(p, CODE_FILE,
					  refused_insn - refused_begin),
		      "cannot define the probe");
}

/*
 * This function tests an instruction that must be refused, in a file that no one
 * maps.  How it is analysed depends on who maps it, a 32-bit or a 64-bit program:
 * it may be armed, and then whoever maps it runs on without the probe.
 */
static void refuse_unmapped(struct result *r)
{
	struct probe p = { .defined = false };
	int err;

	if (define_refused(r, &p)) {
		err = probe_arm(&p);
		expect(r, !err || is_refusal(err), "arming: error %d", err);
		add_word(r, "refused=%d", err);
		run_refused(r);
	}
	probe_remove(&p);
	unlink(CODE_FILE);
}

/* This instruction, push %es, is one of 32-bit code only. */
#define PUSH_ES		0x06

/* Files with it, and whether 64-bit kernels run them as 64-bit code. */
static const struct {
	const char *what;
	unsigned char class;
	unsigned short machine;
	bool long_mode;
} files[] = {
	{ "64-bit", ELFCLASS64, EM_X86_64, true },
	{ "x32", ELFCLASS32, EM_X86_64, true },
	{ "32-bit", ELFCLASS32, EM_386, false },
	{ "other", ELFCLASSNONE, EM_NONE, false },
};

/* This function makes a file with a header, and push %es behind it. */
static bool make_elf(unsigned char class, unsigned short machine)
{
	struct {
		Elf32_Ehdr header;
		unsigned char code[16];
	} image = { .header.e_machine = machine, .code = { PUSH_ES } };

	if (class != ELFCLASSNONE)
		memcpy(image.header.e_ident, ELFMAG, SELFMAG);
	image.header.e_ident[EI_CLASS] = class;
	return make_code((const char *)&image, (const char *)(&image + 1), 0);
}

/* This function arms a probe in a file of each kind. */
static void arm_elf_files(struct result *r)
{
	struct probe p = { .defined = false };
	struct utsname kernel;
	bool has_long_mode;
	size_t i;
	int err;

	/* To a 32-bit kernel, whatever maps a file is 32-bit code. */
	uname(&kernel);
	has_long_mode = !strcmp(kernel.machine, "x86_64");
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		bool refused = has_long_mode && files[i].long_mode;

		if (!expect(r, make_elf(files[i].class, files[i].machine) &&
			    !probe_define_at(&p, CODE_FILE, sizeof(Elf32_Ehdr)),
			    "cannot define a probe in a file"))
			return;
		err = probe_arm(&p);
		expect(r, refused ? is_refusal(err) : !err,
		       "%s file: error %d", files[i].what, err);
		probe_remove(&p);
	}
}

/* This function arms a probe behind the end: registering it finds out. */
static void arm_behind_end(struct result *r)
{
	struct probe p = { .defined = false };
	int err;

	if (!expect(r, !probe_define_at(&p, CODE_FILE, 2 * PAGE),
		    "cannot define a probe behind the end"))
		return;
	err = probe_arm(&p);
	expect(r, err == EINVAL, "behind the end: error %d", err);
	probe_remove(&p);
}

/* mov %ecx, %ss, which is refused, or mov %ecx, %es, which is not */
#define MOV_TO_SEGMENT	0x8e
#define FROM_ECX_TO_SS	0xd1
#define FROM_ECX_TO_ES	0xc1
#define CROSSED_PAGES	13

/* Make a page that ends with a half of an instruction, and begins with one. */
static bool write_halves(int fd, int number)
{
	const unsigned char end = MOV_TO_SEGMENT;
	unsigned char begin = number % 2 ? FROM_ECX_TO_ES : FROM_ECX_TO_SS;

	return pwrite(fd, &begin, 1, number * PAGE) == 1 &&
	       pwrite(fd, &end, 1, (number + 1) * PAGE - 1) == 1;
}

/*
 * Make a file of such pages. Those of one kind come first: if they lie in a row
 * in memory, behind a page is one that begins like itself, and in the file one
 * that does not.
 */
static bool make_crossed(void)
{
	int fd = open(CODE_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	bool good = fd >= 0;
	int i;

	for (i = 0; i < CROSSED_PAGES; i += 2)
		good = good && write_halves(fd, i);
	for (i = 1; i < CROSSED_PAGES; i += 2)
		good = good && write_halves(fd, i);
	close(fd);
	return good;
}

/*
 * Arm probes on instructions that cross the end of a page.  Fault: the second
 * half is read from what is behind the first page in memory.
 */
static void arm_crossed(struct result *r)
{
	struct probe p = { .defined = false };
	int i, err;

	if (!expect(r, make_crossed(), "cannot make the file"))
		return;
	for (i = 1; i < CROSSED_PAGES; i++) {
		if (!expect(r, !probe_define_at(&p, CODE_FILE, i * PAGE - 1),
			    "cannot define a probe at the end of a page"))
			return;
		err = probe_arm(&p);
		expect(r, i % 2 ? !err : is_refusal(err),
		       "at the end of page %d: error %d", i - 1, err);
		probe_remove(&p);
	}
}

/* More than 32 bits can tell, and less of it than where the code is */
#define LARGE_SIZE	((1LL << 32) + PAGE)
#define LARGE_AT	(2 * PAGE)

/* Arm a probe in a large file.  Fault: its size is cut to 32 bits. */
static void arm_large(struct result *r)
{
	struct probe p = { .defined = false };
	int err;

	if (!expect(r, make_code(refused_begin, refused_end, LARGE_AT) &&
		    !truncate64(CODE_FILE, LARGE_SIZE), "no large file") ||
	    !expect(r, !probe_define_at(&p, CODE_FILE, LARGE_AT +
					(refused_insn - refused_begin)),
		    "cannot define a probe in a large file"))
		return;
	err = probe_arm(&p);
	expect(r, is_refusal(err), "large file: error %d", err);
	probe_remove(&p);
}

/*
 * This function tests that whoever arms a probe is told that the instruction is
 * refused, when nobody maps the file, and what the file says that it is for.
 */
static void refuse_armed(struct result *r)
{
	struct probe p = { .defined = false };
	int err;

	if (define_refused(r, &p)) {
		err = probe_arm(&p);
		add_word(r, "refused=%d", err);
		if (err) {
			expect(r, is_refusal(err), "arming: error %d", err);
			probe_remove(&p);
			arm_elf_files(r);
			arm_behind_end(r);
			arm_crossed(r);
			arm_large(r);
		} else {
			run_refused(r);
			if (r->outcome == OUTCOME_PASS)
				expect(r, false, "armed, and never hit");
		}
	}
	probe_remove(&p);
	unlink(CODE_FILE);
}

/*
 * This function arms a probe in a file that even root cannot read.  This is no
 * error: what is in it is looked at when somebody maps it.
 */
static void arm_unreadable(struct result *r)
{
	struct probe p;
	int err;

	if (expect(r, !probe_define_at(&p, WRITE_ONLY, 0),
		   "cannot define the probe")) {
		err = probe_arm(&p);
		expect(r, !err, "arming: error %d", err);
	}
	probe_remove(&p);
}

static volatile int own_traps, trap_number, error_code;
static sigjmp_buf no_access;

/* This function gets called if memory cannot be read. */
static void on_no_access(int signo)
{
	(void)signo;
	siglongjmp(no_access, 1);
}

/* This function gets called for the program's own breakpoint. */
static void on_trap(int signo, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	uintptr_t ip = uc->uc_mcontext.gregs[REG_IP];

	if (ip != (uintptr_t)foreign_int3 + 1)
		die_of(signo);
	if (info->si_code == SI_KERNEL)
		own_traps++;
	trap_number = uc->uc_mcontext.gregs[REG_TRAPNO];
	error_code = uc->uc_mcontext.gregs[REG_ERR];
}

/* This function has it called. */
static void catch_own_traps(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_trap,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGTRAP, &sa, NULL);
}

/* This function has a breakpoint of its own beside the probe. */
static int own_int3(void)
{
	int i;

	catch_own_traps();
	for (i = 0; i < 10; i++) {
		CHECK(!hit_times(hit_xol, 1));
		foreign_int3();
		CHECK(own_traps == i + 1);
	}
	return 0;
}

/* This function wants to know that it was int3, and no step or page fault. */
static int int3_number(void)
{
	catch_own_traps();
	CHECK(!hit_times(hit_xol, 1));
	signal(SIGSEGV, on_no_access);
	if (!sigsetjmp(no_access, 1)) {
		hit_load(NULL);
		return 1;
	}
	foreign_int3();
	CHECK(own_traps == 1);
	CHECK(trap_number == TRAP_BP && !error_code);
	return 0;
}

/*
 * This function has a breakpoint of its own when one of two mappings is gone: the
 * kernel looks whether there is a probe left.
 */
static int int3_between(void)
{
	void *a = map_code(NULL, MAP_PRIVATE);
	void *b = map_code(NULL, MAP_PRIVATE);

	catch_own_traps();
	CHECK(!hit_code(a, 10));
	CHECK(!hit_code(b, 10));
	CHECK(!munmap(a, PAGE));
	foreign_int3();
	CHECK(own_traps == 1);
	return hit_code(b, 10);
}

/* This function tests that. */
static void mm_int3_between(struct result *r)
{
	in_code(r, int3_between, 30, 30);
}

/* This function has a breakpoint of its own, and no probe was ever there. */
static void int3_alone(struct result *r)
{
	catch_own_traps();
	foreign_int3();
	expect(r, own_traps == 1, "expected one SIGTRAP, saw %d", own_traps);
	expect(r, trap_number == TRAP_BP, "trap number %d", trap_number);
}

/* Nobody probes a breakpoint; the reason has a name in user space. */
static void int3_errno(struct result *r)
{
	struct probe p = { .defined = false };
	int err;

	if (!expect(r, !probe_define(&p, foreign_int3), "cannot define"))
		return;
	err = probe_arm(&p);
	expect(r, err == EOPNOTSUPP, "arming a probe on int3: error %d", err);
	probe_remove(&p);
}

/* This function hits, and has its own breakpoints when the probe is gone. */
static int int3_later(void)
{
	catch_own_traps();
	CHECK(!hit_times(hit_xol, 1));
	board->ready = 1;
	while (!board->go)
		nap_ms(1);
	/* At the first one the kernel notices that there is no probe left. */
	foreign_int3();
	foreign_int3();
	CHECK(own_traps == 2);
	CHECK(trap_number == TRAP_BP);
	return 0;
}

/* This function tests a task that has hit, in a process without a probe. */
static void int3_after(struct result *r)
{
	unsigned long hits, before = trace_hits();
	bool ended = false;
	struct probe p;
	int status;
	pid_t pid;

	if (arm_at(r, &p, hit_xol)) {
		pid = start_child(int3_later);
		while (!board->ready && !ended)
			ended = child_ended(pid, &status);
		/* The records go with the probe. */
		hits = trace_hits() - before;
		probe_remove(&p);
		board->go = 1;
		if (!ended)
			status = wait_child(pid);
		judge(r, status, hits, 1);
	}
	probe_remove(&p);
}

/* This function gets called for a breakpoint in memory that only executes. */
static void on_unreadable(int signo)
{
	own_traps = signo == SIGTRAP;
	siglongjmp(no_access, 1);
}

/*
 * This function has a breakpoint of its own in memory that may be executed and
 * not read.  Fault: the kernel cannot see that it is there, and tries the
 * instruction again for ever.
 */
static int int3_unreadable(void)
{
	int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(page != MAP_FAILED);
	memcpy(page, "\xcc\xc3", 2);
	CHECK(!pkey_mprotect(page, PAGE, PROT_READ | PROT_EXEC, key));
	CHECK(!hit_times(hit_xol, 1));
	signal(SIGTRAP, on_unreadable);
	signal(SIGALRM, on_unreadable);
	alarm(3);
	if (!sigsetjmp(no_access, 1))
		((void (*)(void))page)();
	return !own_traps;
}

/* This function returns what the machine lacks for that, or NULL. */
static const char *lacks_keys(void)
{
	int key = pkey_alloc(0, 0);

	if (key < 0)
		return "this machine has no protection keys";
	pkey_free(key);
	return NULL;
}

/* This function returns the page of the slots. */
static const uint8_t *slots_page(void)
{
	return (const uint8_t *)slots_address();
}

/* This function copies the page of the slots, which only runs and is loaded. */
static int copy_slots(uint8_t *copy)
{
	const uint8_t *page = slots_page();

	CHECK(page);
	signal(SIGSEGV, on_no_access);
	signal(SIGBUS, on_no_access);
	if (sigsetjmp(no_access, 1)) {
		note("the slots cannot be read: nothing to look at");
		return 2;
	}
	memcpy(copy, page, PAGE);
	return 0;
}

/* This function takes the page of the slots away. */
static int unmap_slots(void)
{
	CHECK(!hit_times(hit_xol, 1));
	CHECK(!munmap((void *)slots_page(), PAGE));
	return hit_times(hit_xol, 1);
}

/* This function moves the page of the slots; newer kernels do not let it. */
static int move_slots(void)
{
	void *room = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	CHECK(!hit_times(hit_xol, 1));
	mremap((void *)slots_page(), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
	       room);
	return hit_times(hit_xol, 1);
}

/* This function forbids to execute the slots. */
static int forbid_slots(void)
{
	CHECK(!hit_times(hit_xol, 1));
	CHECK(!mprotect((void *)slots_page(), PAGE, PROT_NONE));
	return hit_times(hit_xol, 1);
}

/* This function puts a page of its own, of breakpoints, where the slots are. */
static int replace_slots(void)
{
	void *page;

	CHECK(!hit_times(hit_xol, 1));
	page = mmap((void *)slots_page(), PAGE, PROT_READ | PROT_WRITE |
		    PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(page != MAP_FAILED);
	memset(page, 0xcc, PAGE);
	return hit_times(hit_xol, 1);
}

/* This function hits in a program that spoils nothing. */
static int hit_ten(void)
{
	return hit_times(hit_xol, 10);
}

/*
 * This function tests a program that spoils the page of its slots.  It may run
 * on or die of a signal of its own making; all others do not notice.
 */
static void spoil(struct result *r, int (*spoiler)(void))
{
	unsigned long before;
	struct probe p;
	int status;

	if (arm_at(r, &p, hit_xol)) {
		status = wait_child(start_child(spoiler));
		expect(r, WIFSIGNALED(status) || !status,
		       "the one that spoils: status %#x", status);
		before = trace_hits();
		status = wait_child(start_child(hit_ten));
		judge(r, status, trace_hits() - before, 10);
	}
	probe_remove(&p);
}

/* This function tests slots that are no longer mapped. */
static void mm_slots_unmap(struct result *r)
{
	spoil(r, unmap_slots);
}

/* This function tests slots that are mapped elsewhere. */
static void mm_slots_move(struct result *r)
{
	spoil(r, move_slots);
}

/* This function tests slots that must not be executed. */
static void mm_slots_forbid(struct result *r)
{
	spoil(r, forbid_slots);
}

/* This function tests slots with the program's own breakpoints in them. */
static void mm_slots_int3(struct result *r)
{
	spoil(r, replace_slots);
}

/*
 * Check that the copy of the instruction stands alone. The one for the other
 * mode, which takes the same bytes for another instruction, may follow it.
 */
static int check_slot(const uint8_t *slot, size_t insn_len)
{
	size_t i;

	for (i = insn_len; i < SLOT_BYTES; i++) {
		if (slot[i] == 0xcc || (i >= 16 && !slot[i]))
			continue;
		if (i >= 16 && i < 32 && slot[i] == slot[i - 16])
			continue;
		note("slot byte %zu: expected 0xcc, saw %#x", i, slot[i]);
		return 1;
	}
	return 0;
}

/* This function hits, and looks at the slot that was used. */
static int look_at_slot(void)
{
	static uint8_t copy[PAGE];
	const size_t insn_len = code_second - code_begin;
	int i, found = 0;

	CHECK(!hit_times(hit_xol, 1));
	if (copy_slots(copy))
		return 0;
	for (i = 0; i < PAGE; i += SLOT_BYTES) {
		if (memcmp(&copy[i], code_begin, insn_len))
			continue;
		found++;
		if (check_slot(&copy[i], insn_len))
			return 1;
	}
	CHECK(found == 1);
	return 0;
}

/* This function hits, and looks for foreign bytes in the unused slots. */
static int look_for_leaks(void)
{
	static uint8_t copy[PAGE];
	int i;

	CHECK(!hit_times(hit_xol, 1));
	if (copy_slots(copy))
		return 0;
	/* The first two may hold a trampoline, and the instruction. */
	for (i = 2 * SLOT_BYTES; i < PAGE; i++) {
		if (copy[i] && copy[i] != 0xcc) {
			note("unused slots: byte %d is %#x", i, copy[i]);
			return 1;
		}
	}
	return 0;
}

/*
 * This function hits where no page for the slots can be mapped: the whole
 * address space is taken.  Limits do not count for that page.
 */
static int no_room(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	/* Addresses of programs have 47 or 32 bits. */
	size_t size = (size_t)1 << (sizeof(long) == 8 ? 46 : 30);

	for (; size >= PAGE; size /= 2) {
		while (mmap(NULL, size, PROT_NONE, flags, -1, 0) != MAP_FAILED)
			continue;
	}
	return hit_times(hit_xol, 1);
}

/*
 * Tell whether there are addresses that are only given to those who ask for
 * them: the page for the slots goes there, and the space is never full.
 */
static const char *has_more_room(void)
{
#ifdef __LP64__
	void *above = (void *)(1UL << 52);
	void *page = mmap(above, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	if (page != MAP_FAILED)
		munmap(page, PAGE);
	if (page == above)
		return "addresses of programs have 57 bits here";
#endif
	return NULL;
}

/*
 * This function tests a task that cannot have slots: it may try again and
 * again, but it can be killed.
 */
static void mm_no_room(struct result *r)
{
	unsigned long before = trace_hits();
	bool killed = false;
	int status, i;
	struct probe p;
	pid_t pid;

	if (arm_at(r, &p, hit_xol)) {
		pid = start_child(no_room);
		for (i = 0; i < 50 && !child_ended(pid, &status); i++)
			nap_ms(5);
		if (i == 50) {
			kill(pid, SIGKILL);
			status = wait_child(pid);
			killed = true;
		}
		r->hits = trace_hits() - before;
		if (killed)
			expect(r, WIFSIGNALED(status) &&
			       WTERMSIG(status) == SIGKILL,
			       "expected SIGKILL, saw status %#x", status);
		else
			judge(r, status, r->hits, 0);
	}
	probe_remove(&p);
}

const struct test mm_tests[] = {
	TEST("mm-map-unmap", "sigtrap", mm_map_unmap),
	TEST("mm-map-twice", "sigtrap", mm_map_twice),
	TEST("mm-map-over", "sigtrap", mm_map_over),
	TEST("mm-map-move", "sigtrap", mm_map_move),
	TEST("mm-map-join", "sigtrap", mm_map_join),
	TEST("mm-map-join-tables", "sigtrap", mm_map_join_tables),
	TEST("mm-map-grow", "sigtrap", mm_map_grow),
	TEST("mm-map-grow-move", "fail", mm_map_grow_move),
	TEST_IF("mm-map-stay", "sigtrap", mm_map_stay, lacks_stay),
	TEST("mm-map-protect", "sigtrap", mm_map_protect),
	TEST("mm-map-writable", "sigtrap", mm_map_writable),
	TEST("mm-map-pieces", "sigtrap", mm_map_pieces),
	TEST("mm-map-shared", "pass", mm_map_shared),
	TEST("mm-map-drop", "sigtrap", mm_map_drop),
	TEST("refuse-unmapped", "sigtrap", refuse_unmapped),
	TEST("refuse-armed", "sigtrap", refuse_armed),
	TEST("arm-unreadable", "pass", arm_unreadable),
	CHILD_TEST("mm-foreign-int3", own_int3, hit_xol, 10),
	CHILD_TEST("mm-int3-trapno", int3_number, hit_xol, 1),
	TEST("mm-int3-alone", "pass", int3_alone),
	TEST("mm-int3-errno", "fail", int3_errno),
	TEST("mm-int3-after", "sigtrap", int3_after),
	TEST("mm-int3-between", "sigtrap", mm_int3_between),
	{ .name = "mm-int3-unreadable", .before = "sigtrap",
	  .child = int3_unreadable, .bp = hit_xol, .hits = 1,
	  .lacks = lacks_keys },
	CHILD_TEST("mm-slot-tail", look_at_slot, hit_xol, 1),
	CHILD_TEST("mm-slot-leak", look_for_leaks, hit_xol, 1),
	TEST("mm-slots-unmap", "sigtrap", mm_slots_unmap),
	TEST("mm-slots-move", "sigtrap", mm_slots_move),
	TEST("mm-slots-forbid", "sigtrap", mm_slots_forbid),
	TEST("mm-slots-int3", "sigtrap", mm_slots_int3),
	TEST_IF("mm-no-room", "sigtrap", mm_no_room, has_more_room),
	{ .name = NULL },
};
