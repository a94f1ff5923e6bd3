/*
 * A small ring of events for each thread.
 */
#include "replayer/tail.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "recorder/alloc.h"
#include "recorder/text.h"

enum { TEXT = 48 };

struct kept {
	uint64_t number;
	struct trace_event event; /* its strings belong to the reader, but for this one */
	char text[TEXT];          /* cut */
};

struct lane {
	uint32_t number;
	uint64_t added;
	UT_hash_handle hh;
	struct kept kept[];
};

struct tail {
	unsigned keep;
	struct lane *lanes;
};

struct tail *tail_new(unsigned keep)
{
	struct tail *tail = alloc_check(calloc(1, sizeof(*tail)));

	tail->keep = keep ? keep : 1;
	return tail;
}

void tail_free(struct tail *tail)
{
	struct lane *lane, *next;

	if (!tail)
		return;
	HASH_ITER (hh, tail->lanes, lane, next) {
		HASH_DEL(tail->lanes, lane);
		free(lane);
	}
	free(tail);
}

void tail_add(struct tail *tail, const struct trace_event *event, uint64_t number)
{
	struct lane *lane;
	struct kept *kept;
	size_t length;

	HASH_FIND(hh, tail->lanes, &event->lane, sizeof(event->lane), lane);
	if (!lane) {
		if (HASH_COUNT(tail->lanes) >= TAIL_LANES)
			return;
		lane = alloc_check(calloc(1, sizeof(*lane) + tail->keep * sizeof(*lane->kept)));
		lane->number = event->lane;
		HASH_ADD(hh, tail->lanes, number, sizeof(lane->number), lane);
	}
	kept = &lane->kept[lane->added++ % tail->keep];
	kept->number = number;
	kept->event = *event;
	kept->event.text = NULL;
	kept->event.name = NULL;
	if (event->text) {
		length = event->text_len;
		if (length > sizeof(kept->text)) {
			length = sizeof(kept->text);
			while (length && ((unsigned char)event->text[length] & 0xc0) == 0x80)
				length--;
		}
		memcpy(kept->text, event->text, length);
		kept->event.text = kept->text;
		kept->event.text_len = length;
	}
}

static uint64_t latest(const struct tail *tail, const struct lane *lane)
{
	return lane->kept[(lane->added - 1) % tail->keep].number;
}

static int by_latest(const void *a, const void *b, void *tail)
{
	uint64_t x = latest(tail, *(struct lane *const *)a);
	uint64_t y = latest(tail, *(struct lane *const *)b);

	return x < y ? 1 : x > y ? -1 : 0;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = (*(struct lane *const *)a)->number, y = (*(struct lane *const *)b)->number;

	return x < y ? -1 : x > y;
}

static void print_lane(const struct tail *tail, const struct lane *lane,
		       const struct naming *naming, FILE *out)
{
	uint64_t i = lane->added > tail->keep ? lane->added - tail->keep : 0;
	char space[1024];
	struct text text;

	text_init(&text, space, sizeof(space));
	naming_lane(naming, &text, lane->number);
	fprintf(out, "  %s\n", text.data);
	for (; i < lane->added; i++) {
		const struct kept *kept = &lane->kept[i % tail->keep];

		text_reset(&text);
		naming_step(naming, &text, &kept->event);
		if (kept->event.context)
			text_add(&text, "  ");
		naming_place(naming, &text, kept->event.context);
		fprintf(out, "    %8" PRIu64 "  %s\n", kept->number + 1, text.data);
	}
}

void tail_print(const struct tail *tail, const struct naming *naming, FILE *out)
{
	size_t count = HASH_COUNT(tail->lanes), shown = count, i = 0;
	struct lane **order, *lane, *next;

	if (!count)
		return;
	order = alloc_check(malloc(count * sizeof(*order)));
	HASH_ITER (hh, tail->lanes, lane, next)
		order[i++] = lane;
	if (count > TAIL_SHOWN) {
		qsort_r(order, count, sizeof(*order), by_latest, (void *)tail);
		shown = TAIL_SHOWN;
	}
	qsort(order, shown, sizeof(*order), by_number);
	for (i = 0; i < shown; i++)
		print_lane(tail, order[i], naming, out);
	if (shown < count)
		fprintf(out, "  (%zu more threads)\n", count - shown);
	free(order);
}
