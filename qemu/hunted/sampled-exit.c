// SPDX-License-Identifier: GPL-2.0-only
// 64: A profiler samples call chains of all processors by a timer while tasks with pending returns end.
#include "perf.h"
#include "storm.h"

static int profile(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = 100000, .sample_type = PERF_SAMPLE_CALLCHAIN,
	};
	int fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, 8);

	return fd < 0 || mmap(NULL, 9 * PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : fd;
}

static int storm(void)
{
	int status;

	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		CHECK(profile(cpu) >= 0);
	for (int i = 0; i < 150; i++) {
		pid_t pid = fork();

		if (!pid) {
			pthread_t thread;

			for (int j = 0; j < 3; j++)
				pthread_create(&thread, NULL, work, NULL);
			nap(1);
			_exit(nest(40) != 46);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(!status);
	}
	return 0;
}

int main(void)
{
	const struct place places[] = NESTED;

	return judge(storm, places, -1);
}
