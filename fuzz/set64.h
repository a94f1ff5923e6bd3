/*
 * A set of 64-bit hashes, and a counter for each: open addressing, grows. 0 is no member.
 */
#ifndef FUZZ_SET64_H
#define FUZZ_SET64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct set64 {
	struct set64_entry {
		uint64_t key, value;
	} * entries;
	size_t size, count;
};

/* The value of `key`, made with 0 if it is new. Valid until the next call. */
uint64_t *set64_at(struct set64 *set, uint64_t key);
/* The value, 0 when there is none. */
uint64_t set64_get(const struct set64 *set, uint64_t key);
bool set64_has(const struct set64 *set, uint64_t key);
/* True when it is new. */
bool set64_add(struct set64 *set, uint64_t key);
void set64_fini(struct set64 *set);

#endif
