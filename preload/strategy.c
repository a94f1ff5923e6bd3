/*
 * The table of strategies, and what they share: bit sets and random numbers.
 */
#include "preload/strategy.h"

const struct strategy *const strategy_table[STRATEGY_COUNT] = {
#define STRATEGY(symbol, name) [STRATEGY_##symbol] = &strategy_##name,
#include "formats/strategy.def"
};

#define NEVER 0xffffffffu
#define DEFAULT_RARITY 64

int strategy_init(struct strategy_state *state, const struct plan_strategy *plan,
		  const struct plan_profile *profile)
{
	uint32_t i;

	if (plan->id >= STRATEGY_COUNT)
		return -22;
	state->strategy = strategy_table[plan->id];
	state->random = plan->seed;
	state->slice = plan->slice;
	state->used = 0;
	for (i = 0; i < 6; i++)
		state->parameters[i] = plan->parameters[i];
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

uint32_t strategy_choose_rarely(struct strategy_state *state, uint64_t rarity,
				enum decision_kind kind, uint32_t count)
{
	if (kind == DECISION_SIGNAL)
		return strategy_below(state, count);
	if (kind == DECISION_TRYLOCK || rarity == NEVER)
		return 0;
	if (strategy_below(state, rarity ? (uint32_t)rarity : DEFAULT_RARITY) != 0)
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
