// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mini.h>

static int statements(struct shape *shape, int value)
{
	struct shape *next;
	int marked = 0;
	int i;

	/* Begins the work. */
	begin_work(shape);

	if (value)
		if (value > 1)
			nested_call(value);
		else
			other_call(value);

	if (value == 2) {
		first_inner(shape);
		second_inner(shape);
	} else if (value == 3) {
		third_inner(shape);
	} else {
		fourth_inner(shape);
	}

	for_each_shape(next, shape) {
		looped_call(next);
		if (next->size)
			continue;
		looped_twice(next);
	}

	for (i = 0; i < value; i++)
		looped_once(i);

	switch (value) {
	case 1:
		case_one(shape);
		break;
	case 2: case_two(shape);
		break;
	case 'x':
	default:
		case_default(shape);
		break;
	}

	do {
		repeated_call(shape);
	} while (--value);

	scoped_shape(shape) {
		scoped_call(shape);
	}
	after_scope(shape);

#ifdef CONFIG_SHAPES
	guarded_call(shape);
#endif

	*shape = (struct shape) { .size = compound_call(value), };
	marked = value ? true_call(value) : false_call(value);
	twice_call(marked);
	twice_call(value);

	if (marked_call(value)) {
		unmarked_call(value);
		goto out;
	}

	/* Ends the work, */
	/* really. */
	end_work(shape);
out:
	release_work(shape);
	return marked;
}

static void empty_body(void)
{
}

static void open_end(struct shape *shape)
{
	begin_work(shape);
	if (shape->size) {
		end_work(shape);
	}
}

static void one_line(struct shape *shape) { begin_work(shape); }

static void reordered(struct shape *shape, int value)
{
	statements(shape, statements(shape, value));
	pr_shape("statements(a, b)", shape);
}
