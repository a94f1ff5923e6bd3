/*
 * Takes records out of the ring, see drain.h. Everything in the ring is hostile: a record is
 * copied, then checked, then handed over.
 */
#include "recorder/drain.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "formats/event.h"
#include "formats/record_brief.h"
#include "recorder/alloc.h"

#define CHUNK_BYTES (128u << 10) /* copied at once; a multiple of 8, more than RECORD_MAX */
#define STEP_BYTES (512u << 10)  /* then the caller looks at the mailbox: somebody may wait there */
#define NUMBER_MAX ((1u << 24) - 1) /* of anything interned, as in formats/trace_lines.h */
#define LANE_MAX ((1u << 22) - 1)
#define WAIT_MS_MAX 10

/* The numbers of one sort of interned things that were announced. */
struct known {
	uint64_t *bits;
	uint32_t words;
};

struct drain {
	struct region *region;
	const struct drain_sink *sink;
	void *self;
	uint64_t tail; /* our own copy: the shared one may be scribbled over */
	uint64_t events, operations, decisions;
	int failed; /* first error, sticky */
	struct err error;
	uint32_t doorbell; /* as it was when drain_wait() returned last: later rings are news */
	struct known lanes, objects, contexts, modules, codes, texts;
	uint64_t chunk[CHUNK_BYTES / 8];
};

static bool known_has(const struct known *known, uint32_t number)
{
	return number / 64 < known->words && known->bits[number / 64] >> (number % 64) & 1;
}

static void known_add(struct known *known, uint32_t number)
{
	uint32_t word = number / 64;

	if (word >= known->words) {
		uint32_t words = known->words ? known->words : 16;

		while (words <= word)
			words *= 2;
		known->bits = alloc_check(reallocarray(known->bits, words, sizeof(uint64_t)));
		memset(known->bits + known->words, 0, (words - known->words) * sizeof(uint64_t));
		known->words = words;
	}
	known->bits[word] |= 1ull << (number % 64);
}

struct drain *drain_new(struct region *region, const struct drain_sink *sink, void *self)
{
	struct drain *drain = alloc_check(calloc(1, sizeof(*drain)));

	drain->region = region;
	drain->sink = sink;
	drain->self = self;
	drain->tail = region->ring[0].tail;
	return drain;
}

void drain_free(struct drain *drain)
{
	if (!drain)
		return;
	free(drain->lanes.bits);
	free(drain->objects.bits);
	free(drain->contexts.bits);
	free(drain->modules.bits);
	free(drain->codes.bits);
	free(drain->texts.bits);
	free(drain);
}

uint64_t drain_events(const struct drain *drain)
{
	return drain->events;
}

uint64_t drain_operations(const struct drain *drain)
{
	return drain->operations;
}

uint64_t drain_decisions(const struct drain *drain)
{
	return drain->decisions;
}

#define CORRUPT(...) \
	err_set(err, DRAIN_ERR_CORRUPT, "the program damaged the recording: " __VA_ARGS__)

/* A number that must have been announced; 0 stands for none. */
static int check_known(const struct known *known, uint32_t number, const char *what,
		       struct err *err)
{
	if (!number || known_has(known, number))
		return 0;
	return CORRUPT("%s %u was never announced", what, number);
}

/* A number that is announced now. */
static int check_new(struct known *known, uint32_t number, uint32_t max, const char *what,
		     struct err *err)
{
	if (!number || number > max)
		return CORRUPT("%s number %u is out of range", what, number);
	known_add(known, number);
	return 0;
}

static int check_process(uint16_t process, struct err *err)
{
	return process < REGION_PROCESSES ? 0 : CORRUPT("process %u does not exist", process);
}

/* Behind the string at `text`, which has its NUL in the record; NULL: it has none. */
static const char *text_end(const struct record_head *head, const char *text)
{
	const char *end = (const char *)head + head->size;
	const char *nul = text < end ? memchr(text, '\0', (size_t)(end - text)) : NULL;

	return nul ? nul + 1 : NULL;
}

static int check_text(const struct record_head *head, const char *text, struct err *err)
{
	return text_end(head, text) ? 0 : CORRUPT("a string has no end");
}

static int check_value(const struct drain *drain, const struct record_event *event, struct err *err)
{
	if (event->has_value > EVENT_VALUE_CHANGE)
		return CORRUPT("event with a value of kind %u", event->has_value);
	if (event->has_value == EVENT_VALUE_TEXT &&
	    (event->value < 1 || event->value > NUMBER_MAX ||
	     !known_has(&drain->texts, (uint32_t)event->value)))
		return CORRUPT("text %lld was never announced", (long long)event->value);
	return 0;
}

static int take_event(struct drain *drain, const struct record_event *event, struct err *err)
{
	if (event->kind == EVENT_NONE || event->kind >= EVENT_COUNT ||
	    event->phase > PHASE_ANNOUNCED)
		return CORRUPT("event of kind %u, phase %u", event->kind, event->phase);
	if (!event->lane || !known_has(&drain->lanes, event->lane))
		return CORRUPT("event of lane %u, which was never announced", event->lane);
	if ((event->object && !known_has(&drain->objects, event->object)) ||
	    (event->object2 && !known_has(&drain->objects, event->object2)))
		return CORRUPT("event on object %u or %u, which was never announced", event->object,
			       event->object2);
	if (check_known(&drain->contexts, event->context, "context", err) ||
	    check_process(event->process, err) || check_value(drain, event, err))
		return -DRAIN_ERR_CORRUPT;
	drain->events++;
	drain->operations += event->kind != EVENT_PREEMPTED;
	return drain->sink->event ? drain->sink->event(drain->self, event, err) : 0;
}

static int take_brief(struct drain *drain, const struct record_brief *brief, struct err *err)
{
	struct record_event event;

	if (!record_brief_read(brief, &event))
		return CORRUPT("a short event with %u bytes", brief->head.size);
	return take_event(drain, &event, err);
}

static int take_decision(struct drain *drain, const struct record_decision *decision,
			 struct err *err)
{
	uint64_t bytes = sizeof(*decision) + (uint64_t)decision->option_count * 4;
	uint32_t i;

	if (decision->kind >= DECISION_COUNT || ((bytes + 7) & ~7ull) != decision->head.size)
		return CORRUPT("decision of kind %u with %u options", decision->kind,
			       decision->option_count);
	if (!decision->lane || !known_has(&drain->lanes, decision->lane))
		return CORRUPT("decision of lane %u, which was never announced", decision->lane);
	if (check_known(&drain->contexts, decision->context, "context", err) ||
	    check_process(decision->process, err))
		return -DRAIN_ERR_CORRUPT;
	for (i = 0; i < decision->option_count; i++)
		if (check_known(&drain->lanes, decision->options[i], "lane", err))
			return -DRAIN_ERR_CORRUPT;
	drain->decisions++;
	return drain->sink->decision ? drain->sink->decision(drain->self, decision, err) : 0;
}

static int take_lane(struct drain *drain, const struct record_lane *lane, struct err *err)
{
	if (lane->origin > LANE_ADOPTED || !memchr(lane->name, '\0', sizeof(lane->name)))
		return CORRUPT("lane %u of origin %u", lane->number, lane->origin);
	if (check_known(&drain->lanes, lane->parent, "lane", err) ||
	    check_known(&drain->modules, lane->start_module, "module", err) ||
	    check_process(lane->process, err) ||
	    check_new(&drain->lanes, lane->number, LANE_MAX, "lane", err))
		return -DRAIN_ERR_CORRUPT;
	return drain->sink->lane ? drain->sink->lane(drain->self, lane, err) : 0;
}

static int take_object(struct drain *drain, const struct record_object *object, struct err *err)
{
	bool by_lane = object->class == OBJECT_INIT || object->class == OBJECT_FIRST ||
		       object->class == OBJECT_LANE;

	if (object->class > OBJECT_NAMED || object->kind >= OBJECT_KIND_COUNT)
		return CORRUPT("object %u of class %u, kind %u", object->number, object->class,
			       object->kind);
	if ((by_lane && !object->lane) || (object->class == OBJECT_STATIC && !object->module))
		return CORRUPT("object %u belongs to nothing", object->number);
	if (check_known(&drain->lanes, object->lane, "lane", err) ||
	    check_known(&drain->modules, object->module, "module", err) ||
	    check_known(&drain->contexts, object->context, "context", err) ||
	    check_process(object->process, err) ||
	    check_new(&drain->objects, object->number, NUMBER_MAX, "object", err))
		return -DRAIN_ERR_CORRUPT;
	if (check_text(&object->head, object->name, err))
		return -DRAIN_ERR_CORRUPT;
	return drain->sink->object ? drain->sink->object(drain->self, object, err) : 0;
}

static int check_frame(const struct drain *drain, const struct record_frame *frame, struct err *err)
{
	if (!(frame->flags & FRAME_CODE))
		return check_known(&drain->modules, frame->module, "module", err);
	if (!frame->module)
		return CORRUPT("a frame of no code");
	return check_known(&drain->codes, frame->module, "code", err);
}

static int take_context(struct drain *drain, const struct record_context *context, struct err *err)
{
	uint32_t i;

	if ((uint64_t)sizeof(*context) + (uint64_t)context->count * sizeof(*context->frames) !=
	    context->head.size)
		return CORRUPT("context %u with %u frames", context->number, context->count);
	for (i = 0; i < context->count; i++)
		if (check_frame(drain, &context->frames[i], err))
			return -DRAIN_ERR_CORRUPT;
	if (check_new(&drain->contexts, context->number, NUMBER_MAX, "context", err))
		return -DRAIN_ERR_CORRUPT;
	return drain->sink->context ? drain->sink->context(drain->self, context, err) : 0;
}

static int take_module(struct drain *drain, const struct record_module *module, struct err *err)
{
	if (module->build_id_length > sizeof(module->build_id))
		return CORRUPT("module %u with a build id of %u bytes", module->number,
			       module->build_id_length);
	if (check_process(module->process, err) || check_text(&module->head, module->path, err) ||
	    check_new(&drain->modules, module->number, UINT16_MAX, "module", err))
		return -DRAIN_ERR_CORRUPT;
	return drain->sink->module ? drain->sink->module(drain->self, module, err) : 0;
}

static int take_note(struct drain *drain, const struct record_note *note, struct err *err)
{
	if (note->kind >= NOTE_KIND_COUNT || check_text(&note->head, note->text, err))
		return CORRUPT("note of kind %u", note->kind);
	if (check_known(&drain->lanes, note->lane, "lane", err))
		return -DRAIN_ERR_CORRUPT;
	return drain->sink->note ? drain->sink->note(drain->self, note, err) : 0;
}

static int take_offer(struct drain *drain, const struct record_offer *offer, struct err *err)
{
	if (offer->kind >= DECISION_COUNT ||
	    sizeof(*offer) + (uint64_t)offer->words * 8 != offer->head.size)
		return CORRUPT("offer of kind %u with %u words", offer->kind, offer->words);
	if (!offer->lane || !known_has(&drain->lanes, offer->lane))
		return CORRUPT("offer of lane %u, which was never announced", offer->lane);
	return drain->sink->offer ? drain->sink->offer(drain->self, offer, err) : 0;
}

static int take_code(struct drain *drain, const struct record_code *code, struct err *err)
{
	const char *function = text_end(&code->head, code->names);

	if (!function || !text_end(&code->head, function))
		return CORRUPT("code %u without a name", code->number);
	if (check_process(code->process, err) ||
	    check_new(&drain->codes, code->number, NUMBER_MAX, "code", err))
		return -DRAIN_ERR_CORRUPT;
	return drain->sink->code ? drain->sink->code(drain->self, code, err) : 0;
}

static int take_text(struct drain *drain, const struct record_text *text, struct err *err)
{
	if (check_text(&text->head, text->text, err) ||
	    check_new(&drain->texts, text->number, NUMBER_MAX, "text", err))
		return -DRAIN_ERR_CORRUPT;
	return drain->sink->text ? drain->sink->text(drain->self, text, err) : 0;
}

static int check_side(struct drain *drain, const struct record_race_side *side, struct err *err)
{
	uint32_t i;

	if (!side->frame_count || side->frame_count > RACE_FRAMES)
		return CORRUPT("a data race with %u frames", side->frame_count);
	if (check_known(&drain->lanes, side->lane, "lane", err))
		return -DRAIN_ERR_CORRUPT;
	for (i = 0; i < side->frame_count; i++)
		if (side->frames[i].flags & FRAME_CODE || check_frame(drain, &side->frames[i], err))
			return CORRUPT("a data race in no code");
	for (i = 0; i < side->lock_count && i < RACE_LOCKS; i++)
		if (check_known(&drain->objects, side->locks[i], "object", err))
			return -DRAIN_ERR_CORRUPT;
	return 0;
}

static int take_race(struct drain *drain, const struct record_race *race, struct err *err)
{
	if (check_side(drain, &race->earlier, err) || check_side(drain, &race->later, err) ||
	    check_known(&drain->modules, race->module, "module", err) ||
	    check_known(&drain->contexts, race->context, "context", err))
		return -DRAIN_ERR_CORRUPT;
	return drain->sink->race ? drain->sink->race(drain->self, race, err) : 0;
}

static int take_answer(struct drain *drain, const struct record_answer *answer, struct err *err)
{
	uint64_t bytes = sizeof(*answer) + (uint64_t)answer->name_length + answer->sent_length +
			 answer->got_length;

	if (((bytes + 7) & ~7ull) != answer->head.size)
		return CORRUPT("answer with %u, %u and %u bytes", answer->name_length,
			       answer->sent_length, answer->got_length);
	if (answer->arg_count > 6 || answer->flags & ~ANSWER_FLAGS)
		return CORRUPT("answer with %u arguments, flags %u", answer->arg_count,
			       answer->flags);
	if (answer->flags & ANSWER_REFERENCE && !answer->got_length)
		return CORRUPT("answer with a reference of %u bytes", answer->got_length);
	if (check_known(&drain->lanes, answer->lane, "lane", err) ||
	    check_process(answer->process, err))
		return -DRAIN_ERR_CORRUPT;
	return drain->sink->answer ? drain->sink->answer(drain->self, answer, err) : 0;
}

/* Bytes that a record of each type has at least. */
static const uint32_t least[RECORD_TYPES] = {
	[RECORD_PAD] = sizeof(struct record_head),
	[RECORD_EVENT] = sizeof(struct record_event),
	[RECORD_BRIEF] = BRIEF_BYTES(EVENT_VALUE_NONE),
	[RECORD_DECISION] = sizeof(struct record_decision),
	[RECORD_LANE] = sizeof(struct record_lane),
	[RECORD_OBJECT] = sizeof(struct record_object),
	[RECORD_CONTEXT] = sizeof(struct record_context),
	[RECORD_MODULE] = sizeof(struct record_module),
	[RECORD_NOTE] = sizeof(struct record_note),
	[RECORD_OFFER] = sizeof(struct record_offer),
	[RECORD_CODE] = sizeof(struct record_code),
	[RECORD_TEXT] = sizeof(struct record_text),
	[RECORD_RACE] = sizeof(struct record_race),
	[RECORD_ANSWER] = sizeof(struct record_answer),
};

static int take(struct drain *drain, const struct record_head *head, struct err *err)
{
	const void *record = head;

	switch (head->type) {
	case RECORD_EVENT:
		return take_event(drain, record, err);
	case RECORD_BRIEF:
		return take_brief(drain, record, err);
	case RECORD_DECISION:
		return take_decision(drain, record, err);
	case RECORD_LANE:
		return take_lane(drain, record, err);
	case RECORD_OBJECT:
		return take_object(drain, record, err);
	case RECORD_CONTEXT:
		return take_context(drain, record, err);
	case RECORD_MODULE:
		return take_module(drain, record, err);
	case RECORD_NOTE:
		return take_note(drain, record, err);
	case RECORD_OFFER:
		return take_offer(drain, record, err);
	case RECORD_CODE:
		return take_code(drain, record, err);
	case RECORD_RACE:
		return take_race(drain, record, err);
	case RECORD_TEXT:
		return take_text(drain, record, err);
	case RECORD_ANSWER:
		return take_answer(drain, record, err);
	default:
		return 0;
	}
}

/*
 * Checks the head of the record at `at` in the chunk, of which `length` bytes are there and
 * `to_end` bytes follow in the ring before it wraps. Returns its size; 0 when it is not whole; or
 * the error.
 */
static int64_t record_size(const struct record_head *head, uint32_t length, uint32_t to_end,
			   struct err *err)
{
	uint32_t max = head->type == RECORD_PAD ? REGION_RING_BYTES : RECORD_MAX;

	if (head->type < RECORD_PAD || head->type >= RECORD_TYPES)
		return CORRUPT("record of type %u", head->type);
	if (head->size < least[head->type] || head->size > max || head->size % 8 ||
	    head->size > to_end)
		return CORRUPT("record of type %u with %u bytes", head->type, head->size);
	return head->size <= length || head->type == RECORD_PAD ? head->size : 0;
}

/*
 * Copies and handles what is between tail and head, one chunk at most. Returns records, or the
 * error.
 */
static int drain_chunk(struct drain *drain, uint64_t head, struct err *err)
{
	struct region_ring *ring = &drain->region->ring[0];
	uint32_t offset = (uint32_t)(drain->tail % REGION_RING_BYTES);
	uint32_t to_end = REGION_RING_BYTES - offset, length = to_end, at = 0;
	int count = 0, rc = 0;

	if (length > head - drain->tail)
		length = (uint32_t)(head - drain->tail);
	to_end = length < to_end ? length : to_end;
	if (length > CHUNK_BYTES)
		length = CHUNK_BYTES;
	memcpy(drain->chunk, ring->bytes + offset, length);
	while (at < length) {
		const struct record_head *record = (void *)((char *)drain->chunk + at);
		int64_t size = record_size(record, length - at, to_end - at, err);

		if (size <= 0) {
			rc = (int)size;
			break;
		}
		rc = take(drain, record, err);
		if (rc < 0)
			break;
		count++;
		at += (uint32_t)size;
	}
	drain->tail += at;
	__atomic_store_n(&ring->tail, drain->tail, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ring->waiting, __ATOMIC_SEQ_CST)) {
		__atomic_add_fetch(&ring->space, 1, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, &ring->space, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
	}
	return rc < 0 ? rc : count;
}

/* Until it has the outlet, which others hold for moments only; who died in it does not count. */
static void lock_outlet(struct region_outlet *outlet)
{
	uint32_t owner = 0;

	while (!__atomic_compare_exchange_n(&outlet->lock, &owner, (uint32_t)getpid(), false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		if (owner <= INT32_MAX && kill((pid_t)owner, 0) && errno == ESRCH)
			__atomic_compare_exchange_n(&outlet->lock, &owner, 0, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		else
			sched_yield();
		owner = 0;
	}
}

int drain_outlet(struct drain *drain, struct err *err)
{
	struct region_outlet *outlet = &drain->region->outlet;
	uint32_t length, at = 0;
	uint8_t *bytes;
	int rc = 0, count = 0;

	if (drain->failed || !__atomic_load_n(&outlet->head, __ATOMIC_SEQ_CST))
		return 0;
	lock_outlet(outlet);
	length = outlet->head < REGION_OUTLET_BYTES ? outlet->head : REGION_OUTLET_BYTES;
	bytes = alloc_check(malloc(length + 8));
	memcpy(bytes, outlet->bytes, length);
	outlet->head = outlet->full = 0;
	__atomic_store_n(&outlet->lock, 0, __ATOMIC_SEQ_CST);
	while (rc >= 0 && at < length) {
		const struct record_head *record = (const void *)(bytes + at);
		int64_t size = record_size(record, length - at, length - at, &drain->error);

		if (size == 0 || record->type != RECORD_ANSWER)
			size = err_set(&drain->error, DRAIN_ERR_CORRUPT,
				       "the program damaged the recording of its children");
		rc = size < 0 ? (int)size : take(drain, record, &drain->error);
		at += size > 0 ? (uint32_t)size : 0;
		count++;
	}
	free(bytes);
	if (rc >= 0)
		return count;
	drain->failed = rc;
	if (err)
		*err = drain->error;
	return rc;
}

int drain_step(struct drain *drain, struct err *err)
{
	uint64_t head = __atomic_load_n(&drain->region->ring[0].head, __ATOMIC_ACQUIRE);
	uint64_t start = drain->tail;
	int total = 0, rc = 0;

	if (drain->failed)
		goto failed;
	if (head - drain->tail > REGION_RING_BYTES || head % 8) {
		rc = err_set(&drain->error, DRAIN_ERR_CORRUPT,
			     "the program damaged the recording: its end is at %llu, ours at %llu",
			     (unsigned long long)head, (unsigned long long)drain->tail);
	}
	while (rc >= 0 && drain->tail < head && drain->tail - start < STEP_BYTES) {
		rc = drain_chunk(drain, head, &drain->error);
		total += rc > 0 ? rc : 0;
		if (rc == 0)
			break;
	}
	if (rc >= 0 && !total && __atomic_load_n(&drain->region->outlet.full, __ATOMIC_SEQ_CST))
		return drain_outlet(drain, err);
	if (rc >= 0)
		return total;
	drain->failed = rc;
failed:
	if (err)
		*err = drain->error;
	return drain->failed;
}

/* Worth waking up for: the target rings the doorbell at each eighth of the ring, too. */
static bool has_news(const struct drain *drain)
{
	const struct region *region = drain->region;

	return __atomic_load_n(&region->mailbox.state, __ATOMIC_SEQ_CST) == 1 ||
	       __atomic_load_n(&region->ring[0].head, __ATOMIC_SEQ_CST) - drain->tail >=
		       REGION_RING_BYTES / 8;
}

bool drain_wait(struct drain *drain, int timeout_ms)
{
	struct region_header *header = &drain->region->header;
	struct timespec timeout = { 0 };
	uint32_t seen = drain->doorbell;

	if (timeout_ms > WAIT_MS_MAX || timeout_ms < 0)
		timeout_ms = WAIT_MS_MAX;
	timeout.tv_nsec = (long)timeout_ms * 1000000;
	__atomic_store_n(&header->cli_asleep, 1, __ATOMIC_SEQ_CST);
	if (!has_news(drain))
		syscall(SYS_futex, &header->doorbell, FUTEX_WAIT, seen, &timeout, NULL, 0);
	__atomic_store_n(&header->cli_asleep, 0, __ATOMIC_SEQ_CST);
	drain->doorbell = __atomic_load_n(&header->doorbell, __ATOMIC_SEQ_CST);
	return has_news(drain) || drain->doorbell != seen;
}
