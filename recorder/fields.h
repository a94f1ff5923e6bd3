/*
 * Members of a JSON object of a trace, read with a default where they are missing or of another
 * type. For small objects (header, outcome, notes): cJSON searches them linearly.
 */
#ifndef RECORDER_FIELDS_H
#define RECORDER_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "recorder/text.h"

/* A number, or a decimal string where it is beyond 2^53 (formats/json_out.h). */
int64_t fields_int(const cJSON *object, const char *name, int64_t otherwise);

/* The same, and `otherwise` for what does not fit into 32 bits. */
uint32_t fields_number(const cJSON *object, const char *name, uint32_t otherwise);

/* A string, which belongs to the object. */
const char *fields_string(const cJSON *object, const char *name, const char *otherwise);

/*
 * The bytes of a string, which stands as {"b64":"..."} when it is not UTF-8. malloc'ed, with a NUL
 * behind it; NULL when there is none.
 */
char *fields_bytes(const cJSON *object, const char *name, size_t *size);
char *fields_item_bytes(const cJSON *item, size_t *size);

/* The same for people: neutralised (text.h), nothing when there is none. */
void fields_add_clean(struct text *text, const cJSON *item);

/* A hash of 16 hexadecimal digits. False when it is missing or malformed. */
bool fields_hash(const cJSON *object, const char *name, uint64_t *hash);

bool fields_bool(const cJSON *object, const char *name, bool otherwise);

/* A member that is an array or an object; NULL when there is none. */
const cJSON *fields_array(const cJSON *object, const char *name);
const cJSON *fields_object(const cJSON *object, const char *name);

#endif
