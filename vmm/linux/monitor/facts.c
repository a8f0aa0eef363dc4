/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/facts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/linux/monitor/log.h"

json_t *facts_error(const char *code, const char *format, ...)
{
	json_t *facts;
	va_list args;

	va_start(args, format);
	facts = json_vpack_ex(NULL, 0, format, args);
	va_end(args);
	if (json_object_set_new(facts, "error", json_string(code)) == 0)
		return facts;
	json_decref(facts);
	return json_null();
}

json_t *json_safe(const char *text)
{
	size_t size = 4 * strlen(text) + 5;
	json_t *j = json_string(text);
	char *shown;

	if (j != NULL)
		return j;
	shown = malloc(size);
	if (shown == NULL)
		return NULL;
	log_escape(shown, size, text, strlen(text));
	j = json_string(shown);
	free(shown);
	return j;
}
