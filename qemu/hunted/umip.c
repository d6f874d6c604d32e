// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Instructions that the kernel emulates behind the processor's back (UMIP), probed.
#include "hunted.h"

#ifdef __x86_64__
# define P "%rdi"
# define ARG ""
#else
# define P "%eax"
# define ARG "\tmov 4(%esp), %eax\n"
#endif
asm(".text\n"
    "f_sgdt:" ARG "p_sgdt:\tsgdt (" P ")\n\tret\n"
    "f_sidt:" ARG "p_sidt:\tsidt 16(" P ")\n\tret\n"
    "f_smsw:" ARG "p_smsw:\tsmsw 32(" P ")\n\tret\n"
    "f_smswr:\tmov $-1, %eax\np_smswr:\tsmsw %ax\n\tret\n"
    "f_smswl:\tmov $-1, %eax\np_smswl:\tsmsw %eax\n\tret\n");
long f_sgdt(void *), f_sidt(void *), f_smsw(void *), f_smswr(void *), f_smswl(void *);
extern const char p_sgdt[], p_sidt[], p_smsw[], p_smswr[], p_smswl[];

static int all(void)
{
	static long buf[16];
	cpu_set_t first;

	/* Each processor has tables of its own. */
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);

	for (int i = 0; i < 3; i++) {
		f_sgdt(buf);
		f_sidt(buf);
		f_smsw(buf);
		note(f_smswr(buf));
		note(f_smswl(buf));
		for (unsigned int j = 0; j < 48 / sizeof(long); j++)
			note(buf[j]);
	}
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'p', p_sgdt }, { 'p', p_sidt }, { 'p', p_smsw }, { 'p', p_smswr },
		{ 'p', p_smswl }, { 0, NULL },
	};

	return judge(all, places, 15);
}
