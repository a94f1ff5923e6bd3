/*
 * Scoping a system call filter to ranges of addresses. Freestanding, pure: unit-tested without a
 * target.
 */
#ifndef PRELOAD_TRAP_FILTER_H
#define PRELOAD_TRAP_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

struct trap_range {
	uint64_t start, end; /* end exclusive; must not cross a multiple of 4 GB */
	bool locks_only;     /* trap futex(2) and rt_sigprocmask(2), whatever the program says */
};

/*
 * Puts in front of `program`: "ALLOW unless the instruction pointer is in one of the ranges", which
 * libseccomp cannot say. First, so that our own calls (hand-overs above all) pay five instructions
 * and not the whole program. Returns the number of instructions in `out`, or 0 when `room` does not
 * suffice or there is no range.
 */
uint32_t trap_filter_scope(const struct sock_filter *program, uint32_t count,
			   const struct trap_range *ranges, uint32_t range_count,
			   struct sock_filter *out, uint32_t room);

#endif
