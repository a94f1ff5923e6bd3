/*
 * See loose.h.
 */
#include "preload/loose.h"

#include <stddef.h>

static const struct plan_prefix *loose;
static uint8_t loose_used[PLAN_LOOSE_MAX / 8]; /* a bit for each that was taken */

void loose_read(void)
{
	uint32_t length;

	loose = decide_section(PLAN_LOOSE, &length);
	if (loose && (length < sizeof *loose || loose->count > PLAN_LOOSE_MAX ||
		      (length - sizeof *loose) / sizeof *loose->decisions < loose->count))
		loose = NULL;
	__builtin_memset(loose_used, 0, loose ? (loose->count + 7) / 8 : 0);
}

static bool point_before(const struct plan_decision *a, uint32_t lane, uint64_t k)
{
	return a->lane != lane ? a->lane < lane : a->k < k;
}

bool loose_forced(const struct lane *me, enum decision_kind kind, int64_t *choice)
{
	uint32_t low = 0, high, middle;

	if (__builtin_expect(!loose, 1))
		return false;
	high = loose->count;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (point_before(&loose->decisions[middle], me->number, me->k))
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < loose->count; low++) {
		const struct plan_decision *entry = &loose->decisions[low];

		if (entry->lane != me->number || entry->k != me->k)
			return false;
		if (entry->kind != kind || (loose_used[low / 8] >> (low % 8) & 1))
			continue;
		loose_used[low / 8] |= (uint8_t)(1u << (low % 8));
		*choice = entry->choice;
		return true;
	}
	return false;
}

void loose_put_off(struct lane *me)
{
	int64_t choice;

	if (loose_forced(me, DECISION_PICK, &choice))
		me->put_off = (uint32_t)choice;
}

struct lane *loose_lane(struct lane *me, enum decision_kind kind)
{
	struct lane *lane;
	int64_t choice;

	if (!loose_forced(me, kind, &choice)) {
		if (kind != DECISION_PICK || !me->put_off)
			return NULL;
		choice = me->put_off;
	}
	if (kind == DECISION_PICK)
		me->put_off = 0;
	lane = lane_by_number((uint32_t)choice);
	return lane && lane->state == LANE_RUNNABLE ? lane : NULL;
}
