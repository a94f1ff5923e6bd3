/*
 * A JSON writer into a growing buffer. Not a document model: values are appended in the order in
 * which they are given, commas are put where they belong, nothing is checked or looked at again.
 *
 *	struct json_out out;
 *
 *	json_out_init(&out);
 *	json_object_begin(&out);
 *	json_key(&out, "path");
 *	json_string(&out, path);
 *	json_object_end(&out);
 *	json_newline(&out);
 *	if (out.error) ...
 *	write(fd, out.data, out.len);
 *	json_out_fini(&out);
 *
 * What the traces and every --json output promise is kept here:
 * - integers beyond 2^53 in magnitude are written as decimal strings (jq and cJSON hold doubles);
 * - a string that is not valid UTF-8 is written as {"b64":"..."} (RFC 4648, padded);
 * - control characters and DEL are escaped, so that no line of output holds a terminal escape.
 *
 * Out of memory is remembered in `error`; everything after it does nothing. No function blocks.
 */
#ifndef FORMATS_JSON_OUT_H
#define FORMATS_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/* Largest magnitude that a double holds exactly together with all smaller ones. */
#define JSON_INTEGER_MAX ((int64_t)1 << 53)

struct json_out {
	char *data; /* not terminated by a NUL */
	size_t len;
	size_t cap;
	int error; /* 0 or -ENOMEM, sticky */
};

void json_out_init(struct json_out *out);
void json_out_fini(struct json_out *out);

/* Forget what was written, keep the memory; clears `error`. */
void json_out_reset(struct json_out *out);

/* Make room for `bytes` more. Returns where they go, or NULL with `error` set; len stays. */
char *json_out_reserve(struct json_out *out, size_t bytes);

void json_object_begin(struct json_out *out);
void json_object_end(struct json_out *out);
void json_array_begin(struct json_out *out);
void json_array_end(struct json_out *out);

/* `key` is ASCII without characters that need an escape. */
void json_key(struct json_out *out, const char *key);

/* A NUL-terminated string, or null for NULL. */
void json_string(struct json_out *out, const char *text);
void json_string_n(struct json_out *out, const char *text, size_t len);

/* {"b64":"..."}, whatever the bytes are. */
void json_bytes(struct json_out *out, const void *bytes, size_t len);

void json_int(struct json_out *out, int64_t value);
void json_uint(struct json_out *out, uint64_t value);
void json_bool(struct json_out *out, bool value);
void json_null(struct json_out *out);

/* "0x1234": addresses and offsets. */
void json_hex(struct json_out *out, uint64_t value);

/* "00000000000000ff": hashes, always 16 digits. */
void json_hash(struct json_out *out, uint64_t value);

/* A value that cannot be printed as JSON (NaN, infinity) becomes null. */
void json_double(struct json_out *out, double value);

/* A cJSON tree in its own key order, by the rules above. Recurses as deep as the tree. */
void json_cjson(struct json_out *out, const cJSON *item);

/* The members of the cJSON object `item`, into the object that is open. Not an object: nothing. */
void json_cjson_members(struct json_out *out, const cJSON *item);

/* End of a JSON line. */
void json_newline(struct json_out *out);

/* True when all of `text` is UTF-8 as in RFC 3629 (no overlong forms, no surrogates). */
bool json_is_utf8(const char *text, size_t len);

/*
 * Decode base64 into `out`, which has room for len / 4 * 3 bytes. Returns the number of bytes, or
 * -EINVAL when `text` is not padded base64.
 */
int64_t json_b64_decode(const char *text, size_t len, void *out);

#endif
