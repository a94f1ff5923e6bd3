/*
 * The map of a trace: its index, its outcome, and what is wrong with it as a whole. Taken from the
 * end of the file, or, when that is missing or does not fit, made by scanning all frames. Used by
 * trace_reader.c only.
 */
#ifndef FORMATS_TRACE_MAP_H
#define FORMATS_TRACE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "formats/err.h"
#include "formats/trace_index.h"

enum trace_map_state {
	TRACE_MAP_NONE,    /* nothing known yet */
	TRACE_MAP_ABSENT,  /* the file has no usable index */
	TRACE_MAP_FILE,    /* from the file */
	TRACE_MAP_SCANNED, /* from a scan */
};

struct trace_map {
	enum trace_map_state state;
	struct trace_index index;
	cJSON *outcome;    /* NULL: there is none */
	struct err damage; /* of the trace as a whole; code 0: complete */
};

void trace_map_init(struct trace_map *map);
void trace_map_fini(struct trace_map *map);

/*
 * Take the map from the end of the file of `size` bytes, unless that was done or tried before.
 * Cheap: one frame is decoded. 0, also when there is none; or -code with `err` set: ENOMEM, or what
 * pread(2) said.
 */
int trace_map_load(struct trace_map *map, int fd, uint64_t size, struct err *err);

/* The same, and scan the file when it has no usable index. Afterwards the map is there. */
int trace_map_need(struct trace_map *map, int fd, uint64_t size, struct err *err);

#endif
