/*
 * Overwrites what matches: see the header. The regular expressions are compiled in the C locale,
 * where each byte is a character: what is to be hidden need not be UTF-8.
 */
#include "recorder/redact.h"

#include <errno.h>
#include <locale.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"
#include "recorder/fields.h"

struct redact {
	locale_t locale;
	unsigned count;
	struct {
		char *text;
		regex_t compiled;
	} pattern[];
};

static int add(struct redact *redact, const char *pattern, struct err *err)
{
	regex_t *compiled = &redact->pattern[redact->count].compiled;
	locale_t before = uselocale(redact->locale);
	int rc = regcomp(compiled, pattern, REG_EXTENDED | REG_NEWLINE);
	char why[128];

	uselocale(before);
	if (rc) {
		regerror(rc, compiled, why, sizeof(why));
		return err_set(err, EINVAL, "the pattern \"%s\" is no regular expression: %s",
			       pattern, why);
	}
	redact->pattern[redact->count++].text = alloc_check(strdup(pattern));
	return 0;
}

struct redact *redact_new(const char *const *patterns, unsigned count, struct err *err)
{
	struct redact *redact;
	unsigned i;

	if (!count)
		return NULL;
	redact = alloc_check(calloc(1, sizeof(*redact) + count * sizeof(redact->pattern[0])));
	redact->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	for (i = 0; i < count; i++) {
		if (add(redact, patterns[i], err)) {
			redact_free(redact);
			return NULL;
		}
	}
	return redact;
}

struct redact *redact_of_header(const cJSON *header)
{
	const cJSON *array = fields_array(header, "redact"), *item;
	unsigned n = array ? (unsigned)cJSON_GetArraySize(array) : 0, count = 0;
	const char **patterns = alloc_check(calloc(n + 1, sizeof(*patterns)));
	struct redact *redact;

	cJSON_ArrayForEach (item, array)
		if (cJSON_IsString(item))
			patterns[count++] = item->valuestring;
	redact = redact_new(patterns, count, NULL);
	free(patterns);
	return redact;
}

void redact_free(struct redact *redact)
{
	unsigned i;

	if (!redact)
		return;
	for (i = 0; i < redact->count; i++) {
		regfree(&redact->pattern[i].compiled);
		free(redact->pattern[i].text);
	}
	freelocale(redact->locale);
	free(redact);
}

/* One pattern. What it has overwritten is looked at by the next one as it is then. */
static bool overwrite(const regex_t *compiled, char *bytes, size_t length)
{
	regmatch_t match;
	bool found = false;
	size_t at = 0;

	while (at < length) {
		match.rm_so = (regoff_t)at;
		match.rm_eo = (regoff_t)length;
		if (regexec(compiled, bytes, 1, &match, REG_STARTEND | (at ? REG_NOTBOL : 0)))
			break;
		memset(bytes + match.rm_so, '*', (size_t)(match.rm_eo - match.rm_so));
		found |= match.rm_eo > match.rm_so;
		at = (size_t)match.rm_eo + (match.rm_eo == match.rm_so);
	}
	return found;
}

bool redact_bytes(struct redact *redact, void *bytes, size_t length)
{
	locale_t before;
	bool found = false;
	unsigned i;
	char *copy;

	if (!redact || !length)
		return false;
	/* regexec(3) is told the length, but whoever looks over its shoulder wants an end. */
	copy = alloc_check(malloc(length + 1));
	memcpy(copy, bytes, length);
	copy[length] = '\0';
	before = uselocale(redact->locale);
	for (i = 0; i < redact->count; i++)
		found |= overwrite(&redact->pattern[i].compiled, copy, length);
	uselocale(before);
	if (found)
		memcpy(bytes, copy, length);
	free(copy);
	return found;
}

static void redact_item(struct redact *redact, cJSON *item)
{
	if (cJSON_IsString(item))
		redact_bytes(redact, item->valuestring, strlen(item->valuestring));
}

static cJSON *member(cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* NAME=value is what a pattern sees; the name stays. */
static void redact_variable(struct redact *redact, cJSON *item)
{
	size_t name, value;
	char *both;

	if (!cJSON_IsString(item))
		return;
	name = strlen(item->string);
	value = strlen(item->valuestring);
	both = alloc_check(malloc(name + value + 2));
	memcpy(both, item->string, name);
	both[name] = '=';
	memcpy(both + name + 1, item->valuestring, value + 1);
	redact_bytes(redact, both, name + 1 + value);
	memcpy(item->valuestring, both + name + 1, value);
	free(both);
	redact_item(redact, item);
}

void redact_header(struct redact *redact, cJSON *header)
{
	cJSON *item, *array;
	unsigned i;

	if (!redact)
		return;
	cJSON_ArrayForEach (item, member(header, "argv"))
		redact_item(redact, item);
	cJSON_ArrayForEach (item, member(header, "environment"))
		redact_variable(redact, item);
	array = alloc_check(cJSON_AddArrayToObject(header, "redact"));
	for (i = 0; i < redact->count; i++)
		cJSON_AddItemToArray(array, cJSON_CreateString(redact->pattern[i].text));
}

void redact_outcome(struct redact *redact, cJSON *outcome)
{
	if (!redact)
		return;
	redact_item(redact, member(outcome, "stderr"));
	redact_item(redact, member(outcome, "text"));
	redact_item(redact, member(member(outcome, "finding"), "judged"));
}
