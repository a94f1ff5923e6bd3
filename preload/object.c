/*
 * The object table: open addressing by address over a fixed arena, linear probing with backward
 * shift deletion (Knuth, TAOCP 3, 6.4, algorithm R). So many of the slots are in use as the objects
 * need, in order that a fork of a run has few pages to copy.
 *
 * Ids enter order_hash by id_hash, which depends on neither addresses nor the schedule:
 *   STATIC  hash_id(1, hash of the module's base name, offset)
 *   INIT    hash_id(2 + kind, creating lane's id_hash, n)
 *   FIRST   hash_id(100 + kind, first user's id_hash, n)
 *   LANE    hash_id(200, lane's id_hash, 0)
 *   NAMED   hash_id(201, hash of the name, 0)
 * and a lane's id_hash is hash_id(0, image index, 1) for the first thread of an image, else
 * hash_id(parent's id_hash, index among its children, 0).
 */
#include "preload/object.h"

#include <stddef.h>
#include <string.h>

#include "preload/compose.h"
#include "preload/context.h"
#include "preload/log.h"
#include "preload/memory/blocks.h"
#include "preload/memory/hb.h"
#include "preload/memory/oracle.h"
#include "preload/modules.h"
#include "preload/sched.h"

#define CAPACITY (1u << 18)
#define SLOTS (2 * CAPACITY)
#define FIRST_SLOTS 128u
#define GROWTH 8
#define PAGES (1u << 16)
#define MANY_PAGES 4096 /* not worth looking at each */

static struct object objects[CAPACITY];
static uint32_t first_slots[FIRST_SLOTS] SMALL;
static uint32_t all_slots[SLOTS];
static uint32_t *slots = first_slots; /* index + 1 into objects */
static uint32_t slot_mask = FIRST_SLOTS - 1;
static uint32_t count;             /* objects that have a slot */
static uint32_t used, free_list;   /* free objects are chained through `number`, index + 1 */
static uint16_t heap_pages[PAGES]; /* heap objects by hashed page; saturates */
uint32_t object_heap_count;
static struct object *last_hit;

static uint32_t slot_for(uint64_t address)
{
	return (uint32_t)((address * 0x9e3779b97f4a7c15ull) >> 45) & slot_mask;
}

static uint32_t page_for(uint64_t address)
{
	return (uint32_t)(address >> 12) & (PAGES - 1);
}

static struct object *lookup(uint64_t address)
{
	uint32_t slot = slot_for(address);

	for (; slots[slot]; slot = (slot + 1) & slot_mask)
		if (objects[slots[slot] - 1].address == address)
			return &objects[slots[slot] - 1];
	return NULL;
}

static void put_in(uint32_t index)
{
	uint32_t slot = slot_for(objects[index].address);

	while (slots[slot])
		slot = (slot + 1) & slot_mask;
	slots[slot] = index + 1;
}

static void grow(void)
{
	uint32_t index;

	if (slots == first_slots)
		slots = all_slots;
	else
		__builtin_memset(slots, 0, (slot_mask + 1) * sizeof *slots);
	slot_mask = SLOTS / GROWTH <= slot_mask ? SLOTS - 1 : (slot_mask + 1) * GROWTH - 1;
	for (index = 0; index < used; index++)
		if (objects[index].address)
			put_in(index);
}

static struct object *insert(struct lane *me, uint64_t address)
{
	struct object *object;
	uint32_t index;

	if (free_list) {
		index = free_list - 1;
		free_list = objects[index].number;
	} else if (used < CAPACITY) {
		index = used++;
	} else {
		sched_fail(
			me, VERDICT_CONTROL_LOST,
			"the program uses more than 262,144 synchronisation objects at one time");
	}
	object = &objects[index];
	__builtin_memset(object, 0, sizeof *object);
	object->address = address;
	object->number = ++region->numbers.object;
	put_in(index);
	if (2 * ++count > slot_mask && slot_mask < SLOTS - 1)
		grow();
	return object;
}

static void take_out(struct object *object)
{
	uint32_t hole = slot_for(object->address), slot, home;

	while (slots[hole] != (uint32_t)(object - objects) + 1)
		hole = (hole + 1) & slot_mask;
	for (slot = (hole + 1) & slot_mask; slots[slot]; slot = (slot + 1) & slot_mask) {
		home = slot_for(objects[slots[slot] - 1].address);
		if (((slot - home) & slot_mask) >= ((slot - hole) & slot_mask)) {
			slots[hole] = slots[slot];
			hole = slot;
		}
	}
	slots[hole] = 0;
	count--;
	hb_drop(object->clocks);
	if (object->heap) {
		object_heap_count--;
		if (heap_pages[page_for(object->address)] != UINT16_MAX)
			heap_pages[page_for(object->address)]--;
	}
	if (last_hit == object)
		last_hit = NULL;
	object->address = 0;
	object->number = free_list;
	free_list = (uint32_t)(object - objects) + 1;
}

static uint64_t hash_base_name(const char *path)
{
	const char *base = path, *p;

	for (p = path; *p; p++)
		if (*p == '/')
			base = p + 1;
	return hash_bytes(base, (uint64_t)(p - base));
}

static void name_object(struct lane *me, struct object *object, enum object_kind kind, bool init,
			uint32_t context)
{
	const struct module *module = modules_find(object->address);
	uint64_t offset = 0;
	uint32_t number = 0, n = 0;

	if (!module) /* a library loaded since the last look */
		module = modules_lookup(object->address);
	object->kind = (uint8_t)kind;
	if (module) {
		object->class = OBJECT_STATIC;
		number = log_locate(object->address, &offset);
		object->id_hash = hash_id(1, hash_base_name(module->path), offset);
	} else {
		object->heap = true;
		object_heap_count++;
		if (heap_pages[page_for(object->address)] != UINT16_MAX)
			heap_pages[page_for(object->address)]++;
		object->class = init ? OBJECT_INIT : OBJECT_FIRST;
		n = init ? ++me->init_count[kind] : ++me->first_count;
		object->id_hash = hash_id((init ? 2u : 100u) + kind, me->id_hash, n);
	}
	object->maker = me->number;
	object->nth = n;
	log_object(object, number, offset, me->number, n, context, "");
}

struct object *object_find(struct lane *me, const volatile void *address, enum object_kind kind,
			   uint32_t context)
{
	struct object *object = last_hit;

	if (__builtin_expect(quarantine_any, 0)) /* before the operation has been opened */
		oracle_check(me, (uint64_t)address, context);
	if (!object || object->address != (uint64_t)address)
		object = lookup((uint64_t)address);
	if (object && object->kind != kind && !object->waiters) {
		take_out(object);
		object = NULL;
	}
	if (!object) {
		object = insert(me, (uint64_t)address);
		name_object(me, object, kind, false, context);
	}
	last_hit = object;
	return object;
}

struct object *object_peek(const volatile void *address, enum object_kind kind)
{
	struct object *object = lookup((uint64_t)address);

	return object && object->kind == kind ? object : NULL;
}

static void forget(struct object *object)
{
	uint32_t i, j;

	if (object->waiters)
		return;
	/* Nobody may keep a pointer to it. */
	if (object->owner || object->readers)
		for (i = 0; i < schedule.lane_slots; i++)
			for (j = lanes[i].held_count; j-- > 0;)
				if (lane_held(&lanes[i], j)->object == object) {
					lane_held(&lanes[i], j)->count = 1;
					lane_drop(&lanes[i], object);
				}
	for (i = 0; i < schedule.lane_slots; i++) {
		if (lanes[i].object == object && lanes[i].announced)
			return; /* a pending operation names it */
		if (lanes[i].object2 == object && lanes[i].announced)
			return;
	}
	take_out(object);
}

struct object *object_init(struct lane *me, const volatile void *address, enum object_kind kind,
			   uint32_t context)
{
	struct object *object = lookup((uint64_t)address);

	if (object)
		forget(object);
	object = lookup((uint64_t)address);
	if (!object) {
		object = insert(me, (uint64_t)address);
		name_object(me, object, kind, true, context);
	}
	return object;
}

struct object *object_of_lane(struct lane *lane)
{
	struct object *object = lane->object_number ? lookup((uint64_t)lane) : NULL;

	if (object)
		return object;
	object = insert(lane, (uint64_t)lane);
	object->class = OBJECT_LANE;
	object->kind = OBJECT_THREAD;
	object->lane = lane;
	object->id_hash = hash_id(200, lane->id_hash, 0);
	lane->object_number = object->number;
	log_object(object, 0, 0, lane->number, 0, 0, "");
	return object;
}

struct object *object_named(struct lane *me, uint64_t key, enum object_kind kind, const char *name,
			    uint32_t context)
{
	struct object *object = lookup(key);
	uint32_t n;

	if (object)
		return object;
	n = ++me->first_count;
	object = insert(me, key);
	object->class = OBJECT_FIRST;
	object->kind = (uint8_t)kind;
	object->id_hash = hash_id(100u + kind, me->id_hash, n);
	log_object(object, 0, 0, me->number, n, context, name);
	return object;
}

struct object *object_resource(struct lane *me, uint64_t key, enum object_kind kind,
			       const char *name, uint32_t context)
{
	struct object *object = lookup(key);
	uint64_t length = 0;

	if (object)
		return object;
	while (name[length])
		length++;
	object = insert(me, key);
	object->class = OBJECT_NAMED;
	object->kind = (uint8_t)kind;
	object->id_hash = hash_id(201, hash_bytes(name, length), 0);
	log_object(object, 0, 0, me->number, 0, context, name);
	return object;
}

/* How many variables have had this name: collisions give a number twice, and so an id. */
#define NAMES 4096
static uint32_t names[NAMES];

/* Keys that are no addresses. */
#define VARIABLE_KEY (1ull << 63)
static uint64_t variable_keys;

struct object *object_variable(struct lane *me, enum object_kind kind, const char *name,
			       uint32_t context)
{
	/* What a container holds is something else than the variable that holds the container. */
	const char *contents = kind == OBJECT_CONTAINER ? "[]" : "";
	char whole[1024];
	size_t at;
	uint32_t n;

	n = ++names[hash_mix(hash_bytes(name, strlen(name)), kind) % NAMES];
	at = compose(whole, sizeof whole, 0, name);
	at = compose(whole, sizeof whole, at, contents);
	if (n > 1)
		compose_number(whole, sizeof whole, compose(whole, sizeof whole, at, "#"), n);
	return object_resource(me, VARIABLE_KEY | ++variable_keys, kind, whole, context);
}

static struct object *static_variable(struct lane *me, const struct module *module,
				      uint64_t address, uint32_t context)
{
	static const char digits[] = "0123456789abcdef";
	struct object *object = insert(me, VARIABLE_KEY | ++variable_keys);
	const char *base = strrchr(module->path, '/');
	char name[1024];
	uint64_t offset;
	uint32_t number = log_locate(address, &offset);
	size_t at = compose(name, sizeof name, 0, base ? base + 1 : module->path);
	int shift = 60;

	at = compose(name, sizeof name, at, "+0x");
	while (shift && !(offset >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		at = compose_bytes(name, sizeof name, at, &digits[offset >> shift & 15], 1);
	object->class = OBJECT_NAMED;
	object->kind = OBJECT_VARIABLE;
	object->id_hash = hash_id(201, hash_bytes(name, at), 0);
	log_object(object, number, offset, me->number, 0, context, name);
	return object;
}

/* "1.2/block.3+8": byte 8 of the third block of lane 1.2. */
static struct object *block_variable(struct lane *me, const struct block *block, uint64_t address)
{
	struct object *object = insert(me, VARIABLE_KEY | ++variable_keys);
	uint64_t offset = address - block->start;
	char name[LANE_PATH + 64];
	size_t at = compose(name, sizeof name, 0, block->path);

	at = compose_number(name, sizeof name, compose(name, sizeof name, at, "/block."), block->n);
	at = compose_number(name, sizeof name, compose(name, sizeof name, at, "+"), offset);
	object->class = OBJECT_NAMED;
	object->kind = OBJECT_VARIABLE;
	object->id_hash = hash_id(201, hash_bytes(name, at), 0);
	log_object(object, 0, offset, me->number, 0, block->context, name);
	return object;
}

struct object *object_memory(struct lane *me, uint64_t address, uint32_t context,
			     const struct context_frame *frame)
{
	const struct module *module = modules_lookup(address);
	const struct block *block;
	struct object *object;
	uint32_t n, module_number = 0;
	uint64_t offset = 0;
	char below[24] = "";

	if (module)
		return static_variable(me, module, address, context);
	block = blocks_find(address);
	if (block)
		return block_variable(me, block, address);
	object = insert(me, VARIABLE_KEY | ++variable_keys);
	n = ++me->init_count[OBJECT_VARIABLE];
	object->class = OBJECT_INIT;
	object->kind = OBJECT_VARIABLE;
	object->id_hash = hash_id(2u + OBJECT_VARIABLE, me->id_hash, n);
	if (frame) {
		/* Where it is from the frame's address, which is above it, in place of a name. */
		module_number = log_locate(frame->pc, &offset);
		compose_number(below, sizeof below, 0, frame->cfa - address);
	}
	log_object(object, module_number, offset, me->number, n, context, below);
	return object;
}

void object_end(struct object *object)
{
	forget(object);
}

void object_rename(struct object *object, const char *name)
{
	const struct module *module = modules_find(object->address);
	uint64_t offset = 0;

	object->named = true;
	log_object(object, module ? log_locate(object->address, &offset) : 0, offset, object->maker,
		   object->nth, 0, name);
}

void object_forget(const volatile void *address)
{
	struct object *object = lookup((uint64_t)address);

	if (object)
		forget(object);
}

bool object_maybe_in(uint64_t start, uint64_t size)
{
	uint64_t page = start >> 12, end = (start + size - 1) >> 12;

	if (end - page >= MANY_PAGES)
		return object_heap_count > 0;
	for (; page <= end; page++)
		if (heap_pages[page & (PAGES - 1)])
			return true;
	return false;
}

void object_forget_range(uint64_t start, uint64_t size)
{
	uint64_t address;
	uint32_t i;

	/*
	 * Few addresses to try, or few objects to look at: whichever is less. Objects are
	 * 4-aligned.
	 */
	if (size / 4 < used) {
		for (address = (start + 3) & ~3ull; address < start + size; address += 4) {
			struct object *object = lookup(address);

			if (object && object->heap)
				forget(object);
		}
		return;
	}
	for (i = 0; i < used; i++)
		if (objects[i].heap && objects[i].address >= start &&
		    objects[i].address < start + size)
			forget(&objects[i]);
}
