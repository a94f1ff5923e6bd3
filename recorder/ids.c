/*
 * Writing and reading stable ids, see ids.h. Must agree with preload/object.c and preload/lane.c.
 */
#include "recorder/ids.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/hash.h"

static const char *const kinds[OBJECT_KIND_COUNT] = {
	[OBJECT_KIND_NONE] = "none",      [OBJECT_MUTEX] = "mutex",
	[OBJECT_COND] = "cond",           [OBJECT_RWLOCK] = "rwlock",
	[OBJECT_SPIN] = "spin",           [OBJECT_BARRIER] = "barrier",
	[OBJECT_ONCE] = "once",           [OBJECT_SEM] = "sem",
	[OBJECT_FUTEX] = "futex",         [OBJECT_GUARD] = "guard",
	[OBJECT_THREAD] = "thread",       [OBJECT_DESCRIPTOR] = "descriptor",
	[OBJECT_PROCESS] = "process",     [OBJECT_OTHER] = "other",
	[OBJECT_LOCK] = "lock",           [OBJECT_VARIABLE] = "variable",
	[OBJECT_CONTAINER] = "container",
};

#define THREAD "thread:"
#define FIRST "first"

const char *ids_kind_name(unsigned kind)
{
	return kind < OBJECT_KIND_COUNT ? kinds[kind] : kinds[OBJECT_OTHER];
}

unsigned ids_kind_by_name(const char *name)
{
	unsigned kind;

	for (kind = 0; kind < OBJECT_KIND_COUNT; kind++)
		if (strcmp(kinds[kind], name) == 0)
			break;
	return kind;
}

void ids_lane(struct text *text, const char *parent, uint32_t index)
{
	if (parent) {
		text_add(text, parent);
		text_add(text, ".");
	}
	text_addf(text, "%u", index);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void ids_object(struct text *text, const struct record_object *object, const char *module,
		const char *lane)
{
	switch (object->class) {
	case OBJECT_STATIC:
		text_add(text, base_name(module));
		text_addf(text, "+%#llx", (unsigned long long)object->offset);
		break;
	case OBJECT_INIT:
		text_add(text, lane);
		text_addf(text, "/%s.%u", ids_kind_name(object->kind), object->n);
		break;
	case OBJECT_FIRST:
		text_add(text, lane);
		text_addf(text, "/" FIRST ".%u", object->n);
		break;
	case OBJECT_LANE:
		text_add(text, THREAD);
		text_add(text, lane);
		break;
	default:
		text_add(text, object->name);
	}
}

bool ids_is_lock(unsigned kind)
{
	return kind == OBJECT_MUTEX || kind == OBJECT_RWLOCK || kind == OBJECT_SPIN ||
	       kind == OBJECT_SEM || kind == OBJECT_ONCE || kind == OBJECT_GUARD;
}

bool ids_is_provisional(const struct record_object *object)
{
	return object->class == OBJECT_FIRST;
}

/* A decimal number without sign; *end is behind it. */
static bool parse_number(const char *text, const char **end, uint32_t *number)
{
	unsigned long value;
	char *behind;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoul(text, &behind, 10);
	*end = behind;
	*number = (uint32_t)value;
	return !errno && value <= UINT32_MAX;
}

/* The lane id at the beginning of `id`; *end is behind it. */
static bool parse_lane(const char *id, const char **end, uint64_t *hash)
{
	uint32_t index;

	if (!parse_number(id, end, &index))
		return false;
	*hash = hash_id(0, index, 1);
	while (**end == '.') {
		if (!parse_number(*end + 1, end, &index))
			return false;
		*hash = hash_id(*hash, index, 0);
	}
	return true;
}

bool ids_lane_hash(const char *id, uint64_t *hash)
{
	const char *end;

	return parse_lane(id, &end, hash) && !*end;
}

/* Of an interpreter: never static storage. */
static bool is_interpreted(unsigned kind)
{
	return kind == OBJECT_LOCK || kind == OBJECT_VARIABLE || kind == OBJECT_CONTAINER;
}

/* Kinds with ids of class NAMED. */
static bool is_named(unsigned kind)
{
	return kind == OBJECT_DESCRIPTOR || kind == OBJECT_PROCESS || kind == OBJECT_OTHER ||
	       is_interpreted(kind);
}

/* "bank+0x40a0" */
static bool parse_static(const char *id, uint64_t *hash)
{
	const char *plus = strrchr(id, '+');
	unsigned long long offset;
	char *end;

	if (!plus || strncmp(plus, "+0x", 3) != 0 || !isxdigit((unsigned char)plus[3]))
		return false;
	errno = 0;
	offset = strtoull(plus + 1, &end, 16);
	*hash = hash_id(1, hash_bytes(id, (uint64_t)(plus - id)), offset);
	return !errno && !*end;
}

/* "/mutex.3" and "/first.3", behind the lane's id. */
static bool parse_counted(const char *text, unsigned kind, uint64_t lane, uint64_t *hash)
{
	const char *dot = strchr(text, '.'), *end;
	uint32_t class, n;
	size_t length;

	if (*text++ != '/' || !dot || !parse_number(dot + 1, &end, &n) || *end)
		return false;
	length = (size_t)(dot - text);
	if (length == strlen(FIRST) && memcmp(text, FIRST, length) == 0)
		class = 100;
	else if (length == strlen(ids_kind_name(kind)) &&
		 memcmp(text, ids_kind_name(kind), length) == 0)
		class = 2;
	else
		return false;
	*hash = hash_id(class + kind, lane, n);
	return true;
}

bool ids_is_name(const char *id, const char *kind_name)
{
	unsigned kind = ids_kind_by_name(kind_name);
	const char *end;
	uint64_t lane, hash;

	return is_interpreted(kind) &&
	       !(parse_lane(id, &end, &lane) && parse_counted(end, kind, lane, &hash));
}

bool ids_object_hash(const char *id, const char *kind_name, uint64_t *hash)
{
	unsigned kind = ids_kind_by_name(kind_name);
	uint64_t lane;
	const char *end;

	if (kind == OBJECT_THREAD) {
		if (strncmp(id, THREAD, strlen(THREAD)) != 0 ||
		    !ids_lane_hash(id + strlen(THREAD), &lane))
			return false;
		*hash = hash_id(200, lane, 0);
		return true;
	}
	if (parse_lane(id, &end, &lane) && parse_counted(end, kind, lane, hash))
		return true;
	if (is_named(kind)) {
		*hash = hash_id(201, hash_bytes(id, strlen(id)), 0);
		return true;
	}
	return parse_static(id, hash);
}
