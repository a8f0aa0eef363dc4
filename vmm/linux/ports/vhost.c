/* SPDX-License-Identifier: BSD-2-Clause */
/* Which rings of a device work, and how front-ends come and go: vhost.h. */
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

#include "vmm/linux/ports/vhost.h"

/* An eventfd that takes no "1" for so long ends this process. */
#define PATIENCE_S 5

/* --- rings that work, and rings that do not ----------------------------- */

static const char *const setup_texts[] = {
	[VQ_BAD_SIZE] = "it has no size a ring can have",
	[VQ_BAD_ALIGNMENT] = "it is not aligned",
	[VQ_BAD_PLACE] = "it is not in the guest's memory",
	[VQ_BAD_START] = "it is to go on where it has no slot",
};

static int ring_fd(const struct component *c, unsigned int ring,
		   enum vhost_fd what)
{
	unsigned int at = vhost_fd_at(ring, what);

	return at < c->n_fds ? c->fd[at] : -1;
}

/*
 * The write waits if the counter is full, and nothing a process can set prevents
 * that, because the front-end can set it back.  The timer's signal is not
 * handled.
 */
void vhost_bell(struct component *c, unsigned int ring, enum vhost_fd what)
{
	static const struct itimerval bound = { .it_value.tv_sec = PATIENCE_S };
	static const struct itimerval off;
	static const uint64_t one = 1;
	int fd = ring_fd(c, ring, what);

	if (fd < 0)
		return;
	setitimer(ITIMER_REAL, &bound, NULL);
	(void)!write(fd, &one, sizeof(one));
	setitimer(ITIMER_REAL, &off, NULL);
}

void vhost_halt(struct component *c, struct vhost *v, unsigned int ring)
{
	struct vhost_ring *r = &v->ring[ring];

	if (!r->started)
		return;
	v->device->publish(c);
	vq_where(v->device->vq(c, ring), &r->config.next, &r->config.used);
	r->started = false;
}

static void start(struct component *c, struct vhost *v, unsigned int ring)
{
	struct vhost_ring *r = &v->ring[ring];
	enum vq_setup why = VQ_BAD_PLACE;

	r->config.features = v->features;
	if (vhost_guest_address(v, r->desc, &r->config.desc) &&
	    vhost_guest_address(v, r->driver, &r->config.driver) &&
	    vhost_guest_address(v, r->device, &r->config.device)) {
		if (v->device->resume != NULL)
			v->device->resume(c, ring, &r->config);
		why = vq_start(v->device->vq(c, ring), &v->memory, &r->config);
	}
	r->started = why == VQ_STARTED;
	if (r->started)
		return;
	/* Until the front-end says something new of it. */
	r->placed = false;
	pd_log(c, "the guest's %s cannot be used: %s", v->device->ring(ring),
	       setup_texts[why]);
}

/* Return: whether the ring is served. */
static bool settle(struct component *c, struct vhost *v, unsigned int ring)
{
	struct vhost_ring *r = &v->ring[ring];
	unsigned int kick = vhost_fd_at(ring, VHOST_KICK);
	bool on;

	if (!r->started && v->agreed && r->placed && r->kick && v->regions > 0)
		start(c, v, ring);
	on = r->started && r->enabled;
	if (!pd_watch(c, kick, on ? EPOLLIN | EPOLLET : 0) && on &&
	    ring_fd(c, ring, VHOST_KICK) >= 0)
		vhost_refuse(c, v, "it gave no eventfd for the %s",
			     v->device->ring(ring));
	return on && r->started;
}

void vhost_refresh(struct component *c, struct vhost *v)
{
	for (unsigned int i = 0; i < v->device->rings; i++)
		v->ring[i].served = settle(c, v, i);
	v->device->settled(c);
}

void vhost_broken(struct component *c, struct vhost *v, unsigned int ring)
{
	pd_log(c,
	       "the guest broke the rules of its %s (fault %u): the ring "
	       "rests until its driver starts it again",
	       v->device->ring(ring), v->device->vq(c, ring)->fault);
	vhost_halt(c, v, ring);
	vhost_bell(c, ring, VHOST_ERR);
	v->ring[ring].kick = false;
	vhost_refresh(c, v);
}

/* --- the front-end ------------------------------------------------------ */

void vhost_begun(struct component *c, struct vhost *v)
{
	v->talk = true;
	v->peer.watched = EPOLLIN;
	/* Not "no peer", for which the monitor would connect again. */
	outside_set(c->outside, OUTSIDE_NO_CARRIER);
}

void vhost_ended(struct component *c, struct vhost *v)
{
	for (unsigned int i = 0; i < v->device->rings; i++) {
		v->ring[i] = (struct vhost_ring){ .started = false };
		for (unsigned int k = 0; k < VHOST_RING_FDS; k++)
			pd_replace_fd(c, vhost_fd_at(i, k), -1);
	}
	v->features = v->protocol = v->status = 0;
	v->agreed = v->talk = false;
	vhost_inflight_drop(v);
	vhost_unmap(v);
	outside_shares(c->outside, 0);
	vhost_forget(v);
}

void vhost_refuse(struct component *c, struct vhost *v, const char *format, ...)
{
	char text[200];
	va_list args;

	if (!v->peer.present)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	peer_end(c, &v->peer);
	pd_log(c, "the front-end was disconnected: %s", text);
}
