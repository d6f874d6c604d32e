// SPDX-License-Identifier: GPL-2.0-only
// 64: A stack is copied elsewhere while functions on it are pending, as runtimes with growing stacks do.
#include "hunted.h"

/* on_stack(top, fn): call fn there; inner goes on where the stack was copied to. */
asm(".text\n"
    "on_stack:\tpush %rbx\n\tmov %rsp, %rbx\n\tmov %rdi, %rsp\n\tcall *%rsi\n"
    "\tmov %rbx, %rsp\n\tpop %rbx\n\tret\n"
    "outer:\tsub $8, %rsp\n\tcall inner\n\tadd $1, %eax\n\tadd $8, %rsp\n\tret\n"
    "inner:\tsub $8, %rsp\n\tcall copy\n\tadd by(%rip), %rsp\n"
    "\tmov $5, %eax\n\tadd $8, %rsp\n\tret\n");
long on_stack(void *top, void *fn);
extern const char outer[], inner[];
long by;
static char *from, *to;

void copy(void);
void copy(void)
{
	memcpy(to, from, 16384);
}

static int both(void)
{
	char *room = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Lower, then higher */
	from = room + 65536 * 8;
	for (int i = 0; i < 2; i++) {
		to = i ? room + 65536 * 12 : room + 65536 * 2;
		by = to - from;
		note(on_stack(from + 16384 - 64, (void *)outer));
		CHECK(noted->value[i] == 6);
	}
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'r', outer }, { 'r', inner }, { 0, NULL } };

	return judge(both, places, 4);
}
