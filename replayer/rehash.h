/*
 * The two hashes of a run (formats/hash.h) computed again from its trace: shows that the trace
 * holds the run that was recorded. Independent of the runtime but for the definition.
 *
 *	rehash = rehash_new(names);
 *	while (trace_reader_next(r, &line, &err) > 0)
 *		rehash_add(rehash, &line, &err);
 *	rehash_result(rehash, &order, &hb);
 *	rehash_free(rehash);
 */
#ifndef REPLAYER_REHASH_H
#define REPLAYER_REHASH_H

#include <stdint.h>

#include "formats/err.h"
#include "formats/trace_names.h"

struct rehash;

/* `names`: all of the trace, and must outlive the result. Never NULL. */
struct rehash *rehash_new(const struct trace_names *names);
void rehash_free(struct rehash *rehash);

/*
 * Events and decisions in the order of the trace; other lines do nothing. 0, or -EPROTO with `err`
 * set when an event names a lane or an object whose id has no hash, or is of an unknown kind.
 */
int rehash_add(struct rehash *rehash, const struct trace_line *line, struct err *err);

/* As the outcome has them: images after an exec are mixed in. */
void rehash_result(const struct rehash *rehash, uint64_t *order_hash, uint64_t *hb_hash);

#endif
