/*
 * The data races of a search, each pair of places once.
 */
#ifndef FUZZ_RACES_H
#define FUZZ_RACES_H

#include <stdbool.h>
#include <stddef.h>

#include "fuzz/run_log.h"
#include "recorder/race_text.h"

struct races;

/* `suppressions` may be NULL, and must outlive it. */
struct races *races_new(const struct suppressions *suppressions);
void races_free(struct races *races);

/*
 * Those of a run. The first line of one that is not suppressed, new or not; NULL: it has had none.
 */
const char *races_add(struct races *races, const struct run_log *log);

/* What was seen that is not suppressed, as race_text() tells it. */
size_t races_count(const struct races *races);
const char *races_text(const struct races *races, size_t i);

#endif
