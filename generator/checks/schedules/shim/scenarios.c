// SPDX-License-Identifier: GPL-2.0-only
/* What threads do at the same time, and what has to come of it */

#define CODE		0x400000UL
#define PROBES		3
/* From one probed instruction to the next, and the length of one */
#define DISTANCE	16
#define INSN_BYTES	2
#define CALLER		0x500000UL	/* a function returns there */
#define ABORT		0x600000UL	/* where a sequence is begun again */

static struct inode inode;
static struct file file = { .inode = &inode };
static struct mm_struct mm, child_mm;
static struct task_struct tasks[MAX_THREADS], child;
static struct uprobe *probes[PROBES];
static struct uprobe_consumer *consumers[PROBES];

/* Stacks: that of a task is at the place of its number. */
static unsigned long words[MAX_THREADS][64];

static unsigned int hits, returns, removed;

/* No step is made: where the breakpoint is goes on without it. */
static bool refuses;

/* The breakpoints are in memory, and the probes can be found. */
static bool armed;

/* By so many probes the file is mapped further down than at first. */
static unsigned int moved;

/* A sequence that is restarted is interrupted by the next signal. */
static bool restarts;

/* The probes */

struct uprobe *get_uprobe(struct uprobe *uprobe)
{
	refcount_inc(&uprobe->ref);
	return uprobe;
}

struct uprobe *try_get_uprobe(struct uprobe *uprobe)
{
	return uprobe->ref.value ? get_uprobe(uprobe) : NULL;
}

void put_uprobe(struct uprobe *uprobe)
{
	if (!--uprobe->ref.value)
		kfree(uprobe);
}

struct uprobe *find_uprobe_rcu(struct inode *of, loff_t offset)
{
	(void)of;
	return armed ? probes[(offset / DISTANCE + moved) % PROBES] : NULL;
}

struct uprobe *find_uprobe(struct inode *of, loff_t offset)
{
	struct uprobe *uprobe = find_uprobe_rcu(of, offset);

	return uprobe ? get_uprobe(uprobe) : NULL;
}

int remove_breakpoint(struct uprobe *uprobe, void *where, unsigned long vaddr)
{
	(void)where, (void)vaddr;
	if (RB_EMPTY_NODE(&uprobe->rb_node))
		fail("a probe that has gone takes a breakpoint away");
	armed &= !refuses;
	removed++;
	return 0;
}

bool vma_has_uprobes(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	(void)vma, (void)start, (void)end;
	return true;
}

void delayed_uprobe_remove(struct uprobe *uprobe, struct mm_struct *of)
{
	(void)uprobe, (void)of;
}

int copy_from_user_nofault(void *to, const void __user *from, size_t size)
{
	(void)from;
	memset(to, armed ? UPROBE_SWBP_INSN : 0, size);
	return 0;
}

/* The processor's part */

int arch_uprobe_pre_xol(struct arch_uprobe *auprobe, struct pt_regs *regs)
{
	(void)auprobe;
	if (refuses)
		return -EINVAL;
	regs->ip = current->utask->xol_vaddr;
	return 0;
}

int arch_uprobe_post_xol(struct arch_uprobe *auprobe, struct pt_regs *regs)
{
	(void)auprobe;
	regs->ip = current->utask->vaddr + INSN_BYTES;
	return 0;
}

void arch_uprobe_abort_xol(struct arch_uprobe *auprobe, struct pt_regs *regs)
{
	(void)auprobe;
	regs->ip = current->utask->vaddr;
}

bool arch_uprobe_xol_was_trapped(struct task_struct *t)
{
	(void)t;
	return restarts;
}

bool arch_uprobe_skip_sstep(struct arch_uprobe *auprobe, struct pt_regs *regs)
{
	(void)auprobe, (void)regs;
	return false;
}

unsigned long
arch_uretprobe_hijack_return_addr(unsigned long trampoline_vaddr,
				  struct pt_regs *regs)
{
	unsigned long *word = (unsigned long *)regs->sp;
	unsigned long caller = *word;

	*word = trampoline_vaddr;
	return caller;
}

/* A return has taken the address off the stack. */
unsigned long arch_uretprobe_stack(struct pt_regs *regs)
{
	return regs->sp - sizeof(unsigned long);
}

bool arch_uretprobe_is_alive(struct return_instance *ret, enum rp_check ctx,
			     struct pt_regs *regs)
{
	if (ctx == RP_CHECK_CHAIN_CALL)
		return regs->sp <= ret->stack;
	return regs->sp < ret->stack;
}

/* What tasks do in user mode, and on their way there */

static void __attribute__((__noreturn__)) exit_task(void)
{
	uprobe_free_utask(current);
	end_thread();
}

static void send_signal(struct task_struct *t, bool kill)
{
	t->killed |= kill;
	set_tsk_thread_flag(t, TIF_SIGPENDING);
}

/* The order is that of exit_to_user_mode_loop(). */
static void leave_kernel(void)
{
	struct pt_regs *regs = &current->regs;

	while (test_thread_flag(TIF_UPROBE) ||
	       test_thread_flag(TIF_SIGPENDING)) {
		if (test_thread_flag(TIF_UPROBE))
			uprobe_notify_resume(regs);
		if (!test_thread_flag(TIF_SIGPENDING))
			continue;
		if (!uprobe_deny_signal()) {
			clear_thread_flag(TIF_SIGPENDING);
			current->handled++;
			if (current->killed)
				exit_task();
		}
#ifndef OLD_KERNEL
		if (restarts) {
			uprobe_abort_step(regs);
			regs->ip = ABORT;
			restarts = false;
		}
#endif
	}
}

/* Look at what is executed at ip: it has to be the copy of that probe. */
static void check_copy(const struct uprobe *uprobe, unsigned long ip)
{
	const struct mm_struct *of = current->mm;
	struct page *page;

	if (ip < of->xol.vm_start || ip >= of->xol.vm_end)
		fail("SIGSEGV: nothing is mapped at the slot");
	page = find_xol_page(current->mm);
	if (!page)
		fail("SIGBUS: the area has no page");
	if (memcmp(page->data + (ip & ~PAGE_MASK), uprobe->arch.ixol,
		   sizeof(uprobe->arch.ixol)))
		fail("the copy of another instruction is executed");
}

/* Execute the copy; an interrupt comes before, and one after. */
static void execute_copy(const struct uprobe *uprobe)
{
	struct uprobe_task *utask = current->utask;
	unsigned long slot = current->regs.ip;

	step("in the slot");
	check_copy(uprobe, slot);
	leave_kernel();
	if (!utask->active_uprobe)
		return;
	step("still there");
	check_copy(uprobe, slot);
	current->regs.ip += INSN_BYTES;
	if (!uprobe_post_sstep_notifier(&current->regs))
		fail("the exception of a step is not taken");
	leave_kernel();
}

/* Execute the probed instruction @number once; it is that of a @probe. */
static void hit_as(unsigned int number, unsigned int probe)
{
	unsigned long vaddr = CODE + number * DISTANCE;
	struct pt_regs *regs = &current->regs;

	regs->ip = vaddr;
	while (regs->ip == vaddr) {
		/* Without a probe it is executed where it is. */
		if (!armed) {
			regs->ip += INSN_BYTES;
			break;
		}
		regs->ip += UPROBE_SWBP_INSN_SIZE;
		if (!uprobe_pre_sstep_notifier(regs))
			fail("a breakpoint is not taken");
		leave_kernel();
		while (current->utask && current->utask->active_uprobe)
			execute_copy(probes[probe]);
	}
	if (regs->ip != vaddr + INSN_BYTES && regs->ip != ABORT)
		fail("goes on at %lx", regs->ip);
}

static void hit(unsigned int number)
{
	hit_as(number, number);
}

/* Call a function that begins with probe @number, @deep words further down. */
static void call(unsigned int number, unsigned int deep)
{
	struct pt_regs *regs = &current->regs;

	regs->sp -= (deep + 1) * sizeof(unsigned long);
	*(unsigned long *)regs->sp = CALLER + number;
	hit(number);
}

/* Return from it: ret that takes @extra words more off the stack. */
static void ret(unsigned int number, unsigned int extra)
{
	struct pt_regs *regs = &current->regs;

	regs->ip = *(unsigned long *)regs->sp;
	regs->sp += (extra + 1) * sizeof(unsigned long);
	if (uprobe_is_trampoline(regs->ip)) {
		regs->ip += UPROBE_SWBP_INSN_SIZE;
		if (!uprobe_pre_sstep_notifier(regs))
			fail("a breakpoint is not taken");
		/* Where it is a system call, that does the same. */
		uprobe_handle_trampoline(regs);
		clear_thread_flag(TIF_UPROBE);
	}
	if (regs->ip != CALLER + number)
		fail("%u returns to %lx", number, regs->ip);
}

/* Consumers */

#ifdef CONSUMER_LIST
# define add_consumer(uprobe, uc)					\
do {									\
	(uc)->cons_node.next = (uprobe)->consumers.next;		\
	(uprobe)->consumers.next = &(uc)->cons_node;			\
} while (0)
# define init_consumers(uprobe)						\
	((uprobe)->consumers.next = &(uprobe)->consumers)
#else
# define add_consumer(uprobe, uc)	((uprobe)->consumers = (uc))
# define init_consumers(uprobe)		((uprobe)->consumers = NULL)
#endif

/* From 6.13 on a handler gets what it has kept for the return, and its place. */
#ifdef CONSUMER_DATA
# define DATA	, u64 *data
#else
# define DATA
#endif

static int on_hit(struct uprobe_consumer *self, struct pt_regs *regs DATA)
{
	(void)self, (void)regs;
	step("in the handler");
	hits++;
	return 0;
}

static int on_return(struct uprobe_consumer *self, unsigned long func,
		     struct pt_regs *regs DATA)
{
	(void)self, (void)func;
	step("in the handler of the return");
	if (regs->ip < CALLER || regs->ip >= CALLER + PROBES)
		fail("a handler sees %lx as the caller", regs->ip);
	returns++;
	return 0;
}

static struct uprobe_consumer *make_consumer(bool entry, bool ret_too)
{
	struct uprobe_consumer *uc = allocate(sizeof(*uc));

	uc->handler = entry ? on_hit : NULL;
	uc->ret_handler = ret_too ? on_return : NULL;
	return uc;
}

/* What all scenarios begin and end with */

static void start_mm(struct mm_struct *of)
{
	memset(of, 0, sizeof(*of));
	of->code = (struct vm_area_struct){
		.vm_start = CODE,
		.vm_end = CODE + PAGE_SIZE,
		.vm_flags = VM_EXEC | VM_MAYEXEC,
		.vm_file = &file,
		.vm_mm = of,
	};
	of->stack = (struct vm_area_struct){
		.vm_start = (unsigned long)words,
		.vm_end = (unsigned long)words + sizeof(words),
		.vm_mm = of,
	};
	of->mmap = &of->code;
	of->flags = 1UL << MMF_HAS_UPROBES;
	of->mm_users.value = MAX_THREADS;
}

static void start_task(struct task_struct *t, struct mm_struct *of,
		       unsigned int number)
{
	memset(t, 0, sizeof(*t));
	t->mm = of;
	t->comm = "thread";
	t->regs.sp = (unsigned long)(words[number] + 48);
}

static void start(bool entry, bool ret_too)
{
	unsigned int i;

	start_mm(&mm);
	hits = 0;
	returns = 0;
	removed = 0;
	refuses = false;
	restarts = false;
	armed = true;
	moved = 0;
	warnings_allowed = 0;
	memset(&idle_task, 0, sizeof(idle_task));
	for (i = 0; i < MAX_THREADS; i++)
		start_task(&tasks[i], &mm, i);
	for (i = 0; i < PROBES; i++) {
		probes[i] = allocate(sizeof(*probes[i]));
		probes[i]->ref.value = 1;
		probes[i]->inode = &inode;
		probes[i]->offset = i * DISTANCE;
		probes[i]->rb_node.used = true;
		probes[i]->flags = 1UL << UPROBE_COPY_INSN;
		memset(probes[i]->arch.ixol, 'a' + i, MAX_UINSN_BYTES);
		init_consumers(probes[i]);
		consumers[i] = make_consumer(entry, ret_too);
		add_consumer(probes[i], consumers[i]);
	}
}

static void finish(void)
{
	unsigned int i;

	for (i = 0; i < PROBES; i++) {
		if (probes[i] && probes[i]->ref.value != 1)
			fail("probe %u has %d references", i,
			     probes[i]->ref.value);
		kfree(probes[i]);
		kfree(consumers[i]);
	}
	if (removed)
		fail("a probe has been taken away");
	if (warnings_allowed)
		fail("%u messages have not come", warnings_allowed);
	if (mm.mmap_lock.readers || mm.mmap_lock.writer)
		fail("mmap_lock is held");
	if (mm.uprobes_state.xol_area && mm.uprobes_state.xol_area->busy[0] != 1)
		fail("slots are busy: %lx", mm.uprobes_state.xol_area->busy[0]);
	uprobe_clear_state(&mm);
}

static void finish_hits(unsigned int want)
{
	if (hits != want)
		fail("%u hits are handled, not %u", hits, want);
	finish();
}

/* Three threads hit, and one slot is free. */

static void hit_0(void)
{
	hit(0);
	exit_task();
}

static void hit_1(void)
{
	hit(1);
	exit_task();
}

static void hit_2(void)
{
	hit(2);
	exit_task();
}

static void start_slots(void)
{
	start(true, false);
	new_thread("a", hit_0, &tasks[0]);
	new_thread("b", hit_1, &tasks[1]);
	new_thread("c", hit_2, &tasks[2]);
}

static void finish_slots(void)
{
	finish_hits(3);
}

/* A signal comes to one of two: it is handled, and the hit is one. */

static void signal_b(void)
{
	send_signal(&tasks[1], false);
}

static void start_signal(void)
{
	start(true, false);
	new_thread("a", hit_0, &tasks[0]);
	new_thread("b", hit_1, &tasks[1]);
	new_thread("kill", signal_b, &idle_task);
}

static void finish_signal(void)
{
	finish_hits(2);
}

/* One of two is killed: the other one does not notice. */

static void kill_b(void)
{
	send_signal(&tasks[1], true);
}

static void start_kill(void)
{
	start(true, false);
	new_thread("a", hit_0, &tasks[0]);
	new_thread("b", hit_1, &tasks[1]);
	new_thread("kill", kill_b, &idle_task);
}

static void finish_kill(void)
{
	finish_hits(hits == 1 ? 1 : 2);
}

/* The area cannot be mapped, once: the hit is handled again. */

static void start_area_fails(void)
{
	start(true, false);
	mm.failures = 1;
	warnings_allowed = 1;
	new_thread("a", hit_0, &tasks[0]);
	new_thread("b", hit_1, &tasks[1]);
}

static void finish_area_fails(void)
{
	/* Who comes second may find the area of the other one. */
	warnings_allowed = 0;
	finish_hits(hits == 2 ? 2 : 3);
}

/* A task is killed while it waits for mmap_lock, to map the area. */

static void hold_mmap_lock(void)
{
	mmap_write_lock(&mm);
	step("mmap_lock is held");
	send_signal(&tasks[0], true);
	if (mm.mmap_lock.writer != running)
		fail("mmap_lock was taken away");
	mmap_write_unlock(&mm);
}

static void start_area_kill(void)
{
	start(true, false);
	new_thread("a", hit_0, &tasks[0]);
	new_thread("b", hit_1, &tasks[1]);
	new_thread("holder", hold_mmap_lock, &idle_task);
}

static void finish_area_kill(void)
{
	finish_hits(hits == 1 ? 1 : 2);
}

/* The probe goes between the exception and what is done about it. */

static void disarm(void)
{
	armed = false;
}

static void start_disarm(void)
{
	start(true, false);
	new_thread("a", hit_0, &tasks[0]);
	new_thread("disarm", disarm, &idle_task);
}

/* The probe is hit again and again; meanwhile it leaves the tree. */

static void hit_again(void)
{
	hit(0);
	hit(0);
	hit(0);
	exit_task();
}

static void delete(void)
{
	disarm();
#ifdef CONSUMER_LIST
	uprobes_seqcount += 2;
	step("the probe is out of the tree");
	synchronize_rcu_tasks_trace();
#else
	uprobes_deleted++;
	step("the probe is out of the tree");
#endif
	put_uprobe(probes[0]);
}

static void start_delete(void)
{
	start(true, false);
	new_thread("a", hit_again, &tasks[0]);
	new_thread("delete", delete, &tasks[1]);
}

static void finish_delete(void)
{
	probes[0] = NULL;
	finish();
}

/* Memory with probes is unmapped, and more of the file is mapped there. */

static void hit_moved(void)
{
	hit_as(2, 0);
	hit_as(2, 0);
	exit_task();
}

static void hit_and_move(void)
{
	/* The first hit makes the uprobe_task, and is not remembered. */
	hit(0);
	hit(0);
	hit(1);
	set_bit(MMF_RECALC_UPROBES, &mm.flags);
	moved = 1;
	/* What is mapped now gets its breakpoints. */
#ifdef BY_MAPPING
	install_breakpoint(probes[1], &mm.code, CODE);
#else
	install_breakpoint(probes[1], &mm, &mm.code, CODE);
#endif
	if (mm.mm_users.value > 1)
		new_thread("b", hit_moved, &tasks[1]);
	hit_as(0, 1);
	hit_as(1, 2);
	exit_task();
}

static void start_move(void)
{
	start(true, false);
	new_thread("a", hit_and_move, &tasks[0]);
}

static void start_move_alone(void)
{
	start_move();
	mm.mm_users.value = 1;
}

static void finish_move(void)
{
	finish_hits(mm.mm_users.value > 1 ? 7 : 5);
}

/* A consumer goes while a function returns. */

static void call_and_return(void)
{
	call(0, 1);
	ret(0, 0);
	exit_task();
}

static void unregister(void)
{
	struct uprobe *uprobe = probes[0];

	down_write(&uprobe->register_rwsem);
	init_consumers(uprobe);
	up_write(&uprobe->register_rwsem);
	synchronize_rcu_tasks_trace();
	kfree(consumers[0]);
	consumers[0] = NULL;
}

static bool no_reader(struct thread *thread)
{
	unsigned int i;

	(void)thread;
	for (i = 0; i < MAX_THREADS; i++) {
		if (tasks[i].rcu_readers)
			return false;
	}
	return true;
}

void synchronize_rcu_tasks_trace(void)
{
	block("synchronize_rcu_tasks_trace()", NULL, no_reader);
}

static void start_unregister(void)
{
	start(true, true);
	new_thread("a", call_and_return, &tasks[0]);
	new_thread("unregister", unregister, &tasks[1]);
}

/* A probe that looks at returns alone stays where it is. */

static void start_return_only(void)
{
	start(false, true);
	new_thread("a", call_and_return, &tasks[0]);
}

static void finish_return_only(void)
{
	if (returns != 1)
		fail("%u returns are handled, not 1", returns);
	finish();
}

/* Functions that take their arguments off the stack; the last one is left. */

static void return_past_arguments(void)
{
	unsigned long sp;

	call(0, 4);
	call(1, 4);
	sp = current->regs.sp;
	call(2, 4);
	/* longjmp() */
	current->regs.sp = sp;
	ret(1, 4);
	ret(0, 4);
	exit_task();
}

static void start_arguments(void)
{
	start(true, true);
	new_thread("a", return_past_arguments, &tasks[0]);
}

static void finish_arguments(void)
{
	if (returns != 2)
		fail("%u returns are handled, not 2", returns);
	finish();
}

/* perf looks at what is pending, in an interrupt of this task. */

static void look_at_returns(void)
{
	const struct uprobe_task *utask = READ_ONCE(current->utask);
	const struct return_instance *ri;
	unsigned long sum = 0;

	if (!utask)
		return;
	for (ri = READ_ONCE(utask->return_instances); ri;
	     ri = READ_ONCE(ri->next))
		sum += READ_ONCE(ri->orig_ret_vaddr);
	if (sum == 1)
		fail("an address of one");
}

static void exit_in_functions(void)
{
	call(0, 4);
	call(1, 4);
	call(2, 4);
	ret(2, 0);
	exit_task();
}

static void start_look(void)
{
	start(true, true);
	new_thread("a", exit_in_functions, &tasks[0]);
}

#ifndef OLD_KERNEL
/* A sequence that is to be restarted is interrupted in a step. */

static void hit_restarted(void)
{
	hit(0);
	if (current->regs.ip != ABORT)
		hit(1);
	exit_task();
}

static void restart_a(void)
{
	restarts = true;
	send_signal(&tasks[0], false);
}

static void start_restart(void)
{
	start(true, false);
	new_thread("a", hit_restarted, &tasks[0]);
	new_thread("interrupt", restart_a, &idle_task);
}
#endif

/* A child returns from what its parent has called; another thread hits. */

static void return_in_child(void)
{
	ret(0, 0);
	exit_task();
}

static void call_and_fork(void)
{
	static unsigned long saved;
	unsigned long sp;

	call(0, 1);
	sp = current->regs.sp;
	saved = *(unsigned long *)sp;
	start_mm(&child_mm);
	start_task(&child, &child_mm, 3);
	uprobe_copy_process(&child, 0);
	child.regs = current->regs;
	ret(0, 0);
	/* The child has a stack of its own. */
	*(unsigned long *)sp = saved;
	new_thread("child", return_in_child, &child);
	exit_task();
}

static void start_fork(void)
{
	start(true, true);
	new_thread("a", call_and_fork, &tasks[0]);
	new_thread("b", hit_1, &tasks[1]);
}

static void finish_fork(void)
{
	if (returns != 2)
		fail("%u returns are handled, not 2", returns);
	uprobe_clear_state(&child_mm);
	finish();
}

#ifdef CONSUMER_DATA
/*
 * Three consumers of one function keep something of each call for its return,
 * and one sees returns alone. The function calls itself; a child returns, too.
 */

static struct uprobe_consumer sessions[4];

/* What a consumer keeps of the call whose return address is at @sp */
static u64 cookie_of(const struct uprobe_consumer *self, unsigned long sp)
{
	return (self->id << 48) ^ sp;
}

static bool is_deep(unsigned long sp)
{
	return sp < (unsigned long)(words[0] + 46);
}

/* The second one wants no return of the call further down. */
static int on_call(struct uprobe_consumer *self, struct pt_regs *regs,
		   u64 *data)
{
	step("in the handler of a session");
	if (*data)
		fail("a session begins with what another has kept");
	*data = cookie_of(self, regs->sp);
	hits++;
	if (self == &sessions[1] && is_deep(regs->sp))
		return UPROBE_HANDLER_IGNORE;
	return 0;
}

static int on_end(struct uprobe_consumer *self, unsigned long func,
		  struct pt_regs *regs, u64 *data)
{
	unsigned long sp = regs->sp - sizeof(unsigned long);

	(void)func;
	step("in the handler of its return");
	if (self == &sessions[3]) {
		if (data)
			fail("who has seen no call has kept something");
	} else if (!data || *data != cookie_of(self, sp)) {
		fail("what a session has kept is that of another");
	}
	if (self == &sessions[1] && is_deep(sp))
		fail("a return is told that is to be ignored");
	returns++;
	return 0;
}

static void call_itself_and_fork(void)
{
	unsigned long *sp, saved;

	call(0, 1);
	sp = (unsigned long *)current->regs.sp;
	saved = *sp;
	call(0, 1);
	ret(0, 0);
	current->regs.sp = (unsigned long)sp;
	start_mm(&child_mm);
	start_task(&child, &child_mm, 3);
	uprobe_copy_process(&child, 0);
	child.regs = current->regs;
	ret(0, 0);
	/* The child has a stack of its own. */
	*sp = saved;
	new_thread("child", return_in_child, &child);
	exit_task();
}

static void start_sessions(void)
{
	struct list_head *last;
	unsigned int i;

	start(true, false);
	last = &probes[0]->consumers;
	for (i = 0; i < 4; i++) {
		sessions[i] = (struct uprobe_consumer){
			.handler = i < 3 ? on_call : NULL,
			.ret_handler = on_end,
			.id = i + 1,
		};
		last->next = &sessions[i].cons_node;
		last = last->next;
	}
	last->next = &probes[0]->consumers;
	new_thread("a", call_itself_and_fork, &tasks[0]);
	new_thread("b", hit_1, &tasks[1]);
}

static void finish_sessions(void)
{
	/* Two calls, three returns; one of them is told to one less. */
	if (returns != 3 * 4 - 1)
		fail("%u returns are handled, not %u", returns, 3 * 4 - 1);
	uprobe_clear_state(&child_mm);
	finish_hits(2 * 3 + 1);
}
#endif

#ifdef ERASES
# include "register.c"
#endif

const struct scenario scenarios[] = {
	{ "slots", 2, start_slots, finish_slots, NULL },
	{ "signal", 2, start_signal, finish_signal, NULL },
	{ "kill", 2, start_kill, finish_kill, NULL },
	{ "area-fails", 2, start_area_fails, finish_area_fails, NULL },
	{ "area-kill", 2, start_area_kill, finish_area_kill, NULL },
	{ "disarm", 2, start_disarm, finish, NULL },
	{ "delete", 2, start_delete, finish_delete, NULL },
	{ "move", 2, start_move, finish_move, NULL },
	{ "move-alone", 0, start_move_alone, finish_move, NULL },
	{ "unregister", 3, start_unregister, finish, NULL },
	{ "return-only", 0, start_return_only, finish_return_only, NULL },
	{ "return-past-arguments", 0, start_arguments, finish_arguments, NULL },
	{ "look", 0, start_look, finish, look_at_returns },
#ifndef OLD_KERNEL
	{ "restart", 3, start_restart, finish, NULL },
#endif
	{ "fork", 2, start_fork, finish_fork, NULL },
#ifdef ERASES
	{ "again", 3, start_again, finish_again, NULL },
	{ "stays", 2, start_stays, finish_stays, NULL },
	{ "told", 3, start_told, finish_change, NULL },
	{ "taken", 3, start_taken, finish_change, NULL },
	{ "taken-elsewhere", 3, start_taken_elsewhere, finish_change, NULL },
	{ "refused", 3, start_refused, finish_refused, NULL },
#endif
#ifdef CONSUMER_DATA
	{ "sessions", 2, start_sessions, finish_sessions, NULL },
#endif
	{ .name = NULL },
};
