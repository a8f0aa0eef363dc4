/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See offload.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/packet.h"
#include "base/segment.h"
#include "cli/offload.h"
#include "cli/text.h"

/* Types of segments in the protocol. */
static const struct {
	const char *name;
	uint8_t type;
} types[] = { { "checksum", 0 },
	      { "tcp4", OFFLOAD_TCP4 },
	      { "tcp6", OFFLOAD_TCP6 },
	      { "udp", OFFLOAD_UDP } };

#define N_TYPES (sizeof(types) / sizeof(types[0]))

/* The number of "segment 1448" or "segment=1448".  Return: words it took. */
static int segment_word(struct frame_text *f, int n, char *const *words,
			struct frame_offload *o)
{
	static const char key[] = "segment";
	const char *value = words[0] + strlen(key);
	int took = *value ? 1 : 2;
	unsigned long size;
	char *end;

	value = *value ? value + 1 : n > 1 ? words[1] : "";
	size = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || !size || size > UINT16_MAX)
		return frame_fail(f,
				  "after \"segment\" there must be a number: "
				  "bytes of payload in each frame, 1 to %u",
				  UINT16_MAX);
	o->some = true;
	o->segment = (unsigned int)size;
	return took;
}

int offload_words(struct frame_text *f, int *n, char **words,
		  struct frame_offload *o)
{
	int left = 0;

	for (int i = 0; i < *n;) {
		int took = 1;

		if (!strcmp(words[i], "partial"))
			o->some = true;
		else if (!strcmp(words[i], "segment") ||
			 !strncmp(words[i], "segment=", 8))
			took = segment_word(f, *n - i, words + i, o);
		else
			words[left++] = words[i];
		if (took < 0)
			return -1;
		i += took;
	}
	*n = left;
	return 0;
}

static void snap(struct frame *f, const uint8_t *bytes, size_t len)
{
	*f = (struct frame){ .len = (uint16_t)len };
	f->snap = (uint16_t)(len < FRAME_SNAP_MAX ? len : FRAME_SNAP_MAX);
	memcpy(f->bytes, bytes, f->snap);
}

/* Of a frame that is neither TCP nor UDP, the switch refuses any type. */
static unsigned int type_of(const struct frame_text *text)
{
	struct frame f;
	struct packet p;

	snap(&f, text->bytes, text->len);
	if (f.snap < FRAME_MIN || !frame_parse(&f))
		return OFFLOAD_UDP;
	packet_parse(&f, &p);
	if (p.protocol != PACKET_TCP)
		return OFFLOAD_UDP;
	return p.kind == PACKET_IPV6 ? OFFLOAD_TCP6 : OFFLOAD_TCP4;
}

json_t *offload_json(const struct frame_text *f, const struct frame_offload *o)
{
	unsigned int type = o->segment ? type_of(f) : 0;
	size_t i = 0;

	if (!o->some)
		return NULL;
	while (types[i].type != type)
		i++;
	return json_pack("{s:s, s:i}", "type", types[i].name, "segment",
			 (int)o->segment);
}

/* Of a request, what the switch has found legal. */
static struct offload offload_of(const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "type"));
	json_t *size = json_object_get(request, "segment");
	struct offload o = { .flags = OFFLOAD_CHECKSUM };

	for (size_t i = 0; name && i < N_TYPES; i++)
		if (!strcmp(types[i].name, name))
			o.flags |= types[i].type;
	o.segment = (uint16_t)json_integer_value(size);
	return o;
}

/* Cut the first frame off, in place. */
static void cut(struct frame_text *text, struct offload o)
{
	struct offload_place at;
	struct frame f;
	struct segment s;
	uint8_t *first;

	if (!offload_snap(text->bytes, (uint32_t)text->len, &o, &at, &f))
		return;
	segment_begin(&s, &f, text->bytes, &o, &at, f.bytes, at.l3);
	text->len = segment_length(&s, 0);
	first = xrealloc(NULL, text->len);
	segment_write(&s, 0, first);
	memcpy(text->bytes, first, text->len);
	free(first);
}

char *offload_first(const char *hex, const json_t *request)
{
	struct frame_text text = { .bytes = xrealloc(NULL, FRAME_MAX) };
	char *all;

	if (!frame_hex(&text, hex))
		cut(&text, offload_of(request));
	all = frame_to_hex(&text);
	free(text.bytes);
	return all;
}
