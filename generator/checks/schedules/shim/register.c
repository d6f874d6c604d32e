// SPDX-License-Identifier: GPL-2.0-only
/* Who registers and who goes, where returns are pending: after scenarios.c's probes. */

/* The one of the file's place, or NULL */
static struct uprobe *in_tree;
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
	uprobe->offset = offset;
	uprobe->rb_node.used = true;
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

static void start_again(void)
{
	start(true, true);
	in_tree = NULL;
	still_armed = NULL;
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
