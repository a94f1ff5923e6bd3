/*
 * The events of accesses, see access.h: which object of the trace a byte of memory belongs to, the
 * point before the access, and its value.
 */
#include "preload/memory/access.h"

#include <string.h>

#include "preload/decide.h"
#include "preload/interpose.h"
#include "preload/log.h"
#include "preload/memory/oracle.h"
#include "preload/memory/value.h"
#include "preload/sched_point.h"
#include "preload/spin.h"

bool memory_used;

static bool values; /* of interest in this run */

void memory_run(void)
{
	filter_plan();
	values = decide_run()->flags & PLAN_RUN_VALUES;
	hb_start(decide_run()->flags & PLAN_RUN_RACES);
}

void memory_start(void)
{
	filter_start();
	memory_run();
}

void memory_forget(uint64_t start, uint64_t size)
{
	if (!schedule.started)
		return;
	filter_forget(start, size);
	bytes_forget(start, size);
}

/* Deeper down a thread has rarely been, and to look for it would touch many pages. */
#define STACK_USED 16384u

void memory_forget_stack(const struct lane *me)
{
	filter_forget(me->stack.hi - STACK_USED, STACK_USED);
	bytes_forget(me->stack.lo, me->stack.hi - me->stack.lo);
}

/* So many words of a block are looked at. */
#define BLOCK_WORDS 512u

uint32_t memory_used_in(struct lane *me, uint64_t address, uint64_t size, uint32_t context,
			struct object *found[BYTES_OBJECTS])
{
	uint64_t end = address + (size < BLOCK_WORDS * 8 ? size : BLOCK_WORDS * 8);
	struct object *objects[BYTES_OBJECTS];
	uint32_t count = 0, more, i;

	for (; address < end && count < BYTES_OBJECTS; address += 8) {
		if (!filter_ends(me, address))
			continue;
		more = bytes_objects(me, address, 8, context, objects);
		for (i = 0; i < more && count < BYTES_OBJECTS; i++)
			found[count++] = objects[i];
	}
	return count;
}

bool memory_matters_long(const struct lane *me, uint64_t address, uint64_t size,
			 struct filter_access *access)
{
	uint32_t skipped = (uint32_t)(address & 7);
	uint16_t atomic = access->mask;
	bool matters = false;

	for (; access->word < address + size; access->word += 8, skipped = 0) {
		uint64_t left = address + size - access->word;
		uint32_t end = left < 8 ? (uint32_t)left : 8;

		access->mask = (uint16_t)((1u << end) - (1u << skipped)) | atomic;
		matters |= filter_word_matters(me, access);
	}
	return matters;
}

#define BREATH_FIRST 1024u
#define BREATH_LAST (1u << 20)

void memory_breathe(struct lane *me)
{
	struct unwind_start start = unwind_here(&me->stack);

	/* It has come to points meanwhile: others could have gone first there. */
	if (me->breath_steps != schedule.steps) {
		me->breath_steps = schedule.steps;
		me->breath = BREATH_FIRST;
		me->breathes = me->k + BREATH_FIRST;
		return;
	}
	me->breath = me->breath < BREATH_LAST ? 2 * me->breath : BREATH_LAST;
	me->breathes = me->k + me->breath;
	thread_state.inside = 1;
	sched_yield_point(me, EVENT_YIELD, runtime_context(&start));
	sched_done(me, 0);
	me->breath_steps = schedule.steps;
	thread_leave(me);
}

/* The access that is the pending operation is an error: it is the last event. */
static void check(struct lane *me, uint64_t address)
{
	struct oracle oracle;

	if (__builtin_expect(!oracle_may_fail(address), 1))
		return;
	oracle = oracle_ask(me, address);
	if (oracle.kind == ORACLE_FINE)
		return;
	sched_done_as(me, EVENT_SWITCHABLE, EVENT_VALUE_NONE, 0);
	oracle_fail(me, &oracle, address,
		    oracle.kind == ORACLE_FREED ? "use after free"
						: "use of a stack frame that is gone");
}

static bool is_scalar(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static bool is_small(int64_t value)
{
	return value == (int32_t)value;
}

/* Not in line, so that the others need no room for the text. */
static __attribute__((noinline)) uint32_t text_of(uint32_t size, uint64_t value,
						  const uint64_t *before)
{
	char text[VALUE_TEXT];

	value_write(text, size, value, before);
	return log_text(text);
}

/* Small numbers go as they are: to make texts of all would be half of what a point costs. */
static inline __attribute__((always_inline)) void done(struct lane *me, uint32_t size,
						       const uint64_t *value,
						       const uint64_t *before)
{
	unsigned type = EVENT_VALUE_NONE;
	int64_t now, then, said = 0;

	if (values && value) {
		now = value_signed(*value, size);
		then = before ? value_signed(*before, size) : 0;
		if (__builtin_expect(!is_small(now) || !is_small(then), 0)) {
			type = EVENT_VALUE_TEXT;
			said = text_of(size, *value, before);
		} else if (before) {
			type = EVENT_VALUE_CHANGE;
			said = (int64_t)((uint64_t)then << 32 | (uint32_t)now);
		} else {
			type = EVENT_VALUE_INT;
			said = now;
		}
	}
	sched_close(me, EVENT_SWITCHABLE, type, said);
}

/* The point before the access; what it is about, an object for each variable, is in `found`. */
static uint32_t begin(struct lane *me, uint64_t address, uint32_t size, unsigned kind,
		      struct object *found[BYTES_OBJECTS])
{
	uint32_t context = runtime_context(&me->last);
	struct object *object = bytes_object(address, size);
	uint32_t count = 1;

	if (__builtin_expect(!object, 0)) {
		count = bytes_objects(me, address, size, context, found);
		object = count ? found[0] : NULL;
	}
	if (__builtin_expect(spin_again(me, object, context), 0))
		sched_spin_point(me, kind, object, context);
	else
		sched_point_here(me, kind, object, context);
	check(me, address);
	return count;
}

/* The same access to further variables, in the same turn. */
static void add_others(struct lane *me, uint32_t count, struct object *const found[BYTES_OBJECTS])
{
	unsigned kind = me->kind;
	uint32_t context = me->context, i;

	for (i = 1; i < count; i++) {
		sched_begin(me, kind, found[i], context);
		sched_done_as(me, EVENT_SWITCHABLE, EVENT_VALUE_NONE, 0);
	}
}

void memory_load(struct lane *me, uint64_t address, uint32_t size)
{
	struct object *found[BYTES_OBJECTS];
	uint32_t count = begin(me, address, size, EVENT_LOAD, found);
	uint64_t value;
	bool known = is_scalar(size) && value_peek(address, size, &value);

	spin_found_there(me, address, known ? size : 0, known ? value : 0);
	done(me, size, known ? &value : NULL, NULL);
	add_others(me, count, found);
	thread_leave(me);
}

void memory_store(struct lane *me, uint64_t address, uint32_t size)
{
	struct object *found[BYTES_OBJECTS];
	uint32_t count = begin(me, address, size, EVENT_STORE, found);

	spin_changed(me);
	if (count > 1 || !is_scalar(size)) {
		done(me, size, NULL, NULL);
		add_others(me, count, found);
	} else {
		me->stored_before = value_peek(address, size, &me->before);
		me->stored = (const void *)(uintptr_t)address;
		me->stored_bytes = size;
	}
	thread_leave(me);
}

void memory_settle(struct lane *me)
{
	uint32_t inside = thread_state.inside;
	uint64_t address = (uint64_t)(uintptr_t)me->stored, value;
	bool known;

	thread_state.inside = 1;
	known = value_peek(address, me->stored_bytes, &value);
	me->stored = 0;
	done(me, me->stored_bytes, known ? &value : NULL, me->stored_before ? &me->before : NULL);
	thread_state.inside = inside;
}

void memory_atomic_begin(struct lane *me, uint64_t address, uint32_t size, unsigned kind)
{
	struct object *found[BYTES_OBJECTS];

	begin(me, address, size, kind, found);
}

void memory_atomic_end(struct lane *me, unsigned kind, uint64_t address, uint32_t size,
		       uint64_t before, uint64_t after)
{
	me->kind = kind;
	if (kind == EVENT_LOAD || before == after)
		spin_found_there(me, address, is_scalar(size) ? size : 0, after);
	else
		spin_changed(me);
	done(me, size, is_scalar(size) ? &after : NULL,
	     kind == EVENT_LOAD || !is_scalar(size) ? NULL : &before);
	thread_leave(me);
}
