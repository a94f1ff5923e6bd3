/*
 * Stable ids of lanes and objects as text, as they stand in traces: the same thing has the same id
 * in every run with the same schedule, wherever it lies in memory (architecture.md, point 5). Also
 * the way back, to the hashes under which the runtime counts them (preload/object.c has the
 * definition).
 *
 *	lane    "1" first thread of the first image, "2" after an exec, "1.2" second child of "1"
 *	object  "bank+0x40a0"  static: base name of the module, link-time address
 *	        "1.2/mutex.3"  the third mutex that lane 1.2 initialised
 *	        "1.2/first.3"  the third object that lane 1.2 used first, of any kind; provisional
 *	        "thread:1.2"   a lane as an object
 *	        "pipe:[4]"     a named resource of the outside: its name
 */
#ifndef RECORDER_IDS_H
#define RECORDER_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/record.h"
#include "recorder/text.h"

/* "mutex", "cond", ...; "other" when out of range. Never NULL. */
const char *ids_kind_name(unsigned kind);

/* enum object_kind, or OBJECT_KIND_COUNT for none of them. */
unsigned ids_kind_by_name(const char *name);

/*
 * `parent` is the parent's id, NULL for the first thread of an image: then `index` counts images.
 */
void ids_lane(struct text *text, const char *parent, uint32_t index);

/*
 * `lane` is the id of object->lane and `module` the path of object->module; each is needed only for
 * the classes that have it.
 */
void ids_object(struct text *text, const struct record_object *object, const char *module,
		const char *lane);

/*
 * The id is what people call it: of a variable, container or lock of an interpreter, where it is
 * none of the first four forms.
 */
bool ids_is_name(const char *id, const char *kind);

/* Something that a thread of native code has, from one operation to another. */
bool ids_is_lock(unsigned kind);

/* The id depends on the schedule. */
bool ids_is_provisional(const struct record_object *object);

/* The hashes of the ids. False when the text is no id. */
bool ids_lane_hash(const char *id, uint64_t *hash);
bool ids_object_hash(const char *id, const char *kind, uint64_t *hash);

#endif
