// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A program that has forbidden itself new executable memory, and one that has sealed its code.
#include "hunted.h"

STEPPED(stepped);
STEPPED(returns);

static int denied(void)
{
	void *page = (void *)((uintptr_t)stepped & -PAGE);

	/* PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN; mseal() */
	noted->flag[0] = prctl(65, 1, 0, 0, 0);
#ifdef __x86_64__
	noted->flag[1] = syscall(462, page, PAGE, 0);
#endif
	for (int i = 0; i < 10; i++)
		CHECK(stepped(i) == 3 * i && returns(i) == 3 * i);
	CHECK(page);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 'r', returns }, { 0, NULL } };

	return judge(denied, places, 20);
}
