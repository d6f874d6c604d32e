// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A group of tasks is frozen and thawed while its tasks step, emulate and return; who is frozen is in no slot.
#include "storm.h"

#define GROUP "/tmp/hunted-cgroup"

static int write_to(const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), GROUP "/test/%s", name);
	return put(path, text);
}

static bool is_frozen(void)
{
	char text[128] = "";
	int fd = open(GROUP "/test/cgroup.events", O_RDONLY | O_CLOEXEC);

	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return strstr(text, "frozen 1");
}

/* The first slot is the trampoline, whose code may be interrupted. */
static bool is_in_slot(pid_t pid)
{
	unsigned long at = 0, start = slots_of(pid);
	char line[256];
	FILE *file;

	snprintf(line, sizeof(line), "/proc/%d/syscall", pid);
	file = fopen(line, "re");
	if (file && fgets(line, sizeof(line), file))
		sscanf(line, "-1 %*x %lx", &at);
	if (file)
		fclose(file);
	noted->flag[0] += at != 0;	/* unless it is in a system call */
	return start && at - start >= 128 && at - start < PAGE;
}

static int works(void)
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	work(NULL);
	return 0;
}

static int freezes(pid_t pid)
{
	char text[16];
	int status;

	snprintf(text, sizeof(text), "%d", pid);
	CHECK(!write_to("cgroup.procs", text));
	for (int i = 0; i < 40; i++) {
		bool frozen = false;

		CHECK(!write_to("cgroup.freeze", "1"));
		for (int k = 0; k < 3000 && !frozen; k++) {
			nap(1);
			frozen = is_frozen();
		}
		CHECK(frozen && !waitpid(pid, &status, WNOHANG) && !is_in_slot(pid));
		CHECK(!write_to("cgroup.freeze", "0"));
		nap(i % 5);
	}
	return 0;
}

static int body(void)
{
	pid_t pid = fork();
	int failed, status;

	if (!pid)
		_exit(works());
	nap(20);
	failed = freezes(pid);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	write_to("cgroup.freeze", "0");
	CHECK(noted->flag[0] && WIFSIGNALED(status));
	return failed;
}

int main(void)
{
	static const struct place places[] = NESTED;

	mkdir(GROUP, 0755);
	if (mount("cgroup2", GROUP, "cgroup2", 0, NULL) && errno != EBUSY)
		return say("skip", "no control groups: %d", errno);
	mkdir(GROUP "/test", 0755);
	return judge(body, places, -1);
}
