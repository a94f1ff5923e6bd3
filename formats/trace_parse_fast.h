/*
 * The fast way to read the two kinds of lines of which there are millions. Accepts exactly the form
 * that trace_lines.c writes, less the rare rest: no escapes in strings, no bytes.
 */
#ifndef FORMATS_TRACE_PARSE_FAST_H
#define FORMATS_TRACE_PARSE_FAST_H

#include <stdbool.h>
#include <stddef.h>

#include "formats/trace_parse.h"

/*
 * True: the line is of this form and all its numbers are within their limits; the structure is
 * filled and lane_k has moved on. False: nothing is changed in the parser, try the slow way.
 */
bool trace_parse_fast_event(struct trace_parser *parser, const char *text, size_t len,
			    struct trace_event *event);
bool trace_parse_fast_decision(struct trace_parser *parser, const char *text, size_t len,
			       struct trace_decision *decision);

/* Room for `n` options in parser->from; NULL: out of memory. */
uint32_t *trace_parser_from(struct trace_parser *parser, uint32_t n);

#endif
