/*
 * Writing the log: what records say, and the mailbox. It knows nothing of scheduling.
 */
#include "preload/log_event.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>

#include "formats/hash.h"
#include "preload/context_table.h"
#include "preload/gate.h"
#include "preload/interpreter.h"
#include "preload/modules.h"
#include "preload/raw.h"
#include "preload/ring.h"
#include "preload/sites.h"
#include "preload/thread_state.h"

struct region *region;
uint32_t process_index;

static struct context_table *contexts;
static uint32_t context_base; /* trace number = id + base: numbers go on over an exec */
static uint32_t contexts_announced;
static uint32_t module_base;
static uint8_t context_arena[6u << 20] __attribute__((aligned(64)));

void log_init(struct region *attached)
{
	region = attached;
	context_base = region->numbers.context;
	module_base = region->numbers.module;
	contexts_announced = 0;
	ring_start();
	context_init(&contexts, context_arena, sizeof context_arena);
	modules_rescan();
	log_modules();
}

static uint32_t padded(uint64_t size)
{
	return (uint32_t)((size + 7) & ~7ull);
}

static void copy_text(char *to, const char *from, uint32_t room)
{
	uint32_t i;

	for (i = 0; i + 1 < room && from[i]; i++)
		to[i] = from[i];
	for (; i < room; i++)
		to[i] = '\0';
}

static uint32_t text_room(const char *text, uint32_t most)
{
	uint32_t length = (uint32_t)strlen(text);

	return padded((length < most ? length : most) + 1);
}

void log_event_in_full(const struct lane *me, enum event_phase phase, int64_t result, unsigned type,
		       int64_t value)
{
	struct record_event *record = ring_reserve(RECORD_EVENT, sizeof *record);

	record->kind = (uint8_t)me->kind;
	record->phase = (uint8_t)phase;
	record->process = (uint16_t)process_index;
	record->lane = me->number;
	record->k = me->k;
	record->object = me->object ? me->object->number : 0;
	record->object2 = me->object2 ? me->object2->number : 0;
	record->context = me->context;
	record->has_value = type;
	record->result = result;
	record->value = value;
	ring_commit(sizeof *record);
}

/*
 * n-th decision of this lane at this context: direct mapped, so that it is cheap; a collision
 * restarts it.
 */
static uint32_t count_visit(struct lane *me)
{
	uint32_t i = me->context % LANE_VISITS;

	if (me->visits[i].context != me->context) {
		me->visits[i].context = me->context;
		me->visits[i].visit = 0;
	}
	return ++me->visits[i].visit;
}

void log_decision(struct lane *me, unsigned kind, int64_t choice, bool forced,
		  const uint32_t *options, uint32_t option_count)
{
	uint32_t most = (RECORD_MAX - sizeof(struct record_decision)) / sizeof(uint32_t);
	uint32_t kept = option_count < most ? option_count : most;
	uint32_t size = padded(sizeof(struct record_decision) + kept * sizeof(uint32_t));
	struct record_decision *record = ring_reserve(RECORD_DECISION, size);
	uint32_t i;

	record->kind = (uint8_t)kind;
	record->forced = forced;
	record->process = (uint16_t)process_index;
	record->lane = me->number;
	record->k = me->k;
	record->context = me->context;
	record->visit = count_visit(me);
	record->choice = choice;
	record->option_count = kept;
	record->reserved = 0;
	for (i = 0; i < kept; i++)
		record->options[i] = options[i];
	if (kept & 1)
		record->options[kept] = 0;
	schedule.order_hash =
		hash_order_decision(schedule.order_hash, me->id_hash, kind, (uint64_t)choice);
	schedule.decisions++;
	region->process[process_index].decisions = schedule.decisions;
	region->process[process_index].order_hash = schedule.order_hash;
	ring_commit(size);
}

void log_offer(const struct lane *me, unsigned kind, const uint64_t *set, uint32_t words)
{
	uint32_t size = (uint32_t)(sizeof(struct record_offer) + words * sizeof *set), i;
	struct record_offer *record = ring_reserve(RECORD_OFFER, size);

	record->kind = (uint8_t)kind;
	record->reserved = 0;
	record->words = (uint16_t)words;
	record->lane = me->number;
	record->k = me->k;
	for (i = 0; i < words; i++)
		record->set[i] = set[i];
	ring_commit(size);
}

uint32_t log_locate(uint64_t address, uint64_t *offset)
{
	const struct module *module = modules_lookup(address);

	if (!module) {
		*offset = address;
		return 0;
	}
	log_modules();
	*offset = address - module->bias;
	return module_base + module->number + 1;
}

static void announce_module(const struct module *module, void *unused)
{
	uint32_t room = text_room(module->path, 4095);
	uint32_t size = padded(sizeof(struct record_module) + room);
	struct record_module *record = ring_reserve(RECORD_MODULE, size);

	(void)unused;
	record->number = module_base + module->number + 1;
	record->process = (uint16_t)process_index;
	record->build_id_length = module->build_id_len;
	record->is_main = module->number == 0;
	record->base = module->bias;
	record->start = module->start;
	record->end = module->end;
	memcpy(record->build_id, module->build_id, sizeof record->build_id);
	copy_text(record->path, module->path, size - (uint32_t)sizeof *record);
	region->numbers.module = record->number;
	ring_commit(size);
}

void log_modules(void)
{
	modules_for_each_new(announce_module, NULL);
}

void log_loaded_modules(void)
{
	modules_rescan();
	log_modules();
}

static void announce_context(uint32_t id)
{
	struct record_frame frames[UNWIND_MAX];
	struct record_context *record;
	const uint64_t *pcs;
	uint32_t i, count = 0, size;

	pcs = context_frames(contexts, id, &count);
	for (i = 0; i < count; i++) {
		if (interpreter_frame(pcs[i], &frames[i]))
			continue;
		frames[i].module = log_locate(pcs[i], &frames[i].offset);
		frames[i].flags = 0;
	}
	size = padded(sizeof *record + count * sizeof *frames);
	record = ring_reserve(RECORD_CONTEXT, size);
	record->number = context_base + id;
	record->count = count;
	memcpy(record->frames, frames, count * sizeof *frames);
	region->numbers.context = record->number;
	sites_announce(record->number, frames, count);
	ring_commit(size);
}

uint32_t log_context(uint32_t id)
{
	if (!id)
		return 0;
	while (__builtin_expect(contexts_announced < id, 0))
		announce_context(++contexts_announced);
	return context_base + id;
}

/* With an interpreter in the program. */
static __attribute__((noinline)) uint32_t interpreted_context(const struct unwind_start *start)
{
	uint64_t places[UNWIND_MAX];
	const uint64_t *pcs;
	uint32_t id, count;

	if (!start->exact) {
		/* What the interpreter itself does needs no walk: who told it to is known. */
		count = interpreter_stack(&start->pc, 1, places, UNWIND_MAX);
		if (count)
			return log_context(context_intern(contexts, places, count));
	}
	id = context_capture(contexts, start);
	/* An interrupted interpreter may be anywhere, also in between two frames. */
	if (id && !start->exact) {
		pcs = context_frames(contexts, id, &count);
		count = interpreter_stack(pcs, count, places, UNWIND_MAX);
		if (count)
			id = context_intern(contexts, places, count);
	}
	return log_context(id);
}

/* One that was not met last from its place, or is new. */
static __attribute__((noinline)) uint32_t other_context(const struct unwind_start *start)
{
	return log_context(context_capture(contexts, start));
}

uint32_t runtime_context(const struct unwind_start *start)
{
	uint32_t id;

	if (start != &schedule.current->last)
		schedule.current->last = *start;
	if (__builtin_expect(interpreter_active, 0))
		return interpreted_context(start);
	id = context_again(contexts, start);
	if (__builtin_expect(id && id <= contexts_announced, 1))
		return context_base + id;
	return other_context(start);
}

uint32_t log_context_frames(uint32_t context, uint64_t *frames, uint32_t most)
{
	uint32_t count = 0;
	const uint64_t *pcs = context > context_base
				      ? context_frames(contexts, context - context_base, &count)
				      : NULL;

	if (!pcs)
		return 0;
	count = count < most ? count : most;
	memcpy(frames, pcs, count * sizeof *frames);
	return count;
}

bool log_frame_of(const struct lane *lane, uint64_t address, struct context_frame *frame)
{
	return lane->last.pc && context_frame_of(contexts, &lane->last, address, frame);
}

static uint32_t walks_learnt;

void log_note_walks(void)
{
	long page = raw(SYS_mmap, 0, sizeof *unwind_notes, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	unwind_notes = page > 0 ? (struct unwind_notes *)page : NULL;
}

void log_learn_walks(void)
{
	if (unwind_notes && unwind_notes->count != walks_learnt)
		walks_learnt = context_learn(contexts, walks_learnt);
}

uint32_t log_places(const uint64_t *places, uint32_t count)
{
	return log_context(context_intern(contexts, places, count));
}

/* Texts that were announced, by hash: a collision announces one again. */
#define TEXTS 1024
static struct {
	uint64_t hash;
	uint32_t number;
} texts[TEXTS];

uint32_t log_text(const char *text)
{
	uint64_t hash = hash_bytes(text, strlen(text));
	uint32_t room = text_room(text, 1023);
	uint32_t size = padded(sizeof(struct record_text) + room);
	struct record_text *record;

	if (texts[hash % TEXTS].hash == hash && texts[hash % TEXTS].number)
		return texts[hash % TEXTS].number;
	record = ring_reserve(RECORD_TEXT, size);
	record->number = ++region->numbers.text;
	record->reserved = 0;
	copy_text(record->text, text, size - (uint32_t)sizeof *record);
	texts[hash % TEXTS].hash = hash;
	texts[hash % TEXTS].number = record->number;
	ring_commit(size);
	return texts[hash % TEXTS].number;
}

void log_code(uint32_t number, const char *file, const char *name, uint32_t line, uint64_t hash,
	      bool user)
{
	uint32_t file_room = (uint32_t)strnlen(file, 4095) + 1;
	uint32_t name_room = (uint32_t)strnlen(name, 1023) + 1;
	uint32_t size = padded(sizeof(struct record_code) + file_room + name_room);
	struct record_code *record = ring_reserve(RECORD_CODE, size);

	record->number = number;
	record->process = (uint16_t)process_index;
	record->user = user;
	record->reserved = 0;
	record->first_line = line;
	record->reserved2 = 0;
	record->hash = hash;
	copy_text(record->names, file, file_room);
	copy_text(record->names + file_room, name, size - (uint32_t)sizeof *record - file_room);
	ring_commit(size);
}

struct record_answer *log_answer_open(uint32_t *room)
{
	*room = RECORD_MAX - sizeof(struct record_answer);
	return ring_reserve(RECORD_ANSWER, RECORD_MAX);
}

void log_answer_close(struct record_answer *record, uint32_t bytes)
{
	uint32_t size = padded(sizeof *record + bytes);

	memset(record->bytes + bytes, 0, size - sizeof *record - bytes);
	record->head.size = size;
	ring_commit(size);
}

void log_lane(const struct lane *lane, uint64_t start)
{
	uint64_t offset = 0;
	uint32_t module = start ? log_locate(start, &offset) : 0;
	struct record_lane *record = ring_reserve(RECORD_LANE, sizeof *record);

	record->number = lane->number;
	record->process = (uint16_t)process_index;
	record->origin = (uint16_t)lane->origin;
	record->parent = lane->parent_number;
	record->index = lane->index;
	record->start = start;
	record->start_module = module;
	record->slot = lane->slot;
	record->start_offset = offset;
	record->id_hash = lane->id_hash;
	copy_text(record->name, lane->name, sizeof record->name);
	ring_commit(sizeof *record);
}

void log_object(const struct object *object, uint32_t module, uint64_t offset, uint32_t lane,
		uint32_t n, uint32_t context, const char *name)
{
	uint32_t room = text_room(name, 4095);
	uint32_t size = padded(sizeof(struct record_object) + room);
	struct record_object *record = ring_reserve(RECORD_OBJECT, size);

	record->number = object->number;
	record->process = (uint16_t)process_index;
	record->class = object->class;
	record->kind = object->kind;
	record->module = module;
	record->lane = lane;
	record->offset = offset;
	record->address = object->address;
	record->n = n;
	record->context = context;
	record->id_hash = object->id_hash;
	copy_text(record->name, name, size - (uint32_t)sizeof *record);
	ring_commit(size);
}

void log_race(const struct record_race *race)
{
	struct record_race *record = ring_reserve(RECORD_RACE, sizeof *record);
	struct record_head head = record->head;

	*record = *race;
	record->head = head;
	ring_commit(sizeof *record);
}

void log_note(unsigned kind, uint32_t lane, const char *text)
{
	uint32_t room = text_room(text, 1023);
	uint32_t size = padded(sizeof(struct record_note) + room);
	struct record_note *record = ring_reserve(RECORD_NOTE, size);

	record->kind = kind;
	record->lane = lane;
	copy_text(record->text, text, size - (uint32_t)sizeof *record);
	ring_commit(size);
}

void log_lane_state(const struct lane *lane)
{
	struct region_lane *mirror = &region->lane[lane->slot];

	mirror->number = lane->number;
	/* Who waits for the gate could run if who has it were interrupted. */
	mirror->state = lane->state == LANE_BLOCKED && gate_object &&
					lane->wait_object == gate_object
				? LANE_RUNNABLE
				: lane->state;
	mirror->tid = lane->tid;
	mirror->kind = lane->kind;
	mirror->object = lane->object ? lane->object->number : 0;
	mirror->context = lane->context;
	mirror->k = lane->k;
	mirror->deadline = lane->deadline;
}

int log_ask(unsigned type, uint32_t lane, uint64_t k)
{
	struct region_mailbox *mailbox = &region->mailbox;
	uint32_t state;

	mailbox->type = type;
	mailbox->lane = lane;
	mailbox->k = k;
	__atomic_store_n(&mailbox->state, 1, __ATOMIC_SEQ_CST);
	log_ring_doorbell();
	while ((state = __atomic_load_n(&mailbox->state, __ATOMIC_SEQ_CST)) == 1)
		raw(SYS_futex, &mailbox->state, FUTEX_WAIT, state, 0, 0, 0);
	__atomic_store_n(&mailbox->state, 0, __ATOMIC_SEQ_CST);
	return mailbox->answer;
}

void log_stderr(const void *bytes, uint64_t length)
{
	const uint8_t *from = bytes;
	uint64_t written = region->errors.written, i;

	if (length > REGION_STDERR_BYTES) {
		from += length - REGION_STDERR_BYTES;
		written += length - REGION_STDERR_BYTES;
		length = REGION_STDERR_BYTES;
	}
	for (i = 0; i < length; i++)
		region->errors.bytes[(written + i) % REGION_STDERR_BYTES] = from[i];
	region->errors.written = written + length;
}

void log_failure(unsigned verdict, uint32_t lane, uint64_t k, int status, const char *text)
{
	struct region_failure *failure = &region->failure;

	if (failure->kind != VERDICT_NONE)
		return;
	failure->lane = lane;
	failure->k = k;
	failure->status = status;
	copy_text(failure->text, text, sizeof failure->text);
	__atomic_store_n(&failure->kind, verdict, __ATOMIC_SEQ_CST);
}
