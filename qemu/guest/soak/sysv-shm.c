// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V shared memory for a program whose kernel has none: memory that the
 * processes share which it starts, and nobody else.
 *
 * PostgreSQL makes one such segment, of some bytes, to see whether another
 * server uses its files.  What its processes share is mapped otherwise.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/shm.h>

#define ID 1

static void *segment;
static size_t room;

int shmget(key_t key, size_t size, int flags)
{
	(void)key;
	if (!segment && flags & IPC_CREAT) {
		segment = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (segment == MAP_FAILED) {
			segment = NULL;
			return -1;
		}
		room = size;
		return ID;
	}
	errno = segment ? EEXIST : ENOENT;
	return -1;
}

void *shmat(int id, const void *address, int flags)
{
	(void)address;
	(void)flags;
	if (id == ID && segment)
		return segment;
	errno = EINVAL;
	return (void *)-1;
}

int shmdt(const void *address)
{
	if (!segment || address != segment || munmap(segment, room)) {
		errno = EINVAL;
		return -1;
	}
	segment = NULL;
	return 0;
}

int shmctl(int id, int command, struct shmid_ds *data)
{
	(void)data;
	if (id == ID && command == IPC_RMID)
		return 0;
	errno = EINVAL;
	return -1;
}
