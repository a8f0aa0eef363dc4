/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Services of a PD for its components: memory, the time, log lines, wires.
 *
 * The rest of pd.h (rings, watched descriptors) is in pd/loop.c.
 */
#include "vmm/linux/pd/pd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "virt/net_client.h"
#include "vmm/linux/pd/loop.h"
#include "vswitch/vswitch.h"

/* Bytes of a log line, newline included. */
#define LOG_LINE 256

void *pd_region(struct component *c, uint32_t slot, size_t *size)
{
	struct pd *pd = c->pd;
	bool there = slot < pd->boot->n_maps;

	if (size != NULL)
		*size = there ? pd->map[slot].size : 0;
	return there ? pd->map[slot].base : NULL;
}

uint64_t pd_now(const struct component *c)
{
	return c->pd->now;
}

/*
 * Append text with control characters escaped: a line may quote what a peer
 * sent, and is read on a terminal.  Leaves room for the newline.
 */
static size_t append(char line[LOG_LINE], size_t used, const char *text)
{
	static const char hex[] = "0123456789abcdef";

	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;
		bool plain = byte >= ' ' && byte < 0x7f && byte != '\\';

		if (used + (plain ? 1 : 4) > LOG_LINE - 1)
			break;
		if (plain) {
			line[used++] = (char)byte;
			continue;
		}
		line[used++] = '\\';
		line[used++] = 'x';
		line[used++] = hex[byte >> 4];
		line[used++] = hex[byte & 15];
	}
	return used;
}

void pd_log(struct component *c, const char *format, ...)
{
	char text[LOG_LINE], line[LOG_LINE];
	size_t used = 0;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (c->pd->boot->n_comps > 1) {
		used = append(line, used, c->cfg->name);
		used = append(line, used, ": ");
	}
	used = append(line, used, text);
	line[used++] = '\n';
	/* A full socket loses the line: the loop must not wait for a reader. */
	(void)!write(c->pd->log, line, used);
}

/* The switch at the other end of a wire, if it is in this PD, or NULL. */
static const struct sys_switch *switch_here(const struct component *c)
{
	uint32_t channel = c->cfg->wire.channel, owner = SYS_NONE;
	const struct sys_component *other;

	if (channel < c->pd->boot->n_chans)
		channel = c->pd->chan[channel].peer;
	if (channel < c->pd->boot->n_chans)
		owner = c->pd->chan[channel].owner;
	if (owner == SYS_NONE)
		return NULL;
	other = c->pd->comp[owner].c.cfg;
	return other->kind == SYS_SWITCH ? &other->sw : NULL;
}

/*
 * A component that sleeps is rung at the end of the round in which the first
 * frame came, so the switch may run twice before it does.  Each time it visits
 * each other port once.  The last frame of a visit may be a segment that it has
 * to cut.
 */
uint32_t pd_frames_between_runs(const struct component *c)
{
	const struct sys_switch *sw = switch_here(c);
	uint32_t cut = 0;

	if (sw == NULL)
		return UINT32_MAX;
	for (uint32_t i = 0; i < sw->n_ports && !cut; i++)
		if (sw->port[i].wire.max_segment > c->cfg->wire.max_segment)
			cut = OFFLOAD_MAX_FRAMES;
	return 2 * (VSWITCH_BUDGET + cut) * (sw->n_ports - 1);
}

void *pd_data(struct component *c, const struct sys_wire *wire,
	      const struct sys_half *half, size_t *size)
{
	size_t used = (size_t)wire->capacity * wire->buffer_size;
	void *data = pd_region(c, half->data, size);

	if (*size > used)
		*size = used;
	return data;
}

void pd_wire(struct component *c, const struct sys_wire *wire,
	     struct net_client_config *config)
{
	*config = (struct net_client_config){
		.tx_active = pd_region(c, wire->ingress.active, NULL),
		.tx_free = pd_region(c, wire->ingress.free, NULL),
		.rx_active = pd_region(c, wire->egress.active, NULL),
		.rx_free = pd_region(c, wire->egress.free, NULL),
		.capacity = wire->capacity,
		.buffer_size = wire->buffer_size,
		.max_frame = wire->max_frame,
		.offload = wire->offload,
		.max_segment = wire->max_segment,
		.link = pd_region(c, wire->link, NULL),
	};
	config->tx_data = pd_data(c, wire, &wire->ingress, &config->tx_size);
	config->rx_data = pd_data(c, wire, &wire->egress, &config->rx_size);
}
