/* SPDX-License-Identifier: BSD-2-Clause */
/* People at a guest's console: see terminals.h. */
#include "vmm/kvm/terminals.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static bool is_there(const struct terminals *t, unsigned int i)
{
	unsigned int at = t->first + i;

	return at < t->c->n_fds && t->c->fd[at] >= 0;
}

/* They are listened to unless something that was typed still waits. */
static void watch(struct terminals *t)
{
	uint32_t events = t->typed_first < t->typed_end ? EPOLLRDHUP
							: EPOLLIN | EPOLLRDHUP;

	for (unsigned int i = 0; i < TERMINALS; i++)
		if (is_there(t, i))
			pd_watch(t->c, t->first + i, events);
}

/* What does not fit is missed. */
static void show(struct terminals *t, unsigned int i, const uint8_t *text,
		 size_t len)
{
	if (len > 0)
		(void)!write(t->c->fd[t->first + i], text, len);
}

static void copy(void *ctx, const uint8_t *text, size_t len)
{
	struct terminals *t = ctx;

	for (size_t i = 0; i < len; i++)
		t->history[t->written++ % TERMINALS_HISTORY] = text[i];
	for (unsigned int i = 0; i < TERMINALS; i++)
		if (is_there(t, i))
			show(t, i, text, len);
}

void terminals_init(struct terminals *t, struct component *c,
		    unsigned int first, struct console *console)
{
	t->c = c;
	t->first = first;
	t->console = console;
	console->copy = copy;
	console->copy_ctx = t;
}

static void replay(struct terminals *t, unsigned int i)
{
	size_t at = t->written % TERMINALS_HISTORY;

	if (t->written >= TERMINALS_HISTORY)
		show(t, i, t->history + at, TERMINALS_HISTORY - at);
	show(t, i, t->history, at);
}

void terminals_add(struct terminals *t, int fd)
{
	for (unsigned int i = 0; i < TERMINALS; i++) {
		if (is_there(t, i))
			continue;
		pd_replace_fd(t->c, t->first + i, fd);
		replay(t, i);
		watch(t);
		return;
	}
	pd_log(t->c, "%u terminals are open at the console already: close one",
	       TERMINALS);
	close(fd);
}

void terminals_work(struct terminals *t)
{
	if (t->typed_first == t->typed_end)
		return;
	t->typed_first += console_put(t->console, t->typed + t->typed_first,
				      t->typed_end - t->typed_first);
	t->console->waits = t->typed_first < t->typed_end;
	watch(t);
}

void terminals_ready(struct terminals *t, unsigned int fd_index,
		     uint32_t events)
{
	ssize_t n = -1;

	errno = 0;
	if ((events & EPOLLIN) && t->typed_first == t->typed_end) {
		n = read(t->c->fd[fd_index], t->typed, sizeof(t->typed));
		t->typed_first = 0;
		t->typed_end = n > 0 ? (size_t)n : 0;
		terminals_work(t);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR &&
		       (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))))
		pd_replace_fd(t->c, fd_index, -1);
}
