/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hostile guest and its card, reached as the superuser may: by sysfs.
 *
 * Of an e1000e's registers it is those that say where frames are in memory, and
 * whether there is traffic: DMA to everywhere. It leaves those alone that
 * change what the card keeps without power. No reset brings that back, nor
 * would it be this guest alone that has lost the card.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver_vm/say.h"
#include "tests/guests/hostile.h"

/* Of an e1000e. */
#define RECEIVE_CONTROL 0x100u
#define SEND_CONTROL 0x400u
#define RECEIVE_RING 0x2800u
#define SEND_RING 0x3800u
#define RING 0x40u

#define CARDS "/sys/bus/pci/devices"

/* A file of the first card's in sysfs; @size: its octets. */
static int open_card(const char *name, size_t *size)
{
	char path[300];
	struct dirent *entry = NULL;
	DIR *dir = opendir(CARDS);
	struct stat st;
	int fd;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			break;
	if (entry == NULL)
		return -1;
	snprintf(path, sizeof(path), CARDS "/%s/%s", entry->d_name, name);
	closedir(dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return -1;
	*size = (size_t)st.st_size;
	return fd;
}

static struct region map_registers(const char *name)
{
	struct region r = { NULL, 0 };
	int fd = open_card(name, &r.size);
	void *at = fd < 0 ? MAP_FAILED
			  : mmap(NULL, r.size, PROT_READ | PROT_WRITE,
				 MAP_SHARED, fd, 0);

	r.at = at != MAP_FAILED ? at : NULL;
	return r;
}

/* Part of one. */
static struct region part(struct region r, size_t at, size_t size)
{
	return (struct region){ r.at + at, size };
}

void card(struct guest *g)
{
	struct region registers = map_registers("resource0");
	struct region table = map_registers("resource3");
	size_t size;
	int config = open_card("config", &size);

	if (config < 0 || registers.at == NULL || table.at == NULL)
		say("hostile: the card was not found");
	for (;;) {
		uint64_t value = any(g);
		size_t width = 1u << (any(g) % 3);
		size_t at = any(g) % (size / width) * width;

		for (unsigned int n = 0; n < BATCH; n++) {
			store_anything(g, table);
			store_anything(g, part(registers, RECEIVE_RING, RING));
			store_anything(g, part(registers, SEND_RING, RING));
			store_anything(g, part(registers, RECEIVE_CONTROL, 8));
			store_anything(g, part(registers, SEND_CONTROL, 8));
		}
		(void)!pwrite(config, &value, width, (off_t)at);
		(void)!pread(config, &value, width, (off_t)at);
	}
}
