// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shapes of functions: first_shape() { is named } in this comment.
 */
#include <linux/mini.h>
#include <linux/other.h>
#include "local.h"

#define SHAPES_MAX	16
#define shapes_swap(a, b)		\
	do {				\
		int shapes_tmp = (a);	\
		(a) = (b);		\
		(b) = shapes_tmp;	\
	} while (0)

/* How many there are. */
static int shapes_count;
static const char *shapes_text = "plain_shape() { not a body } /* nor a comment";

struct shapes_ops;
static DEFINE_LOCK(shapes_lock);

extern int long_prototype(int first,
			  struct shape *second,
			  unsigned long third);
int plain_shape(int value);

/*
 * plain_shape() has braces in its comment: { { {
 */
int plain_shape(int value)
{
	/* } this closes nothing */
	const char *text = "} nor does this, nor '{' \" {";
	char brace = '{';

	if (value)
		return brace;
	return text[0];
}
EXPORT_SYMBOL_GPL(plain_shape);

int __weak weak_shape(void)
{
	return 0;
}

static int __init init_shape(void)
{
	shapes_count = SHAPES_MAX;
	return 0;
}

static __always_inline unsigned long inline_shape(unsigned long a) { return a + 1; }

/* The type stands on a line of its own. */
static struct shape *
split_shape(struct shape *first,
	    int second)
{
	first->size = second;
	return first;
}

static void __printf(1, 2)
attribute_shape(const char *format, ...)
{
	shapes_count++;
}

static void locked_shape(void)
	__acquires(&shapes_lock)
	__releases(&shapes_lock)
{
	shapes_count--;
}

DEFINE_SHAPE(macro_shape)
{
	return plain_shape(1);
}

#ifdef CONFIG_SHAPES
/* Either this one, */
static int twice_shape(int a)
{
	return a;
}
#else
/* or that one. */
static int twice_shape(int a)
{
	return 0;
}
#endif

#ifdef CONFIG_ONE
static int doubled_shape(void)
{
	return 1;
}
#endif
#ifdef CONFIG_TWO
static int doubled_shape(void)
{
	return 2;
}
#endif

static int unbalanced_shape(int a, int b)
{
#ifdef CONFIG_SHAPES
	if (a) {
#else
	if (b) {
#endif
		shapes_count++;
	}
	return 0;
}

static int last_shape(struct shape *shape)
{
	return long_prototype(1, shape, 3);
}
