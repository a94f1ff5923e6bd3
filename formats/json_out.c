/*
 * The streaming JSON writer: see the header. Commas need no stack of open containers: one is due
 * unless the last byte opened something, or ended a key or a line.
 */
#include "formats/json_out.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_out_init(struct json_out *out)
{
	memset(out, 0, sizeof(*out));
}

void json_out_fini(struct json_out *out)
{
	free(out->data);
	memset(out, 0, sizeof(*out));
}

void json_out_reset(struct json_out *out)
{
	out->len = 0;
	out->error = 0;
}

char *json_out_reserve(struct json_out *out, size_t bytes)
{
	size_t cap = out->cap ? out->cap : 1024;
	char *data;

	if (out->error)
		return NULL;
	if (bytes <= out->cap - out->len)
		return out->data + out->len;
	while (cap - out->len < bytes) {
		if (cap > SIZE_MAX / 2)
			goto fail;
		cap *= 2;
	}
	data = realloc(out->data, cap);
	if (!data)
		goto fail;
	out->data = data;
	out->cap = cap;
	return data + out->len;
fail:
	out->error = -ENOMEM;
	return NULL;
}

static void put(struct json_out *out, const char *bytes, size_t len)
{
	char *p = json_out_reserve(out, len);

	if (!p)
		return;
	memcpy(p, bytes, len);
	out->len += len;
}

static void put_char(struct json_out *out, char c)
{
	put(out, &c, 1);
}

static void put_separator(struct json_out *out)
{
	if (out->len && !strchr("{[:,\n", out->data[out->len - 1]))
		put_char(out, ',');
}

/* A value that is shorter than 64 bytes and needs no escape. */
static void put_value(struct json_out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put_value(struct json_out *out, const char *format, ...)
{
	char text[64];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_separator(out);
	put(out, text, (size_t)n);
}

void json_object_begin(struct json_out *out)
{
	put_separator(out);
	put_char(out, '{');
}

void json_object_end(struct json_out *out)
{
	put_char(out, '}');
}

void json_array_begin(struct json_out *out)
{
	put_separator(out);
	put_char(out, '[');
}

void json_array_end(struct json_out *out)
{
	put_char(out, ']');
}

void json_key(struct json_out *out, const char *key)
{
	put_separator(out);
	put_char(out, '"');
	put(out, key, strlen(key));
	put(out, "\":", 2);
}

/* Bytes of the UTF-8 sequence at `s`, 0 when it is none (RFC 3629, section 4). */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
	size_t n, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

bool json_is_utf8(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = utf8_sequence(s + i, len - i);
		if (!n)
			return false;
	}
	return true;
}

static void put_escaped(struct json_out *out, unsigned char c)
{
	static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	char text[8];
	size_t i;

	for (i = 0; i + 1 < sizeof(names); i += 2) {
		if ((unsigned char)names[i] == c) {
			put_char(out, '\\');
			put_char(out, names[i + 1]);
			return;
		}
	}
	snprintf(text, sizeof(text), "\\u%04x", c);
	put(out, text, 6);
}

/*
 * C1 controls (U+0080 to U+009F) are terminal escapes too: they are the two bytes c2 80 to c2 9f.
 * Returns true when they were written as \u00XX.
 */
static bool put_c1(struct json_out *out, const char *text, size_t left)
{
	if (left < 2 || (unsigned char)text[0] != 0xc2 || (unsigned char)text[1] >= 0xa0)
		return false;
	put_escaped(out, (unsigned char)text[1]);
	return true;
}

void json_string_n(struct json_out *out, const char *text, size_t len)
{
	size_t i, start = 0;

	if (!json_is_utf8(text, len)) {
		json_bytes(out, text, len);
		return;
	}
	put_separator(out);
	put_char(out, '"');
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= ' ' && c != '"' && c != '\\' && c != 0x7f && c != 0xc2)
			continue;
		put(out, text + start, i - start);
		start = i;
		if (c == 0xc2) {
			if (put_c1(out, text + i, len - i))
				start = i + 2;
			i++;
			continue;
		}
		put_escaped(out, c);
		start = i + 1;
	}
	put(out, text + start, len - start);
	put_char(out, '"');
}

void json_string(struct json_out *out, const char *text)
{
	if (text)
		json_string_n(out, text, strlen(text));
	else
		json_null(out);
}

static const char b64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void json_bytes(struct json_out *out, const void *bytes, size_t len)
{
	const unsigned char *s = bytes;
	size_t i;
	char *p;

	put_separator(out);
	put(out, "{\"b64\":\"", 8);
	p = len > SIZE_MAX / 2 ? NULL : json_out_reserve(out, (len + 2) / 3 * 4);
	if (!p) {
		out->error = -ENOMEM;
		return;
	}
	for (i = 0; i < len; i += 3) {
		unsigned n = (unsigned)s[i] << 16;

		n |= i + 1 < len ? (unsigned)s[i + 1] << 8 : 0;
		n |= i + 2 < len ? s[i + 2] : 0;
		*p++ = b64_digits[n >> 18];
		*p++ = b64_digits[n >> 12 & 63];
		*p++ = i + 1 < len ? b64_digits[n >> 6 & 63] : '=';
		*p++ = i + 2 < len ? b64_digits[n & 63] : '=';
	}
	out->len += (len + 2) / 3 * 4;
	put(out, "\"}", 2);
}

/* What a character stands for, 64 and more: it is no digit. */
static unsigned b64_value(unsigned char c)
{
	static const signed char values[128] = {
		['+'] = 63, ['/'] = 64, ['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, ['A'] = 1,
		2,          3,          4,          5,  6,  7,  8,  9,  10, 11, 12, 13, 14,
		15,         16,         17,         18, 19, 20, 21, 22, 23, 24, 25, 26, ['a'] = 27,
		28,         29,         30,         31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
		41,         42,         43,         44, 45, 46, 47, 48, 49, 50, 51, 52,
	};

	return c < 128 ? (unsigned)values[c] - 1 : 64;
}

int64_t json_b64_decode(const char *text, size_t len, void *out)
{
	unsigned char *p = out;
	size_t i, j, pad;

	if (len % 4)
		return -EINVAL;
	pad = len && text[len - 1] == '=' ? 1 + (text[len - 2] == '=') : 0;
	for (i = 0; i < len; i += 4) {
		size_t digits = i + 4 == len ? 4 - pad : 4;
		unsigned n = 0;

		for (j = 0; j < 4; j++) {
			unsigned value = j < digits ? b64_value((unsigned char)text[i + j]) : 0;

			if (value > 63)
				return -EINVAL;
			n = n << 6 | value;
		}
		*p++ = (unsigned char)(n >> 16);
		if (digits > 2)
			*p++ = (unsigned char)(n >> 8);
		if (digits > 3)
			*p++ = (unsigned char)n;
	}
	return p - (unsigned char *)out;
}

void json_int(struct json_out *out, int64_t value)
{
	if (value > JSON_INTEGER_MAX || value < -JSON_INTEGER_MAX)
		put_value(out, "\"%" PRId64 "\"", value);
	else
		put_value(out, "%" PRId64, value);
}

void json_uint(struct json_out *out, uint64_t value)
{
	if (value > (uint64_t)JSON_INTEGER_MAX)
		put_value(out, "\"%" PRIu64 "\"", value);
	else
		put_value(out, "%" PRIu64, value);
}

void json_bool(struct json_out *out, bool value)
{
	put_value(out, "%s", value ? "true" : "false");
}

void json_null(struct json_out *out)
{
	put_value(out, "null");
}

void json_hex(struct json_out *out, uint64_t value)
{
	put_value(out, "\"0x%" PRIx64 "\"", value);
}

void json_hash(struct json_out *out, uint64_t value)
{
	put_value(out, "\"%016" PRIx64 "\"", value);
}

void json_double(struct json_out *out, double value)
{
	char text[40];
	char *comma;

	if (!isfinite(value)) {
		json_null(out);
		return;
	}
	if (value >= (double)-JSON_INTEGER_MAX && value <= (double)JSON_INTEGER_MAX &&
	    value == (double)(int64_t)value) {
		json_int(out, (int64_t)value);
		return;
	}
	snprintf(text, sizeof(text), "%.15g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof(text), "%.17g", value);
	comma = strchr(text, ','); /* the decimal point of some locales */
	if (comma)
		*comma = '.';
	put_value(out, "%s", text);
}

void json_cjson(struct json_out *out, const cJSON *item)
{
	const cJSON *child;

	if (cJSON_IsObject(item)) {
		json_object_begin(out);
		json_cjson_members(out, item);
		json_object_end(out);
	} else if (cJSON_IsArray(item)) {
		json_array_begin(out);
		cJSON_ArrayForEach (child, item)
			json_cjson(out, child);
		json_array_end(out);
	} else if (cJSON_IsString(item)) {
		json_string(out, item->valuestring);
	} else if (cJSON_IsNumber(item)) {
		json_double(out, item->valuedouble);
	} else if (cJSON_IsBool(item)) {
		json_bool(out, cJSON_IsTrue(item));
	} else {
		json_null(out);
	}
}

/* A key from a tree may hold anything; one that is not UTF-8 cannot be a key in JSON at all. */
static void put_key(struct json_out *out, const char *key)
{
	if (json_is_utf8(key, strlen(key)))
		json_string(out, key);
	else
		json_string(out, "?");
	put_char(out, ':');
}

void json_cjson_members(struct json_out *out, const cJSON *item)
{
	const cJSON *child;

	if (!cJSON_IsObject(item))
		return;
	cJSON_ArrayForEach (child, item) {
		put_key(out, child->string ? child->string : "");
		json_cjson(out, child);
	}
}

void json_newline(struct json_out *out)
{
	put_char(out, '\n');
}
