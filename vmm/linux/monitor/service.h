/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Telling a service manager how the monitor is: systemd's protocol of
 * notifications, sd_notify(3).
 *
 * The manager says in the environment where it listens ($NOTIFY_SOCKET) and how
 * often it wants to hear from us ($WATCHDOG_USEC).  Without these nothing is
 * done.  A message is one datagram, sent without waiting: a manager that does
 * not read costs us the message and nothing else.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_SERVICE_H
#define WEIR_VMM_LINUX_MONITOR_SERVICE_H

#include <stdint.h>

/**
 * struct service - the service manager, as far as there is one
 * @fd:      socket, connected with it; -1: there is none
 * @beat_ns: it hears from us so often; 0: it does not want to
 * @due_ns:  when it does next
 */
struct service {
	int fd;
	uint64_t beat_ns;
	uint64_t due_ns;
};

/**
 * service_open - find out whether there is a service manager
 * @s: out
 *
 * Takes its variables out of the environment, so that no child answers for us.
 */
void service_open(struct service *s);

/**
 * service_say - tell it a state
 * @state: as sd_notify(3) has it, such as "READY=1"
 */
void service_say(const struct service *s, const char *state);

/**
 * service_tick - tell it that we are alive, if that is due
 */
void service_tick(struct service *s, uint64_t now_ns);

/**
 * service_deadline - when service_tick() is due; UINT64_MAX: never
 */
uint64_t service_deadline(const struct service *s);

/**
 * service_close - no more
 */
void service_close(struct service *s);

#endif
