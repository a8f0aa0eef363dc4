/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/microkit/kernel_impl.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A PD that makes no call for so long loops for ever. */
#define LOOP_MS 60000
/* What a call takes, on the kernel's clock. */
#define CALL_NS 1000

/* --- what a PD calls ---------------------------------------------------- */

static void ready(struct pd *p, uint32_t what)
{
	p->state = READY;
	p->next = (struct message){ .what = what };
}

static void print(struct kernel *k, const char *text)
{
	size_t n = strnlen(text, MK_TEXT);

	if (k->echo)
		printf("%.*s", (int)n, text);
	if (k->printed + n >= CONSOLE)
		return;
	memcpy(k->console + k->printed, text, n);
	k->printed += n;
}

static struct pd *child_of(struct kernel *k, int parent, unsigned int id)
{
	for (int i = 0; i < k->n_pds; i++)
		if (k->pd[i].parent == parent && k->pd[i].id == id)
			return &k->pd[i];
	fprintf(stderr, "kernel: %s has no child %u\n", k->pd[parent].name, id);
	abort();
}

/* Whatever it was doing, nobody waits for it and it waits for nobody. */
static void forget(struct kernel *k, struct pd *p)
{
	for (int i = 0; i < k->n_pds; i++)
		if (k->pd[i].client == p - k->pd)
			k->pd[i].client = KERNEL_NONE;
}

static void restart(struct kernel *k, struct pd *p)
{
	forget(k, p);
	p->stopped = false;
	p->restarts++;
	if (p->program == NULL)
		p->state = RECEIVING;
	else if (p->state != ENDED)
		ready(p, ANSWER_RESTART);
}

static void notify(struct kernel *k, int pd, unsigned int channel)
{
	const struct end *e = &k->pd[pd].end[channel];

	if (e->pd != KERNEL_NONE)
		k->pd[e->pd].pending |= 1ull << e->id;
}

static void reply(struct kernel *k, struct pd *p, const struct message *m)
{
	struct pd *client;

	if (!m->replies || p->client == KERNEL_NONE)
		return;
	client = &k->pd[p->client];
	p->client = KERNEL_NONE;
	if (client->state == FAULTED) {
		ready(client, ANSWER_GO);
		return;
	}
	client->state = READY;
	client->next = *m;
	client->next.what = ANSWER_REPLY;
}

static void begin_call(struct kernel *k, int pd, const struct message *m)
{
	struct pd *p = &k->pd[pd];
	const struct end *e = &p->end[m->number];
	struct pd *callee = &k->pd[e->pd];

	if (callee->program == NULL) {
		p->next = *m;
		if (callee->answer != NULL)
			callee->answer(callee->arg, e->id, &p->next);
		p->next.what = ANSWER_REPLY;
		p->state = READY;
		return;
	}
	p->state = CALLING;
	p->served = false;
	p->message = *m;
	p->callee = e->pd;
	p->callee_id = e->id;
}

static void handle(struct kernel *k, int pd, const struct message *m)
{
	struct pd *p = &k->pd[pd];

	ready(p, ANSWER_GO);
	switch (m->what) {
	case CALL_RECEIVE:
		p->state = RECEIVING;
		reply(k, p, m);
		break;
	case CALL_NOTIFY:
		notify(k, pd, m->number);
		break;
	case CALL_PPC:
		begin_call(k, pd, m);
		break;
	case CALL_RESTART:
		restart(k, child_of(k, pd, m->number));
		break;
	case CALL_STOP:
		forget(k, child_of(k, pd, m->number));
		child_of(k, pd, m->number)->stopped = true;
		break;
	case CALL_FAULT:
		p->state = FAULTED;
		p->told = false;
		break;
	case CALL_PRINT:
		print(k, m->text);
		break;
	default:
		kernel_check(false, "a PD says what it cannot");
	}
}

/* --- scheduling --------------------------------------------------------- */

/* A caller, or a child that has faulted, that this PD has not been told of. */
static int waiting(const struct kernel *k, int pd)
{
	int best = KERNEL_NONE;

	for (int i = 0; i < k->n_pds; i++) {
		const struct pd *p = &k->pd[i];
		bool calls = p->state == CALLING && p->callee == pd &&
			     !p->served && !p->stopped;
		bool faulted = p->state == FAULTED && p->parent == pd &&
			       !p->told;

		if ((calls || faulted) &&
		    (best == KERNEL_NONE || p->priority > k->pd[best].priority))
			best = i;
	}
	return best;
}

static bool can_run(const struct kernel *k, int pd)
{
	const struct pd *p = &k->pd[pd];

	if (p->program == NULL || p->stopped)
		return false;
	return p->state == READY ||
	       (p->state == RECEIVING &&
		(p->pending != 0 || waiting(k, pd) != KERNEL_NONE));
}

static int next_pd(const struct kernel *k)
{
	int best = KERNEL_NONE;

	for (int i = 0; i < k->n_pds; i++) {
		const struct pd *p = &k->pd[i];

		if (can_run(k, i) && (best == KERNEL_NONE ||
				      p->priority > k->pd[best].priority ||
				      (p->priority == k->pd[best].priority &&
				       p->turn < k->pd[best].turn)))
			best = i;
	}
	return best;
}

/* Of a PD that receives: what it gets. */
static struct message event(struct kernel *k, int pd)
{
	struct pd *p = &k->pd[pd], *w;
	struct message m = { .what = EVENT_NOTIFIED, .bits = p->pending };
	int who;

	if (p->pending != 0) {
		p->pending = 0;
		return m;
	}
	who = waiting(k, pd);
	w = &k->pd[who];
	p->client = who;
	if (w->state == FAULTED) {
		w->told = true;
		return (struct message){ .what = EVENT_FAULT, .number = w->id };
	}
	w->served = true;
	m = w->message;
	m.what = EVENT_PROTECTED;
	m.number = w->callee_id;
	return m;
}

/* Let it run to its next call. */
static bool turn(struct kernel *k, int pd)
{
	struct pd *p = &k->pd[pd];
	struct pollfd fd = { .fd = p->socket, .events = POLLIN };
	struct message m;

	m = p->state == READY ? p->next : event(k, pd);
	p->turn = ++k->turns;
	*k->clock += CALL_NS;
	kernel_put(p->socket, &m, sizeof(m));
	if (poll(&fd, 1, LOOP_MS) != 1) {
		fprintf(stderr, "kernel: %s makes no call\n", p->name);
		return false;
	}
	if (recv(p->socket, &m, sizeof(m), MSG_WAITALL) != sizeof(m)) {
		fprintf(stderr, "kernel: %s has ended\n", p->name);
		p->state = ENDED;
		return false;
	}
	handle(k, pd, &m);
	return true;
}

bool kernel_run(struct kernel *k)
{
	int pd;

	while ((pd = next_pd(k)) != KERNEL_NONE)
		if (!turn(k, pd))
			return false;
	return true;
}

/* --- playing a PD ------------------------------------------------------- */

void kernel_notify(struct kernel *k, int pd, unsigned int channel)
{
	notify(k, pd, channel);
}

uint64_t kernel_notified(struct kernel *k, int pd)
{
	uint64_t bits = k->pd[pd].pending;

	k->pd[pd].pending = 0;
	return bits;
}

bool kernel_call(struct kernel *k, int pd, unsigned int channel,
		 struct message *m)
{
	struct pd *p = &k->pd[pd];

	m->number = channel;
	begin_call(k, pd, m);
	if (!kernel_run(k) || p->state != READY)
		return false;
	*m = p->next;
	p->state = RECEIVING;
	return true;
}

void kernel_crash(struct kernel *k, int pd)
{
	forget(k, &k->pd[pd]);
	k->pd[pd].state = FAULTED;
	k->pd[pd].told = false;
}

unsigned int kernel_restarts(const struct kernel *k, int pd)
{
	return k->pd[pd].restarts;
}

bool kernel_stopped(const struct kernel *k, int pd)
{
	return k->pd[pd].stopped;
}

void kernel_pass(struct kernel *k, uint64_t ns)
{
	*k->clock += ns;
}

const char *kernel_console(const struct kernel *k)
{
	return k->console;
}

void kernel_echo(struct kernel *k)
{
	k->echo = true;
}

void kernel_on_call(struct kernel *k, int pd,
		    void (*answer)(void *arg, unsigned int channel,
				   struct message *m),
		    void *arg)
{
	k->pd[pd].answer = answer;
	k->pd[pd].arg = arg;
}
