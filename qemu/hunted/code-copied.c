// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A program executes a copy of probed code, and puts it where the code was, as those do that want large pages.
#include "hunted.h"

asm(".pushsection .text.moved, \"ax\"\n.balign 4096\n");
STEPPED(stepped);
asm(".balign 4096\n.popsection");

static int moved(void)
{
	long (*copied)(long);
	void *copy = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(stepped(2) == 6);
	memcpy(copy, stepped, PAGE);
	CHECK(!mprotect(copy, PAGE, PROT_READ | PROT_EXEC));
	copied = (long (*)(long))copy;
	CHECK(copied(3) == 9);
	CHECK(mremap(copy, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, stepped) == (void *)stepped);
	CHECK(stepped(4) == 12);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 0, NULL } };

	return judge(moved, places, -1);
}
