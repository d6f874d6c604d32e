/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CODE_FILE_H
#define CODE_FILE_H

/* Absent where the compiler cannot make it. */
#define PROGRAM_32	"/bin/selftest-32"

int execute_file(int argc, char **argv);

#endif
