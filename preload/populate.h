/*
 * Pages that will all be used soon, made present by one call: page by page each would be faulted in
 * twice, by a first look and by a first write. MADV_POPULATE_WRITE of madvise(2); kernels before
 * 5.14 refuse it, and nothing is lost.
 */
#ifndef PRELOAD_POPULATE_H
#define PRELOAD_POPULATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "preload/raw.h"

#define POPULATE_PAGE 4096ul

static inline void populate(void *start, size_t bytes)
{
	uintptr_t first = (uintptr_t)start & ~(POPULATE_PAGE - 1);

	raw(SYS_madvise, first, (uintptr_t)start + bytes - first, MADV_POPULATE_WRITE);
}

#endif
