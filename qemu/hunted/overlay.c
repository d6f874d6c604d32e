// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A file of an overlay, as containers have: probed by its name there, mapped by this one and its own, copied up, probed again.
#include "twins.h"

#define BELOW	"/tmp/hunted-below"
#define ABOVE	"/tmp/hunted-above"
#define MERGED	"/tmp/hunted-merged"

/* Return 0 or an errno. */
static int merge(void)
{
	static const char *const made[] = { BELOW, ABOVE, MERGED };

	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++) {
		if (mkdir(made[i], 0755) && errno != EEXIST)
			return errno;
	}
	if (mount("below", BELOW, "tmpfs", 0, NULL) || mount("above", ABOVE, "tmpfs", 0, NULL) ||
	    mkdir(ABOVE "/up", 0755) || mkdir(ABOVE "/work", 0755))
		return errno;
	return 0;
}

static bool make(const char *path, const void *code)
{
	int fd = put_code(path, O_CREAT, code);

	close(fd);
	return fd >= 0;
}

/* Map it by this name, and call it four times. */
static int call(const char *path, int which, long hits)
{
	long before = recorded();
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *map = map_opened(fd);

	close(fd);
	CHECK(map != MAP_FAILED && is_twin((twin_fn)map, which, 4));
	CHECK(recorded() - before == hits);
	CHECK(!munmap(map, PAGE));
	return 0;
}

static int all(void)
{
	CHECK(!arm_file('p', "first", MERGED "/file", 0));
	CHECK(!call(MERGED "/file", 0, 4) && !call(BELOW "/file", 0, 4));
	/* opened to be written, it is copied: the probe is on the one below */
	CHECK(make(MERGED "/file", (const void *)five_times));
	CHECK(!call(MERGED "/file", 1, 0) && !call(BELOW "/file", 0, 4));
	CHECK(!arm_file('p', "second", MERGED "/file", 0));
	CHECK(!call(MERGED "/file", 1, 4) && !call(ABOVE "/up/file", 1, 4) && !call(BELOW "/file", 0, 4));
	disarm("first");
	CHECK(!call(MERGED "/file", 1, 4) && !call(BELOW "/file", 0, 0));
	/* without a name in the overlay it is below, as it was */
	CHECK(!unlink(MERGED "/file") && access(MERGED "/file", F_OK));
	CHECK(!call(BELOW "/file", 0, 0));
	disarm("second");
	return 0;
}

int main(void)
{
	int status, err;

	begin();
	err = merge();
	if (err || !make(BELOW "/file", (const void *)three_times))
		return say("skip", "no directories: error %d", err);
	if (mount("merged", MERGED, "overlay", 0,
		  "lowerdir=" BELOW ",upperdir=" ABOVE "/up,workdir=" ABOVE "/work"))
		return say("skip", "no overlay: error %d", errno);
	empty_trace();
	status = run(all);
	return status ? say("not ok", "status %#x", status) : say("ok", "each by its names");
}
