/*
 * Reading members of JSON objects. No errors: what is missing has a default.
 */
#include "recorder/fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/json_out.h"
#include "recorder/alloc.h"

static bool parse_int(const cJSON *item, int64_t *value)
{
	char *end;

	if (cJSON_IsNumber(item)) {
		if (!(item->valuedouble >= -9.2e18 && item->valuedouble <= 9.2e18))
			return false;
		*value = (int64_t)item->valuedouble;
		return true;
	}
	if (!cJSON_IsString(item) || !*item->valuestring)
		return false;
	errno = 0;
	*value = strtoll(item->valuestring, &end, 10);
	return !errno && !*end;
}

int64_t fields_int(const cJSON *object, const char *name, int64_t otherwise)
{
	int64_t value;

	return parse_int(cJSON_GetObjectItemCaseSensitive(object, name), &value) ? value
										 : otherwise;
}

uint32_t fields_number(const cJSON *object, const char *name, uint32_t otherwise)
{
	int64_t value = fields_int(object, name, -1);

	return value >= 0 && value <= UINT32_MAX ? (uint32_t)value : otherwise;
}

const char *fields_string(const cJSON *object, const char *name, const char *otherwise)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : otherwise;
}

char *fields_bytes(const cJSON *object, const char *name, size_t *size)
{
	return fields_item_bytes(cJSON_GetObjectItemCaseSensitive(object, name), size);
}

char *fields_item_bytes(const cJSON *item, size_t *size)
{
	const char *text = fields_string(item, "b64", NULL);
	int64_t decoded;
	char *bytes;

	if (cJSON_IsString(item)) {
		*size = strlen(item->valuestring);
		return alloc_check(strdup(item->valuestring));
	}
	if (!text)
		return NULL;
	bytes = alloc_check(malloc(strlen(text) / 4 * 3 + 1));
	decoded = json_b64_decode(text, strlen(text), bytes);
	if (decoded < 0) {
		free(bytes);
		return NULL;
	}
	bytes[decoded] = '\0';
	*size = (size_t)decoded;
	return bytes;
}

void fields_add_clean(struct text *text, const cJSON *item)
{
	size_t size;
	char *bytes = fields_item_bytes(item, &size);

	if (bytes)
		text_add_clean_n(text, bytes, size);
	free(bytes);
}

bool fields_hash(const cJSON *object, const char *name, uint64_t *hash)
{
	const char *digits = fields_string(object, name, "");

	if (strlen(digits) != 16 || strspn(digits, "0123456789abcdef") != 16)
		return false;
	*hash = strtoull(digits, NULL, 16);
	return true;
}

bool fields_bool(const cJSON *object, const char *name, bool otherwise)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsBool(item) ? cJSON_IsTrue(item) : otherwise;
}

const cJSON *fields_array(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsArray(item) ? item : NULL;
}

const cJSON *fields_object(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsObject(item) ? item : NULL;
}
