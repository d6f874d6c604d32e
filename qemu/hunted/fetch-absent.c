// SPDX-License-Identifier: GPL-2.0-only
// 64: What an event says of a string and of a number whose page nobody has touched yet, or that was put aside.
#include "hunted.h"

STEPPED(stepped);
EMULATED(emulated);

#define NAME "/tmp/absent"

/* Map the file anew: its page is in no page table. */
static long untouched(int fd)
{
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	madvise(page, PAGE, MADV_DONTNEED);
	return (long)page;
}

int main(void)
{
	const char *text = " str=+0(%di):string num=+0(%di):x32";
	int fd, good = 0;
	char line[512];
	FILE *trace;

	begin();
	fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, "absent", 7) != 7 || ftruncate(fd, PAGE))
		return say("skip", "no file");
	if (define('p', "a", SELF, file_offset(stepped), text) ||
	    define('p', "b", SELF, file_offset(emulated), text))
		return say("skip", "cannot define");
	put(TRACE "trace", "");
	empty_trace();
	put(TRACE "events/hunted/enable", "1");
	for (int i = 0; i < 4; i++) {
		long at = untouched(fd);

		if (stepped(at) != 3 * at)
			return say("not ok", "wrong");
		at = untouched(fd);
		if (emulated(at) != 3 * at)
			return say("not ok", "wrong");
	}
	trace = fopen(TRACE "trace", "re");
	while (trace && fgets(line, sizeof(line), trace))
		good += strstr(line, "\"absent\"") && strstr(line, "num=0x65736261");
	return say(good == 8 ? "ok" : "not ok", "%d of 8 are right", good);
}
