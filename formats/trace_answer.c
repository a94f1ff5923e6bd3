/*
 * Writes the lines of what the outside answered, by hand as trace_lines.c does events. To read them
 * is trace_parse_answer.c.
 */
#include <errno.h>
#include <string.h>

#include "formats/record.h"
#include "formats/syscall_names.h"
#include "formats/trace_digits.h"
#include "formats/trace_lines.h"

/* The longest line without its bytes: names of call and flags, 6 + 4 numbers, a hash. */
enum { FIXED_MAX = 640 };

static const char *const flag_names[] = {
	"more", "next", "reference", "asked", "redacted", "child"
};

enum { FLAGS = sizeof(flag_names) / sizeof(flag_names[0]) };

_Static_assert(ANSWER_FLAGS == (1 << FLAGS) - 1, "each flag has a name");

const char *trace_answer_flag_name(unsigned flag)
{
	unsigned i;

	for (i = 0; i < FLAGS; i++)
		if (flag == 1u << i)
			return flag_names[i];
	return NULL;
}

unsigned trace_answer_flag_by_name(const char *name, size_t len)
{
	unsigned i;

	for (i = 0; i < FLAGS; i++)
		if (strlen(flag_names[i]) == len && !memcmp(flag_names[i], name, len))
			return 1u << i;
	return 0;
}

static char *put_call(char *p, unsigned call)
{
	const char *name = syscall_name(call);

	p = PUT_LITERAL(p, "{\"in\":\"");
	p = name ? put_bytes(p, name, strlen(name)) : put_digits(p, call);
	return PUT_LITERAL(p, "\"");
}

static char *put_args(char *p, const int64_t args[6])
{
	unsigned count = 6, i;

	while (count && !args[count - 1])
		count--;
	for (i = 0; i < count; i++) {
		p = i ? PUT_LITERAL(p, ",") : PUT_LITERAL(p, ",\"a\":[");
		p = put_int(p, args[i]);
	}
	return count ? PUT_LITERAL(p, "]") : p;
}

static char *put_hash(char *p, uint64_t hash)
{
	static const char digits[] = "0123456789abcdef";
	int shift;

	p = PUT_LITERAL(p, ",\"hash\":\"");
	for (shift = 60; shift >= 0; shift -= 4)
		*p++ = digits[hash >> shift & 15];
	return PUT_LITERAL(p, "\"");
}

/* Readers take a NUL in a string for its end, so bytes with one are no string. */
static char *put_payload(struct json_out *out, char *p, const char *key, const void *bytes,
			 size_t len)
{
	if (!p || !len)
		return p;
	p = put_bytes(p, key, strlen(key));
	out->len = (size_t)(p - out->data);
	if (memchr(bytes, '\0', len))
		json_bytes(out, bytes, len);
	else
		json_string_n(out, bytes, len);
	return json_out_reserve(out, FIXED_MAX);
}

static char *put_flags(char *p, unsigned flags)
{
	bool first = true;
	unsigned i;

	if (!flags)
		return p;
	p = PUT_LITERAL(p, ",\"f\":[");
	for (i = 0; i < FLAGS; i++) {
		if (!(flags & 1u << i))
			continue;
		p = first ? PUT_LITERAL(p, "\"") : PUT_LITERAL(p, ",\"");
		p = put_bytes(p, flag_names[i], strlen(flag_names[i]));
		p = PUT_LITERAL(p, "\"");
		first = false;
	}
	return PUT_LITERAL(p, "]");
}

int trace_put_answer(struct json_out *out, const struct trace_answer *answer)
{
	size_t start = out->len;
	char *p;

	if (answer->lane > TRACE_LANE_MAX || answer->flags & ~ANSWER_FLAGS ||
	    answer->name_len > TRACE_BYTES_MAX || answer->sent_len > TRACE_BYTES_MAX ||
	    answer->got_len > TRACE_BYTES_MAX)
		return -EINVAL;
	p = json_out_reserve(out, FIXED_MAX);
	if (!p)
		return -ENOMEM;
	p = put_call(p, answer->call);
	if (answer->process) {
		p = PUT_LITERAL(p, ",\"pr\":");
		p = put_digits(p, answer->process);
	}
	if (answer->lane) {
		p = PUT_LITERAL(p, ",\"l\":");
		p = put_digits(p, answer->lane);
	}
	p = put_args(p, answer->args);
	if (answer->result) {
		p = PUT_LITERAL(p, ",\"r\":");
		p = put_int(p, answer->result);
	}
	p = put_payload(out, p, ",\"name\":", answer->name, answer->name_len);
	p = put_payload(out, p, ",\"sent\":", answer->sent, answer->sent_len);
	if (p && answer->sent_hash)
		p = put_hash(p, answer->sent_hash);
	p = put_payload(out, p, ",\"got\":", answer->got, answer->got_len);
	if (!p) {
		out->len = start;
		return out->error;
	}
	p = put_flags(p, answer->flags);
	p = PUT_LITERAL(p, "}\n");
	out->len = (size_t)(p - out->data);
	return 0;
}
