/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ABSENT_H
#define ABSENT_H

/* A page that is absent until it is provided: who loads from it waits. */
extern long *absent;

int make_absent(void);
int wait_for_load(void);
int provide(void);
const char *lacks_userfaultfd(void);

#endif
