/*
 * The table of strategies, and what they share: bit sets and random numbers.
 */
#include "preload/strategy.h"

#include <stddef.h>

const struct strategy *const strategy_table[STRATEGY_COUNT] = {
#define STRATEGY(symbol, name) [STRATEGY_##symbol] = &strategy_##name,
#include "formats/strategy.def"
};

#define NEVER 0xffffffffu

/* Where 0 stands for the default. */
static void fill_in_defaults(struct strategy_state *state, uint32_t id)
{
#define PARAMETER(symbol, index, name, otherwise)                     \
	if (id == STRATEGY_##symbol && state->parameters[index] == 0) \
		state->parameters[index] = otherwise;
#define PARAMETER_OR_0(symbol, index, name, otherwise)
#include "formats/strategy.def"
}

int strategy_init(struct strategy_state *state, const struct plan_strategy *plan,
		  const struct plan_profile *profile)
{
	uint32_t i;

	if (plan->id >= STRATEGY_COUNT)
		return -22;
	__builtin_memset(state, 0, offsetof(struct strategy_state, row));
	state->strategy = strategy_table[plan->id];
	state->random = plan->seed;
	state->slice = plan->slice;
	for (i = 0; i < 6; i++)
		state->parameters[i] = plan->parameters[i];
	fill_in_defaults(state, plan->id);
	state->strategy->init(state, plan, profile);
	return 0;
}

uint32_t strategy_next(const struct strategy_pick *pick, uint32_t slot)
{
	uint32_t start = slot == STRATEGY_NOBODY ? 0 : slot + 1;
	uint32_t word = start / 64, i;
	uint64_t bits;

	if (word >= pick->words) {
		word = 0;
		start = 0;
	}
	bits = pick->runnable[word] & (~0ull << (start % 64));
	for (i = 0; i <= pick->words; i++) {
		if (bits)
			return word * 64 + (uint32_t)__builtin_ctzll(bits);
		word = word + 1 < pick->words ? word + 1 : 0;
		bits = pick->runnable[word];
	}
	return STRATEGY_NOBODY;
}

uint32_t strategy_nth(const struct strategy_pick *pick, uint32_t n)
{
	uint32_t word;

	for (word = 0; word < pick->words; word++) {
		uint64_t bits = pick->runnable[word];
		uint32_t here = (uint32_t)__builtin_popcountll(bits);

		if (n < here) {
			while (n--)
				bits &= bits - 1;
			return word * 64 + (uint32_t)__builtin_ctzll(bits);
		}
		n -= here;
	}
	return STRATEGY_NOBODY;
}

uint32_t strategy_from(const struct strategy_pick *pick, uint32_t slot)
{
	uint32_t word = slot / 64;
	uint64_t bits;

	if (word >= pick->words)
		return STRATEGY_NOBODY;
	bits = pick->runnable[word] & (~0ull << (slot % 64));
	while (!bits) {
		if (++word == pick->words)
			return STRATEGY_NOBODY;
		bits = pick->runnable[word];
	}
	return word * 64 + (uint32_t)__builtin_ctzll(bits);
}

void strategy_draw_steps(struct strategy_state *state, uint64_t draws, uint64_t steps)
{
	state->steps_left = steps;
	state->draws_left = draws < steps ? draws : steps;
}

bool strategy_drawn(struct strategy_state *state)
{
	bool drawn;

	if (!state->draws_left)
		return false;
	drawn = strategy_below_wide(state, state->steps_left--) < state->draws_left;
	state->draws_left -= drawn;
	return drawn;
}

uint32_t strategy_choose_rarely(struct strategy_state *state, uint64_t rarity,
				enum decision_kind kind, uint32_t count)
{
	if (kind == DECISION_SIGNAL)
		return strategy_below(state, count);
	if (kind == DECISION_TRYLOCK || rarity == NEVER)
		return 0;
	if (strategy_below(state, (uint32_t)rarity) != 0)
		return 0;
	return count > 2 ? 1 + strategy_below(state, count - 1) : count - 1;
}

/* Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. */
uint64_t strategy_draw(struct strategy_state *state)
{
	uint64_t z = (state->random += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

uint32_t strategy_below(struct strategy_state *state, uint32_t n)
{
	uint64_t product = (strategy_draw(state) >> 32) * n;

	if ((uint32_t)product < n) {
		uint32_t threshold = -n % n;

		while ((uint32_t)product < threshold)
			product = (strategy_draw(state) >> 32) * n;
	}
	return (uint32_t)(product >> 32);
}

uint64_t strategy_below_wide(struct strategy_state *state, uint64_t n)
{
	return (uint64_t)((unsigned __int128)strategy_draw(state) * n >> 64);
}
