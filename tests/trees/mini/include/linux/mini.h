/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_MINI_H
#define _LINUX_MINI_H

/*
 * A macro in a comment is none:
#define COMMENTED_OUT 1
 */
#define PLAIN_MACRO	1	/* with a comment that
				 * goes on
				 */
#define WRAPPED_MACRO(x)	\
	(PLAIN_MACRO +		\
	 (x))

#ifndef DEFAULT_MACRO
# define DEFAULT_MACRO	0
#endif

#ifdef CONFIG_SHAPES
# define EITHER_MACRO	1
#else
# define EITHER_MACRO	2
#endif

struct shape;
struct shape_list;

enum shape_kind {
	SHAPE_ROUND,	/* struct shape { in a comment */
	SHAPE_EDGED,
};

union shape_value {
	int number;
	void *pointer;
};

/* What there is to say about a shape. */
struct shape {
	enum shape_kind	kind;		/* the kind */
	union shape_value	value;
	struct shape_list	*shape_list;
	int	size;			/* in steps, which
					 * are small
					 */
#ifdef CONFIG_SHAPES
	/* Only with shapes. */
	unsigned long	guarded;
#endif
	void	(*callback)(struct shape *shape, int argument);
	struct {
		int	inner;
	} nested;
	u8	bytes[SHAPES_MAX];
	int	first, second;
	unsigned int	bits:3;
	DECLARE_BITMAP(mask, 64);
	int	aligned __aligned(8);
};

struct shape_list {
	struct shape	*head;
};

extern int statements(struct shape *shape, int value);
extern void
wrapped_prototype(int a,
		  int b);
/* Its own comment. */
int commented_prototype(void);
extern struct shape_list *get_shape_list(void);
extern int shape_total, shape_other;
typedef int (*shape_handler)(struct shape *shape);

static inline int mini_stub(struct shape *shape)
{
	return 0;
}

#endif	/* _LINUX_MINI_H */
