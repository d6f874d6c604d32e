// SPDX-License-Identifier: GPL-2.0-only
/* Who registers and who goes, where returns are pending: after scenarios.c's probes. */

/* The one of the file's place, or NULL */
#define in_tree		probes[0]
static struct uprobe_consumer users[3];

/* Who cannot take a breakpoint away, once, and whose that is */
static struct task_struct *unlucky;
static struct uprobe *still_armed;

void erase_node(struct rb_node *node)
{
	if (!in_tree || node != &in_tree->rb_node)
		fail("a probe is taken out of the tree that is not in it");
	if (in_tree == still_armed)
		fail("a probe is taken out of the tree that has a breakpoint");
	in_tree = NULL;
}

struct uprobe *alloc_uprobe(struct inode *of, loff_t offset,
			    loff_t ref_ctr_offset)
{
	struct uprobe *uprobe = kzalloc(sizeof(*uprobe), GFP_KERNEL);

	(void)ref_ctr_offset;
	if (in_tree) {
		release(uprobe);
		return get_uprobe(in_tree);
	}
	uprobe->ref.value = 2;	/* the tree has one */
	uprobe->inode = of;
	uprobe->ino = of->i_ino;
	uprobe->generation = of->i_generation;
	uprobe->offset = offset;
	uprobe->rb_node.used = true;
	uprobe->flags = 1UL << UPROBE_COPY_INSN;
	init_consumers(uprobe);
	in_tree = uprobe;
	return uprobe;
}

void consumer_del(struct uprobe *uprobe, struct uprobe_consumer *uc)
{
	struct list_head *before = &uprobe->consumers;

	while (before->next != &uc->cons_node) {
		before = before->next;
		if (before == &uprobe->consumers)
			fail("a consumer goes that is not there");
	}
	before->next = uc->cons_node.next;
}

int register_for_each_vma(struct uprobe *uprobe, struct uprobe_consumer *new)
{
	(void)new;
	if (uprobe->register_rwsem.writer != running)
		fail("breakpoints are changed without register_rwsem");
	step("breakpoints are put into memory or taken away");
	if (running && running->task == unlucky) {
		unlucky = NULL;
		still_armed = uprobe;
		return -ENOMEM;
	}
	if (still_armed == uprobe)
		still_armed = NULL;
	armed = !list_empty(&uprobe->consumers);
	return 0;
}

static struct uprobe *register_user(struct uprobe_consumer *uc)
{
	struct uprobe *uprobe = lock_uprobe(&inode, 0, 0);

	add_consumer(uprobe, uc);
	register_for_each_vma(uprobe, uc);
	up_write(&uprobe->register_rwsem);
	return uprobe;
}

static void come_and_go(struct uprobe_consumer *uc)
{
	struct uprobe *uprobe = register_user(uc);

	if (uprobe != in_tree)
		fail("a probe with a consumer is not found");
	uprobe_unregister_nosync(uprobe, uc);
}

static void register_1(void)
{
	come_and_go(&users[1]);
}

static void register_2(void)
{
	come_and_go(&users[2]);
}

/* It has a return pending. */
static struct uprobe *entered;

static void unregister_first(void)
{
	uprobe_unregister_nosync(entered, &users[0]);
}

static void start_empty(void)
{
	start(true, true);
	kfree(in_tree);
	in_tree = NULL;
	still_armed = NULL;
}

static void start_again(void)
{
	start_empty();
	entered = get_uprobe(register_user(&users[0]));
	new_thread("unregister", unregister_first, &tasks[0]);
	new_thread("a", register_1, &tasks[1]);
	new_thread("b", register_2, &tasks[2]);
}

static void finish_again(void)
{
	if (in_tree)
		fail("a probe without a consumer is found");
	if (entered->ref.value != 1)
		fail("it has %d references, not that of the return",
		     entered->ref.value);
	put_uprobe(entered);
	finish();
}

/* Its breakpoints stay, and it does, until the next consumer goes. */

static void start_stays(void)
{
	start_again();
	unlucky = &tasks[0];
	warnings_allowed = 1;
}

static void finish_stays(void)
{
	if (in_tree) {
		if (!list_empty(&in_tree->consumers) || in_tree != entered)
			fail("another probe stays in the tree");
		come_and_go(&users[0]);
	}
	finish_again();
}

/* A function is entered; who waits for its return goes, another one comes. */

static unsigned int told[2];
static bool arrived;

/* What the file has that takes the inode meanwhile, if one does */
static struct inode next;

static int on_told(struct uprobe_consumer *self, unsigned long func,
		   struct pt_regs *regs DATA)
{
	(void)func, (void)regs;
	step("in the handler of the return");
	told[self - users]++;
	return 0;
}

static void change_users(void)
{
	uprobe_unregister_nosync(in_tree, &users[0]);
	inode = next;
	register_user(&users[1]);
	arrived = true;
}

static void call_while_users_change(void)
{
	bool same = !next.i_ino && !next.i_generation;
	bool before;

	call(0, 0);
	new_thread("change", change_users, &tasks[1]);
	step("in the function");
	before = arrived;
	ret(0, 0);
	if (before && told[1] != same)
		fail("who has come is told of %u returns", told[1]);
	if (told[0] + told[1] > 1)
		fail("a return is told to one who goes and one who comes");
	exit_task();
}

static void start_change(void)
{
	start_empty();
	memset(told, 0, sizeof(told));
	arrived = false;
	inode = next = (struct inode){ 0 };
	users[0].ret_handler = users[1].ret_handler = on_told;
	register_user(&users[0]);
}

static void start_told(void)
{
	start_change();
	new_thread("a", call_while_users_change, &tasks[0]);
}

static void finish_change(void)
{
	uprobe_unregister_nosync(in_tree, &users[1]);
	finish();
}

static void start_taken(void)
{
	start_told();
	next.i_generation = 1;
}

static void start_taken_elsewhere(void)
{
	start_told();
	next.i_ino = 1;
}

/* A step is refused, perhaps after its probe has gone and another one is there. */

static void start_refused(void)
{
	start_change();
	/* The hit is in an RCU read-side critical section. */
	entered = get_uprobe(in_tree);
	refuses = true;
	warnings_allowed = 2;
	new_thread("a", hit_0, &tasks[0]);
	new_thread("change", change_users, &tasks[1]);
}

static void finish_refused(void)
{
	removed = 0;
	warnings_allowed = 0;
	put_uprobe(entered);
	finish_change();
}
