// SPDX-License-Identifier: GPL-2.0-only
/* vpcmpeqb is taken for a conditional jump, and not executed. */
#include <stdio.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
int code(void);

asm(".text\n"
    "code:	vpxor	%xmm0, %xmm0, %xmm0\n"
    "	test	%rsp, %rsp\n"
    "site:	vpcmpeqb %xmm0, %xmm0, %xmm0\n"
    "	vmovd	%xmm0, %eax\n"
    "	ret\n"
    "	.skip	16, 0x90\n");

static int body(void)
{
	if (!__builtin_cpu_supports("avx"))
		return 77;
	return code() != -1;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
