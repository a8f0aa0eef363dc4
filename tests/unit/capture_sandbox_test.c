/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hc37: a capture's PD that a frame has subverted, and the files it holds.
 *
 * The PD's one component has a capture's bounds and does what its configuration
 * names when it is notified.
 */
#include "tests/unit/pd_rig.h"

#include <sys/stat.h>

#include "vmm/linux/ports/capture_file.h"

#define LIMIT 65536u

enum { OWN };

static void shorten(struct component *c)
{
	pd_log(c, "%s", ftruncate(c->fd[OWN], 0) == 0 ? "done" : "failed");
}

static void stretch_to_the_limit(struct component *c)
{
	pd_log(c, "%s", ftruncate(c->fd[OWN], LIMIT) == 0 ? "done" : "failed");
}

static void stretch(struct component *c)
{
	pd_log(c, "returned %d", ftruncate(c->fd[OWN], LIMIT + 1));
}

static void stretch_without_end(struct component *c)
{
	pd_log(c, "returned %d", ftruncate(c->fd[OWN], INT64_MAX));
}

static void shorten_another(struct component *c)
{
	pd_log(c, "returned %d", ftruncate(c->fd[OWN] + 1, 0));
}

static void shorten_by_a_wide_number(struct component *c)
{
	pd_log(c, "returned %ld",
	       syscall(SYS_ftruncate, 1ull << 32 | (unsigned int)c->fd[OWN],
		       1ull << 40));
}

static void write_on_and_on(struct component *c)
{
	static const char bytes[4096];
	size_t sum = 0;
	ssize_t n;

	do {
		n = write(c->fd[OWN], bytes, sizeof(bytes));
		sum += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	pd_log(c, "%zu, then %s", sum,
	       errno == EFBIG ? "too large" : "something else");
}

static const struct action {
	const char *name;
	void (*act)(struct component *c);
	const char *says; /* NULL: it is the end of it */
} actions[] = {
	{ "shorten", shorten, "done" },
	{ "stretch to the limit", stretch_to_the_limit, "done" },
	{ "stretch", stretch, NULL },
	{ "stretch without end", stretch_without_end, NULL },
	{ "shorten another", shorten_another, NULL },
	{ "shorten by a wide number", shorten_by_a_wide_number, NULL },
	{ "write on and on", write_on_and_on, "65536, then too large" },
};
#define N_ACTIONS (sizeof(actions) / sizeof(actions[0]))

static int filer_init(struct component *c)
{
	signal(SIGXFSZ, SIG_IGN);
	return c->n_fds == 1 ? 0 : -EINVAL;
}

static void filer_notified(struct component *c, uint32_t channel)
{
	bool *started = c->state;

	(void)channel;
	/* The first is what every channel says at the start. */
	for (unsigned int i = 0; *started && i < N_ACTIONS; i++)
		if (strcmp(actions[i].name, c->cfg->capture.path) == 0)
			actions[i].act(c);
	*started = true;
}

static bool filer_run(struct component *c, uint64_t now_ns)
{
	(void)c;
	(void)now_ns;
	return false;
}

static const struct component_ops filer_ops = {
	.kind = SYS_CAPTURE,
	.name = "filer",
	.state_size = sizeof(bool),
	.file_size = capture_file_size,
	.init = filer_init,
	.notified = filer_notified,
	.run = filer_run,
};

const struct component_ops *const component_kinds[SYS_KINDS] = {
	[SYS_CAPTURE] = &filer_ops,
};

/* --- tests -------------------------------------------------------------- */

static int scratch(void)
{
	char path[] = "/tmp/weir-filer-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC | O_APPEND);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static void start(struct pds *r, const char *action, int fd)
{
	struct sys_component *c;
	uint32_t ch;

	pds_init(r);
	ch = pds_channel(r, "filer");
	pds_end(r, ch, 0, 0);
	pds_end(r, ch, 1, SYS_PD_MONITOR);
	c = pds_comp(r, 0, SYS_CAPTURE, "filer");
	c->wire.channel = 0;
	c->capture.rotate = LIMIT;
	snprintf(c->capture.path, sizeof(c->capture.path), "%s", action);
	pds_back(r);
	r->fds[0][0] = (struct pd_fds){ .n = 1, .fd = { fd } };
	pds_start(r, 0);
	pds_sleeps(r->proc[0].pid);
	ring_end(&r->b, 0, 0);
}

static void hc37_files_keep_their_bounds(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < N_ACTIONS; i++) {
		const char *want = actions[i].says;
		int fd = scratch();
		struct stat st;
		struct pds r;
		const char *line;

		start(&r, actions[i].name, fd);
		line = pds_line(&r, 0);
		if (strcmp(line, want != NULL ? want : "") != 0 &&
		    (want != NULL || !SANDBOX_SANITIZED))
			fail_msg("%s: %s", actions[i].name, line);
		if (want == NULL) {
			int status = pds_wait(&r, 0);

			assert_true(WIFSIGNALED(status));
			assert_int_equal(WTERMSIG(status), SIGSYS);
		}
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(st.st_size <= (off_t)LIMIT);
		close(fd);
		pds_free(&r);
	}
}

static void bounds_are_those_of_the_topology(void **state)
{
	static struct sys_component cfg;

	(void)state;
	cfg.capture.rotate = LIMIT;
	assert_int_equal(capture_file_size(&cfg), LIMIT);
	/* The largest `rotate` there is. */
	cfg.capture.rotate = 0;
	assert_int_equal(capture_file_size(&cfg), 1ull << 40);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc37_files_keep_their_bounds),
		cmocka_unit_test(bounds_are_those_of_the_topology),
	};

	return pds_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
