// SPDX-License-Identifier: GPL-2.0-only
/* See kernel.h. */

struct task_struct idle_task;

/* Messages that the scenario allows */
static unsigned int warnings_allowed;

void warn_user(const char *format, ...)
{
	if (!warnings_allowed)
		fail("the log gets: %s", format);
	warnings_allowed--;
}

void check_held(bool held, const char *what)
{
	if (!held)
		fail("a list is walked without %s", what);
}

/* Locks */

static bool can_read(struct thread *thread)
{
	return !((const struct rw_semaphore *)thread->waits_for)->writer;
}

static bool can_write(struct thread *thread)
{
	return can_read(thread) &&
	       !((const struct rw_semaphore *)thread->waits_for)->readers;
}

static bool can_write_or_killed(struct thread *thread)
{
	return can_write(thread) || fatal_signal_pending(thread->task);
}

void down_read(struct rw_semaphore *sem)
{
	if (running)
		block("down_read()", sem, can_read);
	sem->readers++;
}

void up_read(struct rw_semaphore *sem)
{
	if (sem->readers <= 0)
		fail("up_read() of what is not locked");
	sem->readers--;
	step("up_read()");
}

void down_write(struct rw_semaphore *sem)
{
	if (running)
		block("down_write()", sem, can_write);
	sem->writer = running;
}

void up_write(struct rw_semaphore *sem)
{
	if (sem->writer != running)
		fail("up_write() of what this thread has not locked");
	sem->writer = NULL;
	step("up_write()");
}

void mmap_read_lock(struct mm_struct *mm)
{
	down_read(&mm->mmap_lock);
}

void mmap_read_unlock(struct mm_struct *mm)
{
	up_read(&mm->mmap_lock);
}

void mmap_write_lock(struct mm_struct *mm)
{
	down_write(&mm->mmap_lock);
}

int mmap_write_lock_killable(struct mm_struct *mm)
{
	block("mmap_write_lock_killable()", &mm->mmap_lock,
	      can_write_or_killed);
	if (mm->mmap_lock.writer || mm->mmap_lock.readers)
		return -EINTR;
	mm->mmap_lock.writer = running;
	return 0;
}

void mmap_write_unlock(struct mm_struct *mm)
{
	up_write(&mm->mmap_lock);
}

void rcu_read_lock_trace(void)
{
	current->rcu_readers++;
}

void rcu_read_unlock_trace(void)
{
	if (!current->rcu_readers)
		fail("rcu_read_unlock_trace() without rcu_read_lock_trace()");
	current->rcu_readers--;
	step("rcu_read_unlock_trace()");
}

bool rcu_read_lock_trace_held(void)
{
	return current->rcu_readers;
}

/* Queues */

void prepare_to_wait(wait_queue_head_t *queue)
{
	unsigned int i = 0;

	while (queue->waiting[i] && queue->waiting[i] != running)
		i++;
	queue->waiting[i] = running;
	running->woken = false;
	step("prepare_to_wait()");
}

void finish_wait(wait_queue_head_t *queue)
{
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++) {
		if (queue->waiting[i] == running)
			queue->waiting[i] = NULL;
	}
}

static bool is_woken_or_killed(struct thread *thread)
{
	return thread->woken || fatal_signal_pending(thread->task);
}

static bool is_woken_or_signalled(struct thread *thread)
{
	return thread->woken || signal_pending(thread->task);
}

void wait_until_woken(wait_queue_head_t *queue, bool interruptible)
{
	block("wait_event()", queue,
	      interruptible ? is_woken_or_signalled : is_woken_or_killed);
}

bool wq_has_sleeper(wait_queue_head_t *queue)
{
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++) {
		if (queue->waiting[i])
			return true;
	}
	return false;
}

void wake_up(wait_queue_head_t *queue)
{
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++) {
		if (queue->waiting[i])
			queue->waiting[i]->woken = true;
	}
	step("wake_up()");
}

/* Memory */

void *kzalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	step("kzalloc()");
	return allocate(size);
}

void *kmalloc(size_t size, gfp_t gfp)
{
	return memset(kzalloc(size, gfp), 0xa5, size);
}

/* What was there is gone: whoever still looks at it is found out. */
void *krealloc(const void *old, size_t size, gfp_t gfp)
{
	void *new = kmalloc(size, gfp);

	memcpy(new, old, allocated(old));
	kfree(old);
	return new;
}

void *kmemdup(const void *from, size_t size, gfp_t gfp)
{
	void *to = kzalloc(size, gfp);

	return memcpy(to, from, size);
}

void kfree(const void *memory)
{
	release((void *)memory);
	step("kfree()");
}

void free_page(struct page *page)
{
	kfree(page);
}

struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr)
{
	if (addr >= mm->code.vm_start && addr < mm->code.vm_end)
		return &mm->code;
	if (addr >= mm->stack.vm_start && addr < mm->stack.vm_end)
		return &mm->stack;
	return NULL;
}

unsigned long get_unmapped_area(struct file *file, unsigned long addr,
				unsigned long len, unsigned long pgoff,
				unsigned long flags)
{
	(void)file, (void)len, (void)pgoff, (void)flags;
	return addr;
}

/* Map the area. The caller holds mmap_lock for write. */
static int map_xol(struct mm_struct *mm, unsigned long addr, struct page *page,
		   const struct vm_special_mapping *mapping)
{
	if (!mm->mmap_lock.writer)
		fail("a mapping is made without mmap_lock");
	if (mm->xol.vm_end)
		fail("the area is mapped twice");
	step("a mapping is made");
	if (mm->failures) {
		mm->failures--;
		return -ENOMEM;
	}
	mm->xol_page = page;
	mm->xol_mapping = mapping;
	mm->xol.vm_mm = mm;
	mm->xol.vm_start = addr;
	mm->xol.vm_end = addr + PAGE_SIZE;
	return 0;
}

int install_special_mapping(struct mm_struct *mm, unsigned long addr,
			    unsigned long len, vm_flags_t flags,
			    struct page **pages)
{
	(void)len, (void)flags;
	return map_xol(mm, addr, pages[0], NULL);
}

struct vm_area_struct *
_install_special_mapping(struct mm_struct *mm, unsigned long addr,
			 unsigned long len, vm_flags_t flags,
			 const struct vm_special_mapping *mapping)
{
	int err = map_xol(mm, addr, NULL, mapping);

	(void)len, (void)flags;
	return err ? ERR_PTR(err) : &mm->xol;
}

/* Return the page that the area's mapping leads to. */
static struct page *find_xol_page(struct mm_struct *mm)
{
	struct vm_fault fault = { .page = NULL };

	if (!mm->xol_mapping)
		return mm->xol_page;
	mm->xol_mapping->fault(mm->xol_mapping, &mm->xol, &fault);
	return fault.page;
}

void copy_to_page(struct page *page, unsigned long vaddr, const void *from,
		  int len)
{
	memcpy(page->data + (vaddr & ~PAGE_MASK), from, len);
	step("copy_to_page()");
}

void copy_from_page(struct page *page, unsigned long vaddr, void *to, int len)
{
	memcpy(to, page->data + (vaddr & ~PAGE_MASK), len);
}
