// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the test guest.
 *
 * It mounts the pseudo file systems, starts the test runner with its output on
 * the second serial port, reaps, and powers the machine off.  Whatever goes
 * wrong, the guest ends: a guest that hangs costs more than a failed test.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define RUNNER		"/bin/run-tests"
#define RESULT_PORT	"/dev/ttyS1"
#define TRACEFS		"/sys/kernel/tracing"
#define TRACEFS_MAGIC	0x74726163
#define DEBUGFS		"/sys/kernel/debug"
#define UPROBE_CLIENT	DEBUGFS "/uprobes/control"

/*
 * Seconds after which the runner is killed, unless the command line differs; 0
 * is never.  The runner ends each test, and the host a guest whose tests do not
 * advance: how long all of them take depends on the machine.
 */
#define RUNNER_TIMEOUT	0

#define MAX_ARGS	16

/* This function writes one line to the console. */
static void say(const char *fmt, ...)
{
	va_list ap;

	printf("uprobekit-init: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

/* This function mounts a pseudo file system and says so when it cannot. */
static void mount_one(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		say("cannot mount %s on %s: %s", type, where, strerror(errno));
}

/*
 * This function mounts everything the tests need.  Without tracefs a write to
 * uprobe_events would merely create a file, so its presence is checked here.
 * A kernel whose uprobes have a client under debugfs needs none.
 */
static int mount_all(void)
{
	struct statfs fs;

	mount_one("devtmpfs", "/dev");
	mount_one("proc", "/proc");
	mount_one("sysfs", "/sys");
	mount_one("tmpfs", "/tmp");
	/* Most kernels here have no debugfs, and need none. */
	if (!mount("debugfs", DEBUGFS, "debugfs", 0, NULL) &&
	    !access(UPROBE_CLIENT, F_OK))
		return 0;
	mount_one("tracefs", TRACEFS);
	if (statfs(TRACEFS, &fs) || fs.f_type != TRACEFS_MAGIC) {
		say("no tracefs: this kernel has no tracing");
		return -1;
	}
	return 0;
}

/* Load one module; the kernel says on the console what it has against it. */
static void load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
		say("cannot load %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Load the modules that the host has packed; their names say in which order. */
static void load_modules(void)
{
	glob_t found;
	size_t i;

	if (glob("/modules/*.ko", 0, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++)
		load_module(found.gl_pathv[i]);
	globfree(&found);
}

/* This function makes the console our standard input, output and error. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

/*
 * This function opens the port the results go to, in raw mode: the host must
 * see the bytes that were written, without carriage returns.
 */
static int open_results(void)
{
	struct termios tio;
	int fd = open(RESULT_PORT, O_RDWR | O_NOCTTY);

	if (fd < 0) {
		say("no %s, results go to the console", RESULT_PORT);
		return dup(1);
	}
	if (!tcgetattr(fd, &tio)) {
		cfmakeraw(&tio);
		cfsetspeed(&tio, B115200);
		tcsetattr(fd, TCSANOW, &tio);
	}
	return fd;
}

/*
 * This function collects the uprobekit.* words of the kernel's command line as
 * options for the runner ("uprobekit.tests=nop" becomes "--tests=nop");
 * "uprobekit.program=cost" starts another program in its place.  They are not
 * in our own arguments: the kernel takes a word with a dot for a parameter of a
 * module.
 */
static void runner_options(char **argv, long *timeout)
{
	static const char prefix[] = "uprobekit.";
	static char line[4096];
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	int argc = 1;
	ssize_t len;
	char *word;

	argv[0] = RUNNER;
	if (fd < 0)
		return;
	len = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (len <= 0)
		return;

	for (word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
		if (strncmp(word, prefix, strlen(prefix)))
			continue;
		word += strlen(prefix);
		if (!strncmp(word, "timeout=", 8)) {
			*timeout = atol(word + 8);
			continue;
		}
		if (!strncmp(word, "program=", 8)) {
			if (asprintf(&argv[0], "/bin/%s", word + 8) < 0)
				argv[0] = RUNNER;
			continue;
		}
		if (argc < MAX_ARGS && asprintf(&argv[argc], "--%s", word) > 0)
			argc++;
	}
}

/* This function starts the runner in a session of its own. */
static pid_t start_runner(char **argv, int results)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setsid();
	dup2(results, 1);
	execv(argv[0], argv);
	say("cannot start %s: %s", argv[0], strerror(errno));
	_exit(127);
}

/*
 * This function reaps until the runner has ended, or has taken longer than it
 * may.  It returns the wait status, or -1 after a time-out.
 */
static int wait_runner(pid_t runner, long timeout)
{
	const struct timespec tick = { .tv_nsec = 20 * 1000 * 1000 };
	struct timespec now, end;
	int status;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout;
	for (;;) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid == runner)
			return status;
		if (pid < 0 && errno == ECHILD)
			return -1;
		if (pid > 0)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (timeout && now.tv_sec > end.tv_sec) {
			say("the runner takes more than %ld s", timeout);
			return -1;
		}
		nanosleep(&tick, NULL);
	}
}

/*
 * This function ends the guest.  A kernel that cannot switch the machine off
 * halts it, which would leave QEMU running: there, and wherever powering off
 * fails, the machine is restarted, which ends QEMU when it runs with
 * -no-reboot.  If even that returns, the end of PID 1 is a panic, and panic=-1
 * restarts.
 */
static void __attribute__((noreturn)) power_off(void)
{
	sync();
	/* The root of the ACPI devices: the tables were loaded. */
	if (!access("/sys/devices/LNXSYSTM:00", F_OK)) {
		reboot(RB_POWER_OFF);
		sleep(5);
	}
	reboot(RB_AUTOBOOT);
	sleep(5);
	_exit(1);
}

int main(void)
{
	static char *argv[MAX_ARGS + 1];
	const struct rlimit no_core = { 0, 0 };
	long timeout = RUNNER_TIMEOUT;
	int results, status;
	pid_t runner;

	open_console();
	setrlimit(RLIMIT_CORE, &no_core);
	if (mount_all())
		power_off();

	load_modules();
	results = open_results();
	runner_options(argv, &timeout);
	runner = start_runner(argv, results);
	if (runner < 0)
		say("cannot fork: %s", strerror(errno));
	else
		status = wait_runner(runner, timeout);

	if (runner > 0 && status != -1 && WIFEXITED(status))
		say("runner exited with status %d", WEXITSTATUS(status));
	else
		say("runner did not exit");
	kill(-1, SIGKILL);
	tcdrain(results);
	say("done, powering off");
	tcdrain(1);
	power_off();
}
