/*
 * The log of one run in memory, see run_log.h.
 */
#include "fuzz/run_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/hash.h"
#include "recorder/alloc.h"
#include "recorder/ids.h"

struct run_log *run_log_new(void)
{
	return alloc_check(calloc(1, sizeof(struct run_log)));
}

void run_log_free(struct run_log *log)
{
	if (!log)
		return;
	free(log->steps);
	free(log->decisions);
	free(log->words);
	free(log->lanes);
	free(log->objects);
	free(log->contexts);
	free(log->codes);
	free(log->locks);
	free(log->races);
	free(log->modules);
	free(log);
}

/* Room for `more` elements behind `count`; what is new is not initialised. */
static void *room(void *items, size_t count, size_t more, size_t *has, size_t size)
{
	if (count + more <= *has)
		return items;
	while (*has < count + more)
		*has = *has ? 2 * *has : 64;
	return alloc_check(reallocarray(items, *has, size));
}

static struct run_step *add_step(struct run_log *log)
{
	struct run_step *step;

	log->steps = room(log->steps, log->step_count, 1, &log->step_room, sizeof(*log->steps));
	step = &log->steps[log->step_count++];
	memset(step, 0, sizeof(*step));
	step->decisions = (uint32_t)log->decision_count;
	return step;
}

static int on_event(void *self, const struct record_event *record, struct err *err)
{
	struct run_log *log = self;
	struct run_step *step = add_step(log);

	(void)err;
	step->type = record->phase == PHASE_DONE ? STEP_EVENT : STEP_ANNOUNCE;
	step->kind = record->kind;
	step->lane = record->lane;
	step->k = record->k;
	step->object = record->object;
	step->object2 = record->object2;
	step->context = record->context;
	step->result = record->result;
	if (record->kind == EVENT_THREAD_END && record->lane < log->lane_count)
		log->lanes[record->lane].ended = true;
	return 0;
}

static int on_decision(void *self, const struct record_decision *record, struct err *err)
{
	struct run_log *log = self;
	struct run_step *step = add_step(log);

	(void)err;
	step->type = STEP_DECISION;
	step->kind = record->kind;
	step->forced = record->forced;
	step->lane = record->lane;
	step->k = record->k;
	step->context = record->context;
	step->result = record->choice;
	step->options = (uint32_t)log->word_count;
	step->option_count = record->option_count;
	log->words = room(log->words, log->word_count, record->option_count, &log->word_room,
			  sizeof(*log->words));
	memcpy(log->words + log->word_count, record->options,
	       record->option_count * sizeof(*log->words));
	log->word_count += record->option_count;
	log->decisions = room(log->decisions, log->decision_count, 1, &log->decision_room,
			      sizeof(*log->decisions));
	log->decisions[log->decision_count++] = (struct plan_decision){
		.kind = record->kind,
		.lane = record->lane,
		.k = record->k,
		.choice = record->choice,
	};
	return 0;
}

static int on_offer(void *self, const struct record_offer *record, struct err *err)
{
	struct run_log *log = self;
	struct run_step *step = add_step(log);
	uint32_t halves = 2u * record->words;

	(void)err;
	step->type = STEP_OFFER;
	step->kind = record->kind;
	step->lane = record->lane;
	step->k = record->k;
	step->options = (uint32_t)log->word_count;
	step->option_count = halves;
	log->words =
		room(log->words, log->word_count, halves, &log->word_room, sizeof(*log->words));
	memcpy(log->words + log->word_count, record->set, halves * sizeof(*log->words));
	log->word_count += halves;
	return 0;
}

/* Makes row `number` exist; rows between are empty. */
#define ROW(log, field, number)                                                              \
	do {                                                                                 \
		size_t count_ = (log)->field##_count, more_;                                 \
                                                                                             \
		if ((number) < count_)                                                       \
			break;                                                               \
		more_ = (number) + 1 - count_;                                               \
		(log)->field##s = room((log)->field##s, count_, more_, &(log)->field##_room, \
				       sizeof(*(log)->field##s));                            \
		memset((log)->field##s + count_, 0, more_ * sizeof(*(log)->field##s));       \
		(log)->field##_count = (number) + 1;                                         \
	} while (0)

static int on_lane(void *self, const struct record_lane *record, struct err *err)
{
	struct run_log *log = self;

	(void)err;
	ROW(log, lane, (size_t)record->number);
	log->lanes[record->number].id = record->id_hash;
	log->lanes[record->number].slot = record->slot;
	log->lanes[record->number].parent = record->parent;
	log->lanes[record->number].index = record->index;
	return 0;
}

static int on_object(void *self, const struct record_object *record, struct err *err)
{
	struct run_log *log = self;

	(void)err;
	ROW(log, object, (size_t)record->number);
	log->objects[record->number].id = record->id_hash;
	log->objects[record->number].lane = record->class == OBJECT_LANE ? record->lane : 0;
	log->objects[record->number].class = record->class;
	log->objects[record->number].kind = record->kind;
	if (ids_is_lock(record->kind)) {
		log->locks =
			room(log->locks, log->lock_count, 1, &log->lock_room, sizeof(*log->locks));
		memcpy(&log->locks[log->lock_count++], record, sizeof(*record));
	}
	return 0;
}

static int on_context(void *self, const struct record_context *record, struct err *err)
{
	struct run_log *log = self;
	uint32_t i;

	(void)err;
	ROW(log, context, (size_t)record->number);
	log->contexts[record->number].site = hash_site(record->frames, record->count);
	for (i = 0; i < record->count && !(record->frames[i].flags & FRAME_CODE); i++)
		;
	log->contexts[record->number].library = i < record->count &&
						record->frames[i].module < log->code_count &&
						!log->codes[record->frames[i].module];
	return 0;
}

static bool is_libc(const char *name)
{
	return !strncmp(name, "libc.so", 7) || !strncmp(name, "libfrontrun", 11) ||
	       !strncmp(name, "ld-linux", 8) || !strncmp(name, "libpthread", 10);
}

static int on_module(void *self, const struct record_module *record, struct err *err)
{
	struct run_log *log = self;
	const char *slash = strrchr(record->path, '/'), *name = slash ? slash + 1 : record->path;
	struct run_module *module;

	(void)err;
	ROW(log, module, (size_t)record->number);
	module = &log->modules[record->number];
	module->base = record->base;
	module->start = record->start;
	module->end = record->end;
	*module->path = '\0';
	if (strlen(record->path) < sizeof(module->path))
		strcpy(module->path, record->path);
	module->name = is_libc(name) ? 0 : hash_bytes(name, strlen(name));
	return 0;
}

static int on_race(void *self, const struct record_race *record, struct err *err)
{
	struct run_log *log = self;

	(void)err;
	if (!log->races)
		log->races = alloc_check(calloc(RUN_RACES, sizeof(*log->races)));
	if (log->race_count < RUN_RACES)
		log->races[log->race_count++] = *record;
	return 0;
}

static int on_note(void *self, const struct record_note *record, struct err *err)
{
	struct run_log *log = self;

	(void)err;
	if (record->kind == NOTE_INFO) {
		snprintf(log->remark, sizeof(log->remark), "%s", record->text);
		return 0;
	}
	log->uncontrolled += record->kind == NOTE_UNCONTROLLED;
	log->inexact += record->kind == NOTE_INEXACT;
	if (record->kind == NOTE_UNCONTROLLED || !log->uncontrolled)
		snprintf(log->note, sizeof(log->note), "%s", record->text);
	return 0;
}

static int on_code(void *self, const struct record_code *record, struct err *err)
{
	struct run_log *log = self;

	(void)err;
	ROW(log, code, (size_t)record->number);
	log->codes[record->number] = record->user;
	log->interpreted = true;
	return 0;
}

const struct drain_sink run_log_sink = {
	.event = on_event,
	.decision = on_decision,
	.lane = on_lane,
	.object = on_object,
	.context = on_context,
	.module = on_module,
	.note = on_note,
	.race = on_race,
	.offer = on_offer,
	.code = on_code,
};

void run_log_mark(struct run_log *log)
{
	log->mark.step = log->step_count;
	log->mark.decision = log->decision_count;
	log->mark.word = log->word_count;
	log->mark.lane = log->lane_count;
	log->mark.object = log->object_count;
	log->mark.context = log->context_count;
	log->mark.module = log->module_count;
	log->mark.lock = log->lock_count;
	log->mark.uncontrolled = log->uncontrolled;
	log->mark.inexact = log->inexact;
	memcpy(log->mark.note, log->note, sizeof(log->note));
}

void run_log_rewind(struct run_log *log)
{
	log->race_count = 0;
	size_t i;

	log->step_count = log->mark.step;
	log->decision_count = log->mark.decision;
	log->word_count = log->mark.word;
	log->lane_count = log->mark.lane;
	log->object_count = log->mark.object;
	log->context_count = log->mark.context;
	log->module_count = log->mark.module;
	log->lock_count = log->mark.lock;
	log->uncontrolled = log->mark.uncontrolled;
	log->inexact = log->mark.inexact;
	memcpy(log->note, log->mark.note, sizeof(log->note));
	for (i = 0; i < log->lane_count; i++)
		log->lanes[i].ended = false;
}

struct plan_decision *run_log_decisions(const struct run_log *log, uint32_t *count)
{
	size_t bytes = log->decision_count * sizeof(*log->decisions);
	struct plan_decision *copy = alloc_check(malloc(bytes + 1));

	if (bytes)
		memcpy(copy, log->decisions, bytes);
	*count = (uint32_t)log->decision_count;
	return copy;
}

uint64_t run_log_lane_id(const struct run_log *log, uint32_t lane)
{
	return lane < log->lane_count ? log->lanes[lane].id : 0;
}

const struct record_object *run_log_lock(const struct run_log *log, uint32_t object)
{
	size_t i;

	for (i = log->lock_count; i-- > 0;)
		if (log->locks[i].number == object)
			return &log->locks[i];
	return NULL;
}

void run_log_lane_text(const struct run_log *log, uint32_t lane, struct text *text)
{
	uint32_t parent;

	if (!lane || lane >= log->lane_count)
		return;
	parent = log->lanes[lane].parent;
	if (parent < lane)
		run_log_lane_text(log, parent, text);
	text_addf(text, text->len ? ".%u" : "%u", log->lanes[lane].index);
}

uint64_t run_log_object_id(const struct run_log *log, uint32_t object)
{
	return object < log->object_count ? log->objects[object].id : 0;
}

uint64_t run_log_site(const struct run_log *log, uint32_t context)
{
	return context < log->context_count ? log->contexts[context].site : 0;
}

uint64_t run_log_place(const struct run_log *log, uint64_t address)
{
	size_t i;

	for (i = 0; i < log->module_count; i++) {
		const struct run_module *module = &log->modules[i];

		if (address >= module->start && address < module->end)
			return module->name ? hash_id(module->name, address - module->base, 0) : 0;
	}
	return 0;
}

uint32_t run_log_lane_in(const struct run_log *log, uint32_t slot)
{
	size_t i;

	for (i = log->lane_count; i-- > 1;)
		if (log->lanes[i].id && log->lanes[i].slot == slot)
			return (uint32_t)i;
	return 0;
}

bool run_log_offered(const struct run_log *log, const struct run_step *step, uint32_t lane)
{
	const uint32_t *options = log->words + step->options;
	uint32_t slot, i;

	if (step->type == STEP_DECISION) {
		for (i = 0; i < step->option_count; i++)
			if (options[i] == lane)
				return true;
		return false;
	}
	if (lane >= log->lane_count || !log->lanes[lane].id)
		return false;
	slot = log->lanes[lane].slot;
	return slot / 32 < step->option_count && options[slot / 32] >> (slot % 32) & 1;
}
