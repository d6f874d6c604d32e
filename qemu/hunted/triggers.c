// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Events have filters, are followed for one process, and their hits turn others on and off, while all of them are disabled.
#include "hunted.h"

STEPPED(first);
EMULATED(second);
STEPPED(third);

static int write_to(const char *event, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), TRACE "events/hunted/%s/%s", event, file);
	return put(path, text);
}

static bool call_all(void)
{
	empty_trace();
	return first(1) == 3 && second(2) == 6 && third(3) == 9 && second(2) == 6;
}

/* Return what is wrong, or NULL. */
static const char *switched(void)
{
	/* second is off; the first hit of first has it on, third off again */
	if (write_to("first", "trigger", "enable_event:hunted:second") ||
	    write_to("third", "trigger", "disable_event:hunted:second"))
		return NULL;
	if (!call_all() || recorded() != 3)
		return "first, second and third";
	if (put(TRACE "events/hunted/enable", "0") || !call_all() || recorded() != 1)
		return "second once, as triggers stay";
	if (enable("third", 1) || !call_all() || recorded() != 2)
		return "second and third";
	if (write_to("first", "trigger", "!enable_event:hunted:second") || !call_all() || recorded() != 1)
		return "third alone";
	write_to("third", "trigger", "!disable_event:hunted:second");
	if (enable("second", 1) || !call_all() || recorded() != 3)
		return "second twice and third";
	return "";
}

static const char *filtered(void)
{
	if (write_to("second", "filter", "COMM == \"nobody\"") || !call_all() || recorded() != 1)
		return "third, as second is filtered";
	if (write_to("second", "filter", "0") || !call_all() || recorded() != 3)
		return "second twice without a filter";
	if (write_to("first", "trigger", "traceoff:1") || enable("first", 1))
		return "a trigger";
	if (!call_all() || recorded() > 1)
		return "no more than first";
	put(TRACE "tracing_on", "1");
	if (!call_all() || recorded() != 4)
		return "all four";
	return "";
}

static const char *followed(void)
{
	char text[16];
	int status;
	pid_t pid;

	snprintf(text, sizeof(text), "%d", getpid());
	if (put(TRACE "set_event_pid", text) || !call_all() || recorded() != 4)
		return "four of this process";
	empty_trace();
	pid = fork();
	if (!pid)
		_exit(first(1) != 3);
	waitpid(pid, &status, 0);
	close(open(TRACE "set_event_pid", O_WRONLY | O_TRUNC | O_CLOEXEC));
	if (recorded())
		return "none of a child";
	put(TRACE "events/hunted/enable", "0");
	return call_all() && !recorded() ? "" : "nothing, disabled";
}

int main(void)
{
	const char *wanted;

	begin();
	if (arm('p', "first", first) || define('p', "second", SELF, file_offset(second), NULL) ||
	    arm('p', "third", third))
		return say("not ok", "cannot be armed");
	wanted = switched();
	if (!wanted)
		return say("skip", "no triggers");
	if (!*wanted)
		wanted = filtered();
	if (!*wanted)
		wanted = followed();
	/* An event with a trigger cannot be deleted. */
	write_to("first", "trigger", "!enable_event:hunted:second");
	write_to("first", "trigger", "!traceoff");
	write_to("third", "trigger", "!disable_event:hunted:second");
	put(TRACE "tracing_on", "1");
	if (*wanted)
		return say("not ok", "%ld records, wanted: %s", recorded(), wanted);
	return say("ok", "switched, filtered, followed");
}
