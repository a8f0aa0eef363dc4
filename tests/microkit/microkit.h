/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Microkit's calls for programs on Linux, so that PDs run without an SDK.
 *
 * The declarations are those of the SDK's header of the same name.  A PD is a
 * process (pd.c); its calls are messages to a kernel (kernel.h) that lets one
 * PD run at a time: the one of highest priority that can, as seL4 does on one
 * processor.  So a run is the same each time.
 */
#ifndef WEIR_TESTS_MICROKIT_MICROKIT_H
#define WEIR_TESTS_MICROKIT_MICROKIT_H

#include <stdint.h>

#define MICROKIT_MAX_CHANNELS 62
#define MICROKIT_PD_NAME_LENGTH 64

typedef uint64_t seL4_Word;
typedef int8_t seL4_Bool;
#define seL4_True 1
#define seL4_False 0

typedef unsigned int microkit_channel;
typedef unsigned int microkit_child;
typedef struct {
	uint64_t label;
	uint16_t count;
} microkit_msginfo;

/* What a program defines. */
void init(void);
void notified(microkit_channel ch);
microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo);
seL4_Bool fault(microkit_child child, microkit_msginfo msginfo,
		microkit_msginfo *reply_msginfo);

extern char microkit_name[MICROKIT_PD_NAME_LENGTH];

void microkit_dbg_putc(int c);
void microkit_dbg_puts(const char *s);
void microkit_notify(microkit_channel ch);
void microkit_deferred_notify(microkit_channel ch);
microkit_msginfo microkit_ppcall(microkit_channel ch, microkit_msginfo msginfo);
void microkit_pd_restart(microkit_child pd, seL4_Word entry_point);
void microkit_pd_stop(microkit_child pd);
void microkit_mr_set(uint8_t mr, seL4_Word value);
seL4_Word microkit_mr_get(uint8_t mr);

static inline microkit_msginfo microkit_msginfo_new(seL4_Word label,
						    uint16_t count)
{
	return (microkit_msginfo){ .label = label, .count = count };
}

static inline seL4_Word microkit_msginfo_get_label(microkit_msginfo m)
{
	return m.label;
}

static inline seL4_Word microkit_msginfo_get_count(microkit_msginfo m)
{
	return m.count;
}

#endif
