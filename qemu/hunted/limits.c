// SPDX-License-Identifier: GPL-2.0-only
// 64 32: The first step and the first return in a program that may have no more memory or mappings.
#include "hunted.h"

STEPPED(stepped);
STEPPED(returns);

static int none(void)
{
	const struct rlimit no = { 1 << 20, 1 << 20 };
	const struct rlimit zero = { 0, 0 };

	CHECK(!setrlimit(RLIMIT_AS, &no));
	CHECK(!setrlimit(RLIMIT_DATA, &zero));
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &zero));
	CHECK(!setrlimit(RLIMIT_STACK, &no));
	CHECK(mmap(NULL, 1 << 21, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	for (int i = 0; i < 10; i++)
		CHECK(stepped(i) == 3 * i && returns(i) == 3 * i);
	return 0;
}

static int many(void)
{
	char *page = mmap(NULL, 1 << 24, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int made = 0;

	CHECK(page != MAP_FAILED);
	CHECK(!put("/proc/sys/vm/max_map_count", "300"));
	while (!mprotect(page + 2 * PAGE * made, PAGE, PROT_READ))
		made++;
	CHECK(made > 100 && made < 300);
	for (int i = 0; i < 10; i++)
		CHECK(stepped(i) == 3 * i && returns(i) == 3 * i);
	return 0;
}

static int both(void)
{
	int status = run(none);

	put("/proc/sys/vm/max_map_count", "65530");
	return status ? 1 : run(many) != 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 'r', returns }, { 0, NULL } };
	int ret = judge(both, places, 40);

	put("/proc/sys/vm/max_map_count", "65530");
	return ret;
}
