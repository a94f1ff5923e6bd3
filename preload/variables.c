/*
 * The table of variables, see variables.h: two open-addressed indexes over one pool, by address for
 * the first variable of an object, and by address and name for all. Linear probing with backward
 * shift deletion, as in object.c. The indexes begin small: a fork of a run has few pages to copy.
 */
#include "preload/variables.h"

#include <stddef.h>

#include "formats/hash.h"
#include "preload/sched.h"

#define CAPACITY (1u << 18)
#define SLOTS (2 * CAPACITY)
#define FIRST_SLOTS 128u
#define GROWTH 8

struct index {
	uint32_t *slots; /* into `pool`, + 1 */
	uint32_t *all;   /* where they are when there are more than FIRST_SLOTS */
	uint32_t mask, count;
};

uint32_t variables_ended;

static struct variable pool[CAPACITY];
static uint32_t used, free_list; /* free ones are chained through `next`, index + 1 */
static uint32_t first_slots[2][FIRST_SLOTS] SMALL;
static uint32_t all_slots[2][SLOTS];
static struct index by_address SMALL = { .slots = first_slots[0],
					 .all = all_slots[0],
					 .mask = FIRST_SLOTS - 1 };
static struct index by_name SMALL = { .slots = first_slots[1],
				      .all = all_slots[1],
				      .mask = FIRST_SLOTS - 1 };

static uint32_t hash(uint64_t address, uint64_t name)
{
	return (uint32_t)(((address ^ name) * 0x9e3779b97f4a7c15ull) >> 40);
}

static uint32_t hash_in(const struct index *index, uint32_t at)
{
	return hash(pool[at].address, index == &by_name ? pool[at].name : 0) & index->mask;
}

static void insert(struct index *index, uint32_t at);

static void grow(struct index *index)
{
	uint32_t old = index->mask + 1, i, n = 0;
	static uint32_t kept[CAPACITY]; /* one user at a time */

	for (i = 0; i < old; i++)
		if (index->slots[i])
			kept[n++] = index->slots[i] - 1;
	if (index->slots != index->all)
		index->slots = index->all;
	else
		__builtin_memset(index->slots, 0, old * sizeof *index->slots);
	index->mask = old * GROWTH < SLOTS ? old * GROWTH - 1 : SLOTS - 1;
	index->count = 0;
	for (i = 0; i < n; i++)
		insert(index, kept[i]);
}

static void insert(struct index *index, uint32_t at)
{
	uint32_t slot;

	if (2 * (index->count + 1) > index->mask && index->mask < SLOTS - 1)
		grow(index);
	for (slot = hash_in(index, at); index->slots[slot]; slot = (slot + 1) & index->mask)
		;
	index->slots[slot] = at + 1;
	index->count++;
}

static void take_out(struct index *index, uint32_t at)
{
	uint32_t hole = hash_in(index, at), slot, home;

	while (index->slots[hole] != at + 1)
		hole = (hole + 1) & index->mask;
	for (slot = (hole + 1) & index->mask; index->slots[slot]; slot = (slot + 1) & index->mask) {
		home = hash_in(index, index->slots[slot] - 1);
		if (((slot - home) & index->mask) >= ((slot - hole) & index->mask)) {
			index->slots[hole] = index->slots[slot];
			hole = slot;
		}
	}
	index->slots[hole] = 0;
	index->count--;
}

struct variable *variables_first(uint64_t address)
{
	uint32_t slot = hash(address, 0) & by_address.mask;

	for (; by_address.slots[slot]; slot = (slot + 1) & by_address.mask)
		if (pool[by_address.slots[slot] - 1].address == address)
			return &pool[by_address.slots[slot] - 1];
	return NULL;
}

struct variable *variables_next(const struct variable *variable)
{
	return variable->next ? &pool[variable->next - 1] : NULL;
}

struct variable *variable_find(uint64_t address, uint64_t name)
{
	uint32_t slot = hash(address, name) & by_name.mask, at;
	struct variable *variable, *first;

	for (; by_name.slots[slot]; slot = (slot + 1) & by_name.mask) {
		variable = &pool[by_name.slots[slot] - 1];
		if (variable->address == address && variable->name == name)
			return variable;
	}
	if (free_list) {
		at = free_list - 1;
		free_list = pool[at].next;
	} else if (used < CAPACITY) {
		at = used++;
	} else {
		return NULL;
	}
	variable = &pool[at];
	__builtin_memset(variable, 0, sizeof *variable);
	variable->address = address;
	variable->name = name;
	first = variables_first(address);
	if (first) {
		variable->next = first->next;
		first->next = at + 1;
	} else {
		insert(&by_address, at);
	}
	insert(&by_name, at);
	return variable;
}

void variables_forget(uint64_t address)
{
	struct variable *variable = by_address.count ? variables_first(address) : NULL;
	uint32_t at, next;

	if (!variable)
		return;
	variables_ended++;
	take_out(&by_address, (uint32_t)(variable - pool));
	for (at = (uint32_t)(variable - pool) + 1; at; at = next) {
		variable = &pool[at - 1];
		next = variable->next;
		take_out(&by_name, at - 1);
		if (variable->object)
			object_end(variable->object);
		variable->next = free_list;
		free_list = at;
	}
}

void variables_forget_range(uint64_t start, uint64_t size)
{
	uint32_t slot;

	for (slot = 0; slot <= by_address.mask; slot++)
		while (by_address.slots[slot] &&
		       pool[by_address.slots[slot] - 1].address - start < size)
			variables_forget(pool[by_address.slots[slot] - 1].address);
}
