/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/change_rig.h"

/* Send a request, and do not wait. */
__attribute__((format(printf, 2, 3))) static int begin(const struct rig *r,
						       const char *format, ...)
{
	int fd = rig_connect(r, "test.sock", SOCK_STREAM);
	va_list args;
	char *line;
	int n;

	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	assert_true(n > 0);
	assert_int_equal(write(fd, line, (size_t)n), n);
	free(line);
	return fd;
}

int begin_change(const struct rig *r, const char *text)
{
	return begin(r, "{\"cmd\":\"change\",\"text\":\"%s\"}\n", text);
}

int begin_reload(const struct rig *r, const char *name)
{
	if (name == NULL)
		return begin(r, "{\"cmd\":\"reload\"}\n");
	return begin(r, "{\"cmd\":\"reload\",\"file\":\"%s\"}\n",
		     rig_path(r, name));
}

int begin_undo(const struct rig *r, const char *number)
{
	return begin(r, "{\"cmd\":\"undo\"%s}\n", number);
}

json_t *reply_of(int fd)
{
	json_t *reply = rig_reply(fd);

	close(fd);
	return reply;
}

const char *changed(json_t *reply)
{
	static char names[64];
	json_t *data = rig_data(reply), *name;
	size_t i;

	names[0] = '\0';
	json_array_foreach(json_object_get(data, "switches"), i, name) {
		strcat(names, i > 0 ? " " : "");
		strcat(names, json_string_value(name));
	}
	assert_int_equal(json_integer_value(json_object_get(data, "changed")),
			 json_array_size(json_object_get(data, "switches")));
	json_decref(data);
	return names;
}

const char *report(json_t *reply)
{
	static char text[4096];
	const char *value = json_string_value(json_object_get(reply, "report"));

	snprintf(text, sizeof(text), "%s", value != NULL ? value : "");
	assert_true(json_is_false(json_object_get(reply, "ok")));
	json_decref(reply);
	return text;
}

void expect_switch(const struct rig *r, const char *port, const char *policies,
		   const char *entries)
{
	assert_string_equal(rig_port(r, port, "in_bytes"), policies);
	assert_string_equal(rig_port(r, port, "out_bytes"), entries);
}
