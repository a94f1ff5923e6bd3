/*
 * Follows waits and signals in one pass.
 */
#include "replayer/wakeups.h"

#include <stdlib.h>

#include "recorder/alloc.h"

/* Indexes of waits that have not come back. */
struct pending {
	size_t *items;
	size_t count;
};

bool wakeups_is_signal(const struct history_event *event)
{
	return event->phase == PHASE_DONE &&
	       (event->kind == EVENT_COND_SIGNAL || event->kind == EVENT_COND_BROADCAST);
}

static void begin_wait(struct wakeups *wakeups, struct pending *pending, size_t at)
{
	const struct history_event *event = &wakeups->history->events[at];

	wakeups->items = alloc_grow(wakeups->items, wakeups->count, sizeof(*wakeups->items));
	wakeups->items[wakeups->count] = (struct wakeup){
		.wait = at,
		.signal = HISTORY_NONE,
		.back = HISTORY_NONE,
		.lane = event->lane,
		.object = event->object,
		.mutex = event->object2,
		.waiter = event->waiter,
	};
	pending->items = alloc_grow(pending->items, pending->count, sizeof(*pending->items));
	pending->items[pending->count++] = wakeups->count++;
}

static void end_wait(struct wakeups *wakeups, struct pending *pending, size_t at)
{
	uint32_t lane = wakeups->history->events[at].lane;
	size_t i;

	for (i = 0; i < pending->count; i++)
		if (wakeups->items[pending->items[i]].lane == lane)
			break;
	if (i == pending->count)
		return;
	wakeups->items[pending->items[i]].back = at;
	pending->count--;
	for (; i < pending->count; i++)
		pending->items[i] = pending->items[i + 1];
}

static void wake(struct wakeups *wakeups, struct pending *pending, size_t at)
{
	const struct history_event *event = &wakeups->history->events[at];
	const struct history_choice *choice;
	struct wakeup *woken = NULL;
	size_t i;

	if (event->kind == EVENT_COND_SIGNAL && !event->value)
		return;
	choice = history_choice_at(wakeups->history, at, DECISION_SIGNAL);
	for (i = 0; i < pending->count; i++) {
		struct wakeup *item = &wakeups->items[pending->items[i]];

		if (item->object != event->object || item->signal != HISTORY_NONE)
			continue;
		if (event->kind == EVENT_COND_BROADCAST)
			item->signal = at;
		else if (event->waiter && event->waiter != item->waiter)
			continue;
		else if (!woken || (choice && choice->to == item->lane))
			woken = item;
	}
	if (woken)
		woken->signal = at;
}

struct wakeups *wakeups_new(const struct history *history)
{
	struct wakeups *wakeups = alloc_check(calloc(1, sizeof(*wakeups)));
	struct pending pending = { 0 };
	size_t i;

	wakeups->history = history;
	for (i = 0; i < history->events_n; i++) {
		const struct history_event *event = &history->events[i];

		if (event->phase != PHASE_DONE)
			continue;
		if (event->kind == EVENT_COND_WAIT || event->kind == EVENT_COND_TIMEDWAIT)
			begin_wait(wakeups, &pending, i);
		else if (event->kind == EVENT_COND_WOKEN)
			end_wait(wakeups, &pending, i);
		else if (wakeups_is_signal(event))
			wake(wakeups, &pending, i);
	}
	free(pending.items);
	return wakeups;
}

void wakeups_free(struct wakeups *wakeups)
{
	if (!wakeups)
		return;
	free(wakeups->items);
	free(wakeups);
}

const struct wakeup *wakeups_of(const struct wakeups *wakeups, size_t back)
{
	size_t i;

	for (i = wakeups->count; i-- > 0;)
		if (wakeups->items[i].back == back)
			return &wakeups->items[i];
	return NULL;
}

const struct wakeup *wakeups_waiting(const struct wakeups *wakeups, uint32_t lane)
{
	size_t i;

	for (i = wakeups->count; i-- > 0;)
		if (wakeups->items[i].lane == lane)
			return wakeups->items[i].back == HISTORY_NONE &&
					       wakeups->items[i].signal == HISTORY_NONE
				       ? &wakeups->items[i]
				       : NULL;
	return NULL;
}

const struct wakeup *wakeups_by(const struct wakeups *wakeups, size_t signal)
{
	size_t i;

	for (i = wakeups->count; i-- > 0;)
		if (wakeups->items[i].signal == signal)
			return &wakeups->items[i];
	return NULL;
}

size_t wakeups_signal(const struct wakeups *wakeups, uint32_t object, size_t before)
{
	while (before-- > 0)
		if (wakeups->history->events[before].object == object &&
		    wakeups_is_signal(&wakeups->history->events[before]))
			return before;
	return HISTORY_NONE;
}
