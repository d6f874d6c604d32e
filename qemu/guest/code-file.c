// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this program does when it is of another mode than the test that starts
 * it: execute the code of a file.
 */
#include "code-file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	4096

/*
 * Map a file, execute it, and exit with 0 if that returns what it should: FILE
 * WANT. With AT BYTE, change a byte of the mapping before, and stop until the
 * test has us go on.
 */
int execute_file(int argc, char **argv)
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd,
			     0);

	if (code == MAP_FAILED)
		return 1;
	if (argc == 4) {
		if (mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC))
			return 1;
		code[atoi(argv[2])] = atoi(argv[3]);
		if (mprotect(code, PAGE, PROT_READ | PROT_EXEC))
			return 1;
		raise(SIGSTOP);
	}
	return ((int (*)(void))(uintptr_t)code)() != atoi(argv[1]);
}
