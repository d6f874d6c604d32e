// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes by way of the client under debugfs, on kernels whose uprobes have no
 * trace events.  Places of one name are one event.
 */
#include "debugfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* This function tells whether the kernel has the client. */
bool client_is_there(void)
{
	return !access(UPROBE_CLIENT "control", F_OK);
}

/* This function gives the client one command and returns 0 or the errno. */
static int client_write(const char *command, int len)
{
	int fd = open(UPROBE_CLIENT "control", O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return errno;
	if (write(fd, command, len) != len)
		err = errno;
	close(fd);
	return err;
}

/* This function removes all places of an event. */
void client_disarm(const char *event)
{
	char command[64];

	client_write(command, snprintf(command, sizeof(command), "-%s", event));
}

/*
 * This function puts probes to the places of an event, one a line: all of them,
 * or none when it returns the errno.
 */
int client_arm(const char *event, const char *places)
{
	const char *end;
	int err = 0;

	for (; *places && !err; places = end + 1) {
		end = strchr(places, '\n');
		err = client_write(places, end - places);
	}
	if (err)
		client_disarm(event);
	return err;
}

/* This function adds up the hits of the places of an event. */
unsigned long client_hits(const char *event)
{
	char line[512], name[64], place[256], type;
	unsigned long hits, sum = 0;
	FILE *f = fopen(UPROBE_CLIENT "probes", "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %c %255s hits=%lu",
			   name, &type, place, &hits) == 4 &&
		    !strcmp(name, event))
			sum += hits;
	}
	fclose(f);
	return sum;
}

/* This function returns the hits of all probes there have ever been. */
unsigned long client_all_hits(void)
{
	FILE *f = fopen(UPROBE_CLIENT "hits", "re");
	unsigned long hits = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%lu", &hits) != 1)
		hits = 0;
	fclose(f);
	return hits;
}
