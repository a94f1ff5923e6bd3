/*
 * Interning of call stacks. Two levels: remembered walks, looked up by (pc, distance to
 * the end of the stack) and verified word for word; and behind them the table of all stacks
 * by content, which alone gives out ids. No knowledge of frames is here, see unwind.c.
 *
 * Why a remembered walk cannot be believed falsely: unwind_walk() is a function of (pc, rsp
 * relative to the end of the stack) and of the words that it loads, and the trace lists all
 * of them: each return address with its place, each frame pointer that decided where the
 * next place is. By induction over the frames: if the frames up to i are as remembered, the
 * rule of frame i is the same (it depends on its pc and the loaded modules), so it looks
 * for its return address in the remembered place, and finds the remembered value; hence
 * frame i + 1 is as remembered. Old return addresses left in dead slots are never consulted
 * by a rule, so they are never in a trace; a slot that has become dead is not reached
 * without a rule or link above it having changed. How the walk ended needs no word of its
 * own: the last pc, its rule, and the distance to the end of the stack decide it.
 */
#include "preload/context.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "preload/context_table.h"
#include "preload/modules.h"
#include "preload/populate.h"

enum {
	MIN_CAPACITY = 64,
	LINE = CONTEXT_LINE,
	/*
	 * Both tables begin small, so that what belongs together is in few pages: the fork of a
	 * run copies each page that it touches.
	 */
	FIRST_SETS = 4,
	FIRST_INDEX = CONTEXT_FIRST_INDEX,
	GROWTH = 8,
};

static size_t line_up(size_t size)
{
	return (size + LINE - 1) & ~(size_t)(LINE - 1);
}

static uint32_t n_sets(uint32_t capacity)
{
	return capacity / (4 * CONTEXT_WAYS);
}

size_t context_arena_size(uint32_t capacity)
{
	uint32_t n = MIN_CAPACITY;

	while (n < capacity && n < UINT32_C(1) << 30)
		n *= 2;
	return line_up(sizeof(struct context_table)) + line_up(unwind_cache_size()) +
	       n_sets(n) * CONTEXT_WAYS * sizeof(struct context_walk) +
	       line_up(n * sizeof(struct context)) + 2 * n * sizeof(uint32_t);
}

int context_init(struct context_table **out, void *arena, size_t size)
{
	struct context_table *ct = arena;
	uint32_t n = MIN_CAPACITY;
	char *p = arena;

	if ((uintptr_t)arena % LINE)
		return -EINVAL;
	if (size < context_arena_size(n))
		return -ENOSPC;
	while (n < UINT32_C(1) << 30 && context_arena_size(2 * n) <= size)
		n *= 2;
	ct->capacity = n;
	ct->set_mask = (n_sets(n) < FIRST_SETS ? n_sets(n) : FIRST_SETS) - 1;
	ct->index_mask = FIRST_INDEX - 1; /* no more than twice MIN_CAPACITY */
	ct->epoch = modules_epoch();
	p += line_up(sizeof(*ct));
	ct->cache = (struct unwind_cache *)p;
	p += line_up(unwind_cache_size());
	ct->variants = (struct context_walk *)p;
	p += n_sets(n) * CONTEXT_WAYS * sizeof(struct context_walk);
	ct->contexts = (struct context *)p;
	p += line_up(n * sizeof(struct context));
	ct->all_index = (uint32_t *)p;
	ct->index = ct->first_index;
	*out = ct;
	return 0;
}

static uint32_t hash_pcs(const uint64_t *pcs, uint32_t n)
{
	uint64_t h = n;

	for (uint32_t i = 0; i < n; i++) {
		h = (h ^ pcs[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return (uint32_t)h;
}

/* Where the index has this stack, or the free place for it. Half of the index is always free. */
static uint32_t *find_slot(struct context_table *ct, const uint64_t *pcs, uint32_t n)
{
	uint32_t mask = ct->index_mask;

	for (uint32_t i = hash_pcs(pcs, n) & mask;; i = (i + 1) & mask) {
		const struct context *c;

		if (ct->index[i] == 0)
			return &ct->index[i];
		c = &ct->contexts[ct->index[i] - 1];
		if (c->n == n && memcmp(c->pcs, pcs, n * sizeof(*pcs)) == 0)
			return &ct->index[i];
	}
}

static void fill_index(struct context_table *ct)
{
	memset(ct->index, 0, (ct->index_mask + 1) * sizeof(*ct->index));
	for (uint32_t id = 1; id <= ct->count; id++) {
		const struct context *c = &ct->contexts[id - 1];

		if (!c->gone)
			*find_slot(ct, c->pcs, c->n) = id;
	}
}

/* `mask` times GROWTH, as far as `limit` (a power of two) allows. */
static uint32_t grown(uint32_t mask, uint32_t limit)
{
	uint64_t size = (uint64_t)(mask + 1) * GROWTH;

	return (uint32_t)(size < limit ? size : limit) - 1;
}

static uint32_t intern(struct context_table *ct, const uint64_t *pcs, uint32_t n,
		       enum unwind_end end)
{
	/* The last sixteenth is kept for the one-frame contexts of an overflow. */
	uint32_t limit = n == 1 ? ct->capacity : ct->capacity - ct->capacity / 16;
	uint32_t *slot = find_slot(ct, pcs, n);
	struct context *c;

	if (*slot || ct->count >= limit)
		return *slot;
	c = &ct->contexts[ct->count];
	memcpy(c->pcs, pcs, n * sizeof(*pcs));
	c->n = (uint8_t)n;
	c->end = (uint8_t)end;
	c->n_modules = modules_count();
	*slot = ++ct->count;
	if (2 * (ct->count + 1) > ct->index_mask && ct->index_mask + 1 < 2 * ct->capacity) {
		ct->index_mask = grown(ct->index_mask, 2 * ct->capacity);
		ct->index = ct->all_index;
		fill_index(ct);
	}
	return ct->count;
}

/* Do the addresses of this context still mean what they meant? */
static bool is_current(const struct context *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct module *m;

		if (c->pcs[i] >> 63)
			continue;
		m = modules_find(c->pcs[i] - 1);
		if (!m || m->number >= c->n_modules)
			return false;
	}
	return true;
}

/*
 * A module has gone: stacks through it must get new ids when something else is
 * loaded there, so they leave the index. (The caches notice by their stamps.)
 */
static void forget_unloaded(struct context_table *ct)
{
	ct->epoch = modules_epoch();
	for (uint32_t id = 1; id <= ct->count; id++) {
		struct context *c = &ct->contexts[id - 1];

		c->gone = c->gone || !is_current(c);
	}
	fill_index(ct);
}

static inline struct context_walk *context_set(struct context_table *ct, uint64_t pc,
					       uint64_t depth)
{
	uint64_t hash = (pc ^ depth << 20) * UINT64_C(0x9e3779b97f4a7c15);

	return &ct->variants[(hash >> 32 & ct->set_mask) * CONTEXT_WAYS];
}

/*
 * Where a walk is to be remembered. When the sets are half full there are more of them; what was
 * remembered is then mostly not met any more, and walked once again.
 */
static struct context_walk *new_variant(struct context_table *ct, uint64_t pc, uint64_t depth,
					uint32_t stamp)
{
	struct context_walk *set;

	if (++ct->remembered > (ct->set_mask + 1) * CONTEXT_WAYS / 2 &&
	    ct->set_mask + 1 < n_sets(ct->capacity)) {
		ct->set_mask = grown(ct->set_mask, n_sets(ct->capacity));
		ct->remembered = 0;
		populate(ct->variants,
			 (ct->set_mask + 1ul) * CONTEXT_WAYS * sizeof(struct context_walk));
	}
	set = context_set(ct, pc, depth);
	for (int i = 0; i < CONTEXT_WAYS; i++)
		if (set[i].stamp != stamp)
			return &set[i];
	return &set[ct->next_way++ % CONTEXT_WAYS];
}

static __attribute__((noinline)) uint32_t walk(struct context_table *ct,
					       const struct unwind_start *start, uint64_t depth)
{
	struct unwind_trace trace;
	struct context_walk *v;
	uint32_t stamp, id;

	ct->stats.walked++;
	unwind_walk(ct->cache, start, &trace);
	if (trace.guessed && modules_rescan() == 1)
		unwind_walk(ct->cache, start, &trace);
	if (ct->epoch != modules_epoch())
		forget_unloaded(ct);

	id = intern(ct, trace.pcs, trace.n, trace.end);
	if (id == 0) {
		ct->stats.overflow++;
		id = intern(ct, trace.pcs, 1, trace.end);
		if (id == 0)
			ct->stats.lost++;
		return id;
	}
	if (!trace.memo)
		return id;
	stamp = modules_epoch() + 1;
	v = new_variant(ct, trace.pcs[0], depth, stamp);
	v->depth = depth;
	v->stamp = stamp;
	v->id = id;
	v->n_modules = trace.guessed ? modules_count() : 0;
	v->trace = trace;
	return id;
}

uint32_t context_capture(struct context_table *ct, const struct unwind_start *start)
{
	uint64_t pc = start->pc + start->exact, depth = context_depth(start);
	const struct context_walk *set = context_set(ct, pc, depth);

	for (int i = 0; i < CONTEXT_WAYS; i++)
		if ((!set[i].n_modules || set[i].n_modules == modules_count()) &&
		    context_is(&set[i], start, pc, depth)) {
			*context_last(ct, pc) = &set[i];
			ct->stats.fast++;
			return set[i].id;
		}
	return walk(ct, start, depth);
}

uint32_t context_intern(struct context_table *ct, const uint64_t *pcs, uint32_t n)
{
	uint32_t id;

	if (ct->epoch != modules_epoch())
		forget_unloaded(ct);
	id = intern(ct, pcs, n, UNWIND_OUTERMOST);
	if (id == 0) {
		ct->stats.overflow++;
		id = intern(ct, pcs, 1, UNWIND_OUTERMOST);
		ct->stats.lost += id == 0;
	}
	return id;
}

const uint64_t *context_frames(const struct context_table *ct, uint32_t id, uint32_t *n)
{
	if (id == 0 || id > ct->count)
		return NULL;
	*n = ct->contexts[id - 1].n;
	return ct->contexts[id - 1].pcs;
}

bool context_frame_of(struct context_table *ct, const struct unwind_start *start, uint64_t address,
		      struct context_frame *frame)
{
	struct unwind_trace trace;
	uint32_t i;

	if (address < start->sp)
		return false;
	unwind_walk(ct->cache, start, &trace);
	for (i = 0; i + 1 < trace.n && i < trace.n_words; i++) {
		uint64_t cfa = start->sp + trace.word[i] + sizeof(uint64_t);

		if (address >= cfa)
			continue;
		*frame = (struct context_frame){ .pc = trace.pcs[i],
						 .caller = trace.pcs[i + 1],
						 .cfa = cfa };
		return true;
	}
	return false;
}

uint32_t context_learn(struct context_table *ct, uint32_t done)
{
	return unwind_learn(ct->cache, done);
}

enum unwind_end context_end(const struct context_table *ct, uint32_t id)
{
	return (enum unwind_end)ct->contexts[id - 1].end;
}

uint32_t context_count(const struct context_table *ct)
{
	return ct->count;
}

void context_stats(const struct context_table *ct, struct context_stats *out)
{
	*out = ct->stats;
}
