/*
 * What kind of memory an address is in, as the kernel knows it.
 */
#ifndef PRELOAD_MAPPING_H
#define PRELOAD_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Can other processes have this memory as well (MAP_SHARED)? Reads /proc/self/maps: tens of
 * microseconds, so ask once for an object. True also when that cannot be found out. Allocates
 * nothing, keeps errno.
 */
bool mapping_is_shared(uint64_t address);

#endif
