/*
 * Names for people, from the names of a trace. Keeps two small indexes (objects by name, to see
 * which names are shared; lanes by id) and no text of its own.
 */
#include "recorder/naming.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "recorder/abbreviate.h"
#include "recorder/alloc.h"
#include "recorder/ids.h"
#include "recorder/symbols_user.h"
#include "recorder/words.h"

/* Object names that the trace uses, and lane ids. The strings belong to the trace's names. */
struct entry {
	const char *key;
	uint32_t number; /* the first object, or the lane */
	uint32_t count;
	UT_hash_handle hh;
};

struct naming {
	const struct trace_names *names;
	struct entry *objects;
	struct entry *lanes;
};

static void enter(struct entry **table, const char *key, uint32_t number)
{
	struct entry *entry;

	HASH_FIND_STR(*table, key, entry);
	if (!entry) {
		entry = alloc_check(calloc(1, sizeof(*entry)));
		entry->key = key;
		entry->number = number;
		HASH_ADD_KEYPTR(hh, *table, key, strlen(key), entry);
	}
	entry->count++;
}

static void forget(struct entry **table)
{
	struct entry *entry, *next;

	HASH_ITER (hh, *table, entry, next) {
		HASH_DEL(*table, entry);
		free(entry);
	}
}

struct naming *naming_new(const struct trace_names *names)
{
	struct naming *naming = alloc_check(calloc(1, sizeof(*naming)));
	const struct trace_object *object;
	const struct trace_lane *lane;
	uint32_t i;

	naming->names = names;
	for (i = 0; i < trace_names_objects_end(names); i++) {
		object = trace_names_object(names, i);
		if (object && object->name && *object->name)
			enter(&naming->objects, object->name, i);
	}
	for (i = 0; i < trace_names_lanes_end(names); i++) {
		lane = trace_names_lane(names, i);
		if (lane)
			enter(&naming->lanes, lane->id, i);
	}
	return naming;
}

void naming_free(struct naming *naming)
{
	if (!naming)
		return;
	forget(&naming->objects);
	forget(&naming->lanes);
	free(naming);
}

const struct trace_names *naming_names(const struct naming *naming)
{
	return naming->names;
}

/* Thread name, else function of the start routine, else NULL. */
static const char *lane_word(const struct naming *naming, uint32_t number, bool *given)
{
	const struct trace_lane *lane = trace_names_lane(naming->names, number);
	const struct trace_location *start;

	*given = lane && lane->name && *lane->name;
	if (*given)
		return lane->name;
	start = lane && lane->start ? trace_names_location(naming->names, lane->start) : NULL;
	if (start && start->source.function)
		return start->source.function;
	return lane && !lane->parent ? "main" : NULL;
}

static void add_function(struct text *text, const char *function)
{
	char space[4096];

	if (strlen(function) < sizeof(space)) {
		strcpy(space, function);
		abbreviate_name(space);
		function = space;
	}
	text_add_clean(text, function);
}

void naming_lane(const struct naming *naming, struct text *text, uint32_t lane)
{
	bool given;
	const char *word = lane_word(naming, lane, &given);

	text_addf(text, "T%u", lane);
	if (!word)
		return;
	text_add(text, given ? " \"" : " (");
	given ? text_add_clean(text, word) : add_function(text, word);
	text_add(text, given ? "\"" : ")");
}

void naming_lane_head(const struct naming *naming, struct text *text, uint32_t lane)
{
	bool given;
	const char *word = lane_word(naming, lane, &given);

	text_addf(text, "T%u", lane);
	if (!word)
		return;
	text_add(text, " ");
	given ? text_add_clean(text, word) : add_function(text, word);
}

uint32_t naming_object_lane(const struct naming *naming, uint32_t number)
{
	const struct trace_object *object = trace_names_object(naming->names, number);
	struct entry *entry;
	const char *id;

	if (!object || !object->kind || strcmp(object->kind, "thread") != 0)
		return 0;
	id = strrchr(object->id, ':');
	id = id ? id + 1 : object->id;
	HASH_FIND_STR(naming->lanes, id, entry);
	return entry ? entry->number : 0;
}

/* The contents of a container are called as it is: "[]" tells their ids apart. */
static void add_id(struct text *text, const struct trace_object *object)
{
	const char *end = object->kind && !strcmp(object->kind, "container")
				  ? strstr(object->id, "[]")
				  : NULL;

	if (!end) {
		text_add_clean(text, object->id);
		return;
	}
	text_add_clean_n(text, object->id, (size_t)(end - object->id));
	text_add_clean(text, end + strlen("[]"));
}

/* "file:/x", "socket:127.0.0.1:80": says what it is. */
static bool tells_kind(const char *id)
{
	return strncmp(id, "file:", 5) == 0 || strncmp(id, "socket:", 7) == 0 ||
	       strncmp(id, "unix:", 5) == 0;
}

void naming_object(const struct naming *naming, struct text *text, uint32_t number)
{
	const struct trace_object *object = trace_names_object(naming->names, number);
	uint32_t lane = naming_object_lane(naming, number);
	struct entry *entry = NULL;

	if (!number) {
		text_add(text, "nothing");
	} else if (lane) {
		naming_lane(naming, text, lane);
	} else if (!object) {
		text_addf(text, "object %u", number);
	} else if (object->name && *object->name) {
		text_add_clean(text, object->name);
		HASH_FIND_STR(naming->objects, object->name, entry);
		if (entry && entry->count > 1) {
			text_add(text, " (");
			text_add_clean(text, object->id);
			text_add(text, ")");
		}
	} else if (tells_kind(object->id) ||
		   (object->kind && ids_is_name(object->id, object->kind))) {
		add_id(text, object);
	} else {
		text_add_clean(text, object->kind ? object->kind : "object");
		text_add(text, " ");
		text_add_clean(text, object->id);
	}
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

const struct trace_source *naming_source(const struct trace_location *location)
{
	const struct trace_source *source = &location->source;
	uint32_t i = 0;

	while (location->user && i < location->inlined_n && source->file &&
	       symbols_is_system_path(source->file))
		source = &location->inlined[i++];
	return source;
}

/* "bank.c:17"; false when the trace does not know the line. */
static bool add_line(struct text *text, const struct trace_source *source)
{
	if (!source->file)
		return false;
	text_add_clean(text, base_name(source->file));
	if (source->line)
		text_addf(text, ":%u", source->line);
	return true;
}

/* "libc.so.6+0x1234" */
static void add_offset(const struct naming *naming, struct text *text,
		       const struct trace_location *location)
{
	const struct trace_module *module = trace_names_module(naming->names, location->module);

	if (module) {
		text_add_clean(text, base_name(module->path));
		text_add(text, "+");
	}
	text_addf(text, "%#llx", (unsigned long long)location->offset);
}

static void add_frame(const struct naming *naming, struct text *text,
		      const struct trace_location *location)
{
	const struct trace_source *source = naming_source(location);

	if (!source->function) {
		if (!add_line(text, source))
			add_offset(naming, text, location);
		return;
	}
	add_function(text, source->function);
	text_add(text, " (");
	if (!add_line(text, source))
		add_offset(naming, text, location);
	text_add(text, ")");
}

static void add_place(const struct naming *naming, struct text *text,
		      const struct trace_location *at)
{
	if (!at || (at->user && add_line(text, naming_source(at))))
		return;
	if (naming_source(at)->function)
		add_function(text, naming_source(at)->function);
	else
		add_offset(naming, text, at);
}

void naming_place(const struct naming *naming, struct text *text, uint32_t context)
{
	add_place(naming, text, trace_names_user_location(naming->names, context));
}

void naming_line(const struct naming *naming, struct text *text, uint32_t location)
{
	add_place(naming, text, trace_names_location(naming->names, location));
}

void naming_site(const struct naming *naming, struct text *text, uint32_t context)
{
	const struct trace_location *at = trace_names_user_location(naming->names, context);

	if (at)
		add_frame(naming, text, at);
	else
		text_add(text, "an unknown place");
}

void naming_frame(const struct naming *naming, struct text *text, uint32_t location)
{
	const struct trace_location *at = trace_names_location(naming->names, location);

	if (at)
		add_frame(naming, text, at);
	else
		text_addf(text, "location %u", location);
}

/* Fill in one of the patterns of words_table. */
static void add_words(const struct naming *naming, struct text *text, const char *words,
		      uint32_t object, uint32_t object2)
{
	const char *end;

	for (; *words; words++) {
		if (*words == '[') {
			end = strchr(words, ']');
			if (!(memchr(words, '@', end - words) ? object : object2))
				words = end;
		} else if (*words == '@' || *words == '#') {
			uint32_t number = *words == '@' ? object : object2;

			if (number)
				naming_object(naming, text, number);
			else
				text_add(text, "something");
		} else if (*words != ']') {
			text_addf(text, "%c", *words);
		}
	}
}

void naming_pending(const struct naming *naming, struct text *text, unsigned kind, uint32_t object,
		    uint32_t object2)
{
	kind = kind < EVENT_COUNT ? kind : EVENT_NONE;
	add_words(naming, text, words_table[kind].pending, object, object2);
}

void naming_waiting(const struct naming *naming, struct text *text, unsigned kind, uint32_t object,
		    uint32_t object2)
{
	static const char waits[] = "waits ";

	kind = kind < EVENT_COUNT ? kind : EVENT_NONE;
	/* The operation in which a lane sleeps on a condition variable is its coming back. */
	if (kind == EVENT_COND_WOKEN)
		kind = EVENT_COND_WAIT;
	if (strncmp(words_table[kind].done, waits, strlen(waits)) == 0) {
		add_words(naming, text, words_table[kind].done, object, object2);
	} else {
		text_add(text, "waits to ");
		add_words(naming, text, words_table[kind].pending, object, object2);
	}
}

static void add_error(struct text *text, int64_t error)
{
	const char *name = error <= 4095 ? strerrorname_np((int)error) : NULL;

	switch (error) {
	case EBUSY:
	case EAGAIN:
		text_add(text, ": busy");
		break;
	case ETIMEDOUT:
		text_add(text, ": timed out");
		break;
	case EINTR:
		text_add(text, ": interrupted by a signal");
		break;
	default:
		if (name)
			text_addf(text, ": %s", name);
		else
			text_addf(text, ": error %lld", (long long)error);
	}
}

void naming_result(struct text *text, unsigned kind, int64_t result)
{
	enum words_result how = kind < EVENT_COUNT ? words_table[kind].result : WORDS_RESULT_PLAIN;

	if (how == WORDS_RESULT_PLAIN)
		return;
	if (result < 0 && result != INT64_MIN)
		add_error(text, -result);
	else if (how == WORDS_RESULT_ERROR && result)
		add_error(text, result);
	else if (how == WORDS_RESULT_COUNT)
		text_addf(text, ": %lld", (long long)result);
}

static bool is_of_kind(const struct naming *naming, uint32_t number, unsigned kind)
{
	const struct trace_object *object = trace_names_object(naming->names, number);

	return object && object->kind && strcmp(object->kind, ids_kind_name(kind)) == 0;
}

/* The text is of a method that is called, ".append(5)", or of the call of the object itself. */
static bool is_method(const struct trace_event *event)
{
	return (event->kind == EVENT_CALL || event->kind == EVENT_QUERY) && event->text &&
	       event->text_len && (event->text[0] == '.' || event->text[0] == '(');
}

/*
 * What was read or written. Of a container the text begins with the key, "['a'] = 3"; of a call it
 * is what comes behind the object: ".append(5)", "in sorted()", " (a list of 3)".
 */
static void add_value(const struct naming *naming, struct text *text,
		      const struct trace_event *event)
{
	bool call = event->kind == EVENT_CALL || event->kind == EVENT_QUERY;
	bool done = event->phase == PHASE_DONE;

	if (event->text && (call || (done && event->text_len && event->text[0] == '[' &&
				     is_of_kind(naming, event->object, OBJECT_CONTAINER)))) {
		if (event->text_len && isalnum((unsigned char)event->text[0]))
			text_add(text, " ");
		text_add_clean_n(text, event->text, event->text_len);
	} else if (event->text && done) {
		text_add(text, event->kind == EVENT_ITERATE ? ": " : " = ");
		text_add_clean_n(text, event->text, event->text_len);
	} else if (event->value.type == TRACE_VALUE_INT && done) {
		text_addf(text, " = %lld", (long long)event->value.number);
	}
}

bool naming_has_value(unsigned kind)
{
	switch (kind) {
	case EVENT_LOAD:
	case EVENT_STORE:
	case EVENT_UPDATE:
	case EVENT_DELETE:
	case EVENT_ITERATE:
	case EVENT_QUERY:
	case EVENT_CALL:
		return true;
	default:
		return false;
	}
}

/* What Python calls it; NULL: as everybody does. */
static const char *python_words(const struct naming *naming, const struct trace_event *event)
{
	bool notifies = event->kind == EVENT_COND_SIGNAL || event->kind == EVENT_COND_BROADCAST;

	if (is_method(event))
		return event->phase == PHASE_DONE ? "calls @" : "call @";
	if (!notifies || !(is_of_kind(naming, event->object, OBJECT_LOCK) ||
			   is_of_kind(naming, event->object, OBJECT_CONTAINER)))
		return NULL;
	return event->kind == EVENT_COND_SIGNAL ? "notifies @" : "notifies all of @";
}

void naming_step(const struct naming *naming, struct text *text, const struct trace_event *event)
{
	unsigned kind = event->kind < EVENT_COUNT ? event->kind : EVENT_NONE;
	const char *words = python_words(naming, event);

	/* An interpreter tries before it waits, and a try that succeeds is all there is. */
	if (kind == EVENT_MUTEX_TRYLOCK && !event->result &&
	    is_of_kind(naming, event->object, OBJECT_LOCK))
		kind = EVENT_MUTEX_LOCK;
	if (event->phase == PHASE_ANNOUNCED) {
		text_add(text, "wants to ");
		add_words(naming, text, words ? words : words_table[kind].pending, event->object,
			  event->object2);
	} else {
		add_words(naming, text, words ? words : words_table[kind].done, event->object,
			  event->object2);
		naming_result(text, kind, event->result);
	}
	if (kind == EVENT_NONE && event->name) {
		text_add(text, " (");
		text_add_clean_n(text, event->name, event->name_len);
		text_add(text, ")");
	}
	if (naming_has_value(kind)) {
		add_value(naming, text, event);
	} else if (event->text) {
		text_add(text, " \"");
		text_add_clean_n(text, event->text, event->text_len);
		text_add(text, "\"");
	}
}

bool naming_lane_is(const struct naming *naming, uint32_t number, const char *name)
{
	const struct trace_lane *lane = trace_names_lane(naming->names, number);
	const char *digits = *name == 'T' ? name + 1 : name;
	char plain[16];

	if (!lane)
		return false;
	snprintf(plain, sizeof(plain), "%u", number);
	if (strcmp(digits, plain) == 0)
		return true;
	if (strcmp(name, lane->id) == 0)
		return true;
	return lane->name && strcmp(name, lane->name) == 0;
}

bool naming_object_is(const struct naming *naming, uint32_t number, const char *pattern)
{
	const struct trace_object *object = trace_names_object(naming->names, number);
	char space[512];
	struct text printed;

	if (!object)
		return false;
	text_init(&printed, space, sizeof(space));
	naming_object(naming, &printed, number);
	return fnmatch(pattern, printed.data, 0) == 0 || fnmatch(pattern, object->id, 0) == 0 ||
	       (object->name && fnmatch(pattern, object->name, 0) == 0);
}
