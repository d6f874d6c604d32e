// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A probed file is read, sent, spliced, copied and mapped to be shared, while its code is hit: none of that has a breakpoint.
#include "twins.h"
#include <sys/sendfile.h>

#define SIZE 32

static const char copy_file[] = "/tmp/hunted-copy";

static bool same(const void *got)
{
	return !memcmp(got, (const void *)three_times, SIZE);
}

/* What has been written to the copy is read, and forgotten. */
static bool is_copied(int to, long written)
{
	char got[SIZE];
	bool good = written == SIZE && pread(to, got, SIZE, 0) == SIZE && same(got);

	return !ftruncate(to, 0) && lseek(to, 0, SEEK_SET) == 0 && good;
}

static int look(int from, int to)
{
	off64_t at = 0, start = 0;
	char got[SIZE];
	int ends[2];
	void *map = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, from, 0);

	CHECK(pread(from, got, SIZE, 0) == SIZE && same(got));
	CHECK(map != MAP_FAILED && same(map));
	CHECK(is_twin((twin_fn)map, 0, 4));
	CHECK(is_copied(to, write(to, map, SIZE)));
	CHECK(!munmap(map, PAGE));
	CHECK(is_copied(to, sendfile64(to, from, &at, SIZE)));
	CHECK(is_copied(to, copy_file_range(from, &start, to, NULL, SIZE, 0)));
	at = 0;
	CHECK(!pipe(ends) && splice(from, &at, ends[1], NULL, SIZE, 0) == SIZE);
	CHECK(is_copied(to, splice(ends[0], NULL, to, NULL, SIZE, 0)));
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static int all(void)
{
	int to = open(copy_file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	twin_fn fn;

	unlink(copy_file);
	CHECK(to >= 0 && !look(twin_fd[0], to));
	fn = map_twin(0, NULL);
	for (int round = 0; round < 4; round++) {
		CHECK(fn && is_twin(fn, 0, 4));
		CHECK(!look(twin_fd[0], to));
	}
	CHECK(!munmap((void *)fn, PAGE) && !look(twin_fd[0], to));
	return 0;
}

int main(void)
{
	return judge_twins(all, 16, 0);
}
