/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/never.h"

static bool never_write(const char *path, const char *format, unsigned int id)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && dprintf(fd, format, id) > 0;

	close(fd);
	return ok;
}

static void never_reply(int fuse, uint64_t unique, const void *data, size_t len)
{
	struct {
		struct fuse_out_header h;
		char data[256];
	} out = { .h = { .len = (uint32_t)(sizeof(out.h) + len),
			 .unique = unique } };

	if (len > 0)
		memcpy(out.data, data, len);
	(void)!write(fuse, &out, out.h.len);
}

static struct fuse_attr never_attributes(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.size = NEVER_SIZE,
		.mode = node == 1 ? S_IFDIR | 0777 : S_IFREG | 0666,
		.nlink = 1,
	};
}

/* Everything but a read of the one file is answered. */
static _Noreturn void never_serve(int fuse)
{
	static char in[1 << 17];

	while (read(fuse, in, sizeof(in)) > 0) {
		const struct fuse_in_header *h = (const void *)in;
		struct fuse_init_out init = { .major = 7,
					      .minor = 31,
					      .max_write = 65536 };
		struct fuse_entry_out entry = { .nodeid = 2,
						.attr = never_attributes(2) };
		struct fuse_attr_out attr = { .attr = never_attributes(
						      h->nodeid) };
		struct fuse_open_out opened = { .fh = 1 };

		if (h->opcode == FUSE_INIT)
			never_reply(fuse, h->unique, &init, sizeof(init));
		else if (h->opcode == FUSE_LOOKUP)
			never_reply(fuse, h->unique, &entry, sizeof(entry));
		else if (h->opcode == FUSE_GETATTR)
			never_reply(fuse, h->unique, &attr, sizeof(attr));
		else if (h->opcode == FUSE_OPEN)
			never_reply(fuse, h->unique, &opened, sizeof(opened));
		else if (h->opcode != FUSE_READ && h->opcode != FUSE_FORGET)
			never_reply(fuse, h->unique, NULL, 0);
	}
	_exit(0);
}

/* Where an ordinary user may mount: as root of a namespace of its own. */
static bool never_enter(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	return uid == 0 || (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
			    never_write("/proc/self/setgroups", "deny", 0) &&
			    never_write("/proc/self/uid_map", "0 %u 1", uid) &&
			    never_write("/proc/self/gid_map", "0 %u 1", gid));
}

static bool never_mount(int fuse, const char *dir)
{
	char options[64];

	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
	return mount("never", dir, "fuse", 0, options) == 0;
}

void *never_page_of_fuse(void)
{
	int fuse = never_enter() ? open("/dev/fuse", O_RDWR | O_CLOEXEC) : -1;
	char dir[] = "/tmp/never-XXXXXX", name[64];
	void *at = MAP_FAILED;
	int file = -1;

	if (fuse < 0 || mkdtemp(dir) == NULL)
		return NULL;
	if (never_mount(fuse, dir)) {
		if (fork() == 0)
			never_serve(fuse);
		snprintf(name, sizeof(name), "%s/never", dir);
		file = open(name, O_RDWR | O_CLOEXEC);
		umount2(dir, MNT_DETACH);
	}
	/* The server's alone, so that its end frees those who wait for it. */
	close(fuse);
	rmdir(dir);
	if (file >= 0)
		at = mmap(NULL, NEVER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			  file, 0);
	return at == MAP_FAILED ? NULL : at;
}

static void *never_page_of_userfaultfd(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *page;

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) != 0)
		return NULL;
	page = mmap(NULL, NEVER_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	area.range.start = (__u64)(uintptr_t)page;
	area.range.len = NEVER_SIZE;
	/* The descriptor stays open: the page is to stay missing. */
	return ioctl(fd, UFFDIO_REGISTER, &area) == 0 ? page : NULL;
}

void *never_page(void)
{
	void *page = never_page_of_userfaultfd();

	return page != NULL ? page : never_page_of_fuse();
}
