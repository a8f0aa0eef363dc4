/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Client PDs as the monitor sees them (client/pd.h): a file that can be
 * executed here.
 *
 * A program that was not linked with libpd.a never reports "ready".  What can
 * be seen from outside is checked before anything is started, because the
 * kernel's errors for a wrong file ("Exec format error", "No such file" for a
 * script) do not say what to do.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/linux/error.h"
#include "vmm/linux/pd/pd.h"

/* The beginning of an ELF file, the same for both word sizes. */
struct elf_head {
	unsigned char ident[EI_NIDENT];
	uint16_t type;
	uint16_t machine;
};

static int read_head(const char *path, struct elf_head *head)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return -1;
	memset(head, 0, sizeof(*head));
	n = read(fd, head, sizeof(*head));
	close(fd);
	return n < 0 ? -1 : 0;
}

static int check_file(const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) != 0 && errno == ENOENT)
		return error_set(err,
				 "the program %s is not there; build it, or "
				 "correct its path in the topology",
				 path);
	if (stat(path, &st) != 0)
		return error_errno(err, "cannot look at the program %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err,
				 "%s is not a file; name the program itself in "
				 "the topology",
				 path);
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return error_set(err,
				 "%s cannot be executed: %s; make it "
				 "executable by all (chmod a+rx %s)",
				 path, strerror(errno), path);
	return 0;
}

static int check_format(const char *path, struct error *err)
{
	struct elf_head own, head;

	if (read_head(path, &head) != 0)
		return error_set(err,
				 "cannot read the program %s: %s; make it "
				 "readable by all (chmod a+rx %s)",
				 path, strerror(errno), path);
	if (memcmp(head.ident, ELFMAG, SELFMAG) != 0)
		return error_set(
			err,
			"%s is not an ELF program; a client PD is compiled and "
			"linked with libpd.a, it cannot be a script",
			path);
	if (read_head("/proc/self/exe", &own) != 0)
		return error_set(
			err,
			"cannot read /proc/self/exe: %s; is /proc mounted?",
			strerror(errno));
	if (head.ident[EI_CLASS] != own.ident[EI_CLASS] ||
	    head.ident[EI_DATA] != own.ident[EI_DATA] ||
	    head.machine != own.machine)
		return error_set(err,
				 "%s is for another processor; build it for "
				 "this machine, as weir was",
				 path);
	if (head.type != ET_EXEC && head.type != ET_DYN)
		return error_set(err,
				 "%s is an object file; link it with libpd.a",
				 path);
	return 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is open()'s. */
static int program_check(const struct sys_component *cfg, int *fds,
			 struct error *err)
{
	(void)fds;
	return check_file(cfg->program.path, err) != 0 ||
			       check_format(cfg->program.path, err) != 0
		       ? -1
		       : 0;
}

const struct component_ops program_host_ops = {
	.kind = SYS_PROGRAM,
	.name = "program",
	.open = program_check,
};
