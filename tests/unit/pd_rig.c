/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/pd_rig.h"

/* --- making a system ---------------------------------------------------- */

uint32_t pds_region(struct pds *r, const char *name, uint64_t size)
{
	size_t n = r->sys.n_regions++;

	r->sys.region =
		reallocarray(r->sys.region, n + 1, sizeof(*r->sys.region));
	r->sys.region[n] = (struct sys_region){ .size = size };
	snprintf(r->sys.region[n].name, SYS_NAME, "%s", name);
	return (uint32_t)n;
}

uint32_t pds_map(struct pds *r, uint32_t pd, uint32_t region, uint32_t perms)
{
	struct sys_pd *p = &r->pd[pd];
	uint32_t slot = p->n_maps++;

	p->map = reallocarray(p->map, slot + 1u, sizeof(*p->map));
	p->map[slot] = (struct sys_map){ region, perms };
	return slot;
}

uint32_t pds_end(struct pds *r, uint32_t channel, uint32_t end, uint32_t pd)
{
	struct sys_channel *ch = &r->sys.channel[channel];
	struct sys_pd *p;

	ch->end[end] = (struct sys_end){ pd, SYS_NONE };
	if (pd >= PDS_MAX)
		return SYS_NONE;
	p = &r->pd[pd];
	p->chan = reallocarray(p->chan, p->n_chans + 1u, sizeof(*p->chan));
	p->chan[p->n_chans] = (struct sys_chan){ channel, end };
	ch->end[end].id = p->n_chans;
	return p->n_chans++;
}

uint32_t pds_channel(struct pds *r, const char *name)
{
	size_t n = r->sys.n_channels++;

	r->sys.channel =
		reallocarray(r->sys.channel, n + 1, sizeof(*r->sys.channel));
	r->sys.channel[n] = (struct sys_channel){ 0 };
	snprintf(r->sys.channel[n].name, SYS_NAME, "%s", name);
	return (uint32_t)n;
}

struct sys_component *pds_comp(struct pds *r, uint32_t pd, enum sys_kind kind,
			       const char *name)
{
	struct sys_pd *p = &r->pd[pd];
	struct sys_component *c;

	assert_true(p->n_comps < PDS_COMPS);
	if (p->comp == NULL)
		p->comp = calloc(PDS_COMPS, sizeof(*p->comp));
	c = &p->comp[p->n_comps++];
	c->kind = kind;
	c->wire.channel = SYS_NONE;
	snprintf(c->name, SYS_NAME, "%s", name);
	return c;
}

void pds_init(struct pds *r)
{
	*r = (struct pds){ .sys = { .name = "test", .n_pds = PDS_MAX } };
	r->sys.pd = r->pd;
	strcpy(r->pd[0].name, "first");
	strcpy(r->pd[1].name, "second");
}

void pds_back(struct pds *r)
{
	struct error err = { "" };

	if (backing_create(&r->b, &r->sys, &err) != 0)
		fail_msg("%s", err.text);
	r->made = true;
}

/* --- processes ---------------------------------------------------------- */

bool pds_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, PDS_TIMEOUT_MS) == 1;
}

const char *pds_line(struct pds *r, uint32_t pd)
{
	static char line[4096];
	char *buf = r->pending[pd], *end;
	size_t *n = &r->n_pending[pd];

	while ((end = memchr(buf, '\n', *n)) == NULL) {
		ssize_t got;

		assert_true(pds_readable(r->proc[pd].log_fd));
		got = read(r->proc[pd].log_fd, buf + *n,
			   sizeof(r->pending[pd]) - *n);
		if (got <= 0)
			return "";
		*n += (size_t)got;
	}
	memcpy(line, buf, (size_t)(end - buf));
	line[end - buf] = '\0';
	*n -= (size_t)(end + 1 - buf);
	memmove(buf, end + 1, *n);
	return line;
}

void pds_spawn(struct pds *r, uint32_t pd)
{
	struct error err = { "" };

	if (pd_spawn(&r->b, pd, r->fds[pd], &r->proc[pd], &err) != 0)
		fail_msg("%s", err.text);
	r->runs[pd] = true;
}

void pds_start(struct pds *r, uint32_t pd)
{
	pds_spawn(r, pd);
	assert_string_equal(pds_line(r, pd), "ready");
}

int pds_wait(struct pds *r, uint32_t pd)
{
	int status;

	assert_true(pds_readable(r->proc[pd].pidfd));
	assert_int_equal(waitpid(r->proc[pd].pid, &status, 0), r->proc[pd].pid);
	r->runs[pd] = false;
	close(r->proc[pd].pidfd);
	close(r->proc[pd].log_fd);
	close(r->proc[pd].ctl_fd);
	return status;
}

void pds_free(struct pds *r)
{
	for (uint32_t i = 0; i < PDS_MAX; i++) {
		if (r->runs[i]) {
			kill(r->proc[i].pid, SIGKILL);
			pds_wait(r, i);
		}
		free(r->pd[i].map);
		free(r->pd[i].chan);
		free(r->pd[i].comp);
	}
	if (r->made)
		backing_destroy(&r->b);
	free(r->sys.region);
	free(r->sys.channel);
}

void ring_end(const struct backing *b, uint32_t channel, unsigned int end)
{
	const uint64_t one = 1;

	(void)!write(b->channel[channel].ring[end], &one, sizeof(one));
}

/* --- looking at one ----------------------------------------------------- */

const char *pds_proc(pid_t pid, const char *file)
{
	static char text[4096];
	ssize_t n;
	int fd;

	snprintf(text, sizeof(text), "/proc/%d/%s", (int)pid, file);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

/* "running", or the system call's number and arguments, in hex. */
static bool pds_in_epoll(const char *text, int *timeout)
{
	char *at;
	long nr = strtol(text, &at, 10);

	if (at == text || (nr != SYS_epoll_pwait
#ifdef SYS_epoll_wait
			   && nr != SYS_epoll_wait
#endif
			   ))
		return false;
	for (int i = 0; i < 3; i++)
		strtoul(at, &at, 16);
	*timeout = (int)strtoul(at, &at, 16);
	return true;
}

int pds_sleeps(pid_t pid)
{
	int timeout;

	for (int i = 0; i < PDS_TIMEOUT_MS; i++) {
		if (pds_in_epoll(pds_proc(pid, "syscall"), &timeout))
			return timeout;
		poll(NULL, 0, 1);
	}
	fail_msg("process %d does not sleep", (int)pid);
	return 0;
}

int pds_check(struct pds *r, uint32_t pd)
{
	char pid[16], script[32];
	int fd[2], status;
	pid_t child;

	snprintf(pid, sizeof(pid), "%d", (int)r->proc[pd].pid);
	snprintf(script, sizeof(script), "/dev/fd/%d", PDS_CHECK_FD);
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		dup2(fd[0], STDIN_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execlp("bash", "bash", script, pid, NULL);
		_exit(100);
	}
	close(fd[0]);
	for (uint32_t i = 0; i < r->pd[pd].n_maps; i++) {
		const struct sys_map *m = &r->pd[pd].map[i];

		dprintf(fd[1], "%s %s\n", r->sys.region[m->region].name,
			m->perms == SYS_R ? "r" : "rw");
	}
	close(fd[1]);
	waitpid(child, &status, 0);
	return status;
}

/* --- the program -------------------------------------------------------- */

static void pds_become(enum pds_identity who)
{
	static const gid_t groups[] = { 4, 24 };
	const char *map = "0 65534 1\n";
	int fd;

	if (who == PDS_AS_IS) {
		/* Something for a PD not to inherit; root alone may. */
		(void)!setgroups(2, groups);
		return;
	}
	if (setgroups(0, NULL) != 0 ||
	    setresgid(PDS_NOBODY, PDS_NOBODY, PDS_NOBODY) != 0 ||
	    setresuid(PDS_NOBODY, PDS_NOBODY, PDS_NOBODY) != 0)
		_exit(100);
	if (who == PDS_AS_NOBODY)
		return;
	/* Its files in /proc are root's until an exec: write as ourselves. */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER) != 0)
		_exit(PDS_CANNOT_BECOME);
	fd = open("/proc/self/setgroups", O_WRONLY);
	(void)!write(fd, "deny", 4);
	close(fd);
	for (int i = 0; i < 2; i++) {
		fd = open(i == 0 ? "/proc/self/uid_map" : "/proc/self/gid_map",
			  O_WRONLY);
		if (write(fd, map, strlen(map)) < 0)
			_exit(102);
		close(fd);
	}
}

/* In a process of its own, executed afresh as an ordinary program is. */
static int pds_run_as(enum pds_identity who)
{
	static char *const label[PDS_AS] = { "", "nobody", "nobody-root" };
	char *argv[] = { "rig", "--run", label[who], NULL };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		pds_become(who);
		execv("/proc/self/exe", argv);
		_exit(103);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == PDS_CANNOT_BECOME) {
		printf("1..0 # SKIP nobody cannot become the root of a user "
		       "namespace here\n");
		fflush(stdout);
		return 0;
	}
	return status;
}

/* Whether this machine lets us make user namespaces at all. */
static bool pds_namespaces(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER) != 0);
	waitpid(pid, &status, 0);
	return status == 0;
}

/* Names with the identity in front. */
static int pds_group(const struct CMUnitTest *tests, size_t n,
		     const char *label)
{
	struct CMUnitTest *named = calloc(n, sizeof(*named));
	struct error err = { "" };
	int result;

	if (pd_spawn_check(&err) != 0) {
		free(named);
		if (pds_namespaces()) {
			printf("1..1\nnot ok 1 - PDs start: %s\n", err.text);
			return 1;
		}
		printf("1..0 # SKIP %s\n", err.text);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		char *name;

		named[i] = tests[i];
		if (label[0] != '\0' &&
		    asprintf(&name, "%s: %s", label, tests[i].name) > 0)
			named[i].name = name;
	}
	result = _cmocka_run_group_tests("pd", named, n, NULL, NULL);
	for (size_t i = 0; label[0] != '\0' && i < n; i++)
		free((char *)named[i].name);
	free(named);
	return result;
}

int pds_main(int argc, char **argv, const struct CMUnitTest *tests, size_t n)
{
	int fd, failed = 0;

	if (argc > 1 && strcmp(argv[1], "--pd") == 0)
		pd_main();
	if (argc > 2 && strcmp(argv[1], "--run") == 0)
		return pds_group(tests, n, argv[2]);
	/* A sanitizer shall not turn a fault into an exit; PDs inherit it. */
	setenv("ASAN_OPTIONS", "handle_segv=0:handle_sigbus=0:detect_leaks=0",
	       1);
	fd = open("tests/sandbox/check.sh", O_RDONLY);
	if (fd < 0) {
		fprintf(stderr, "run this from the project's folder\n");
		return 1;
	}
	dup2(fd, PDS_CHECK_FD);
	close(fd);
	for (int who = PDS_AS_IS; who < PDS_AS; who++)
		if (who == PDS_AS_IS || geteuid() == 0)
			failed |= pds_run_as((enum pds_identity)who);
	return failed != 0;
}
