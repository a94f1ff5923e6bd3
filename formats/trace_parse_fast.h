/*
 * The fast way to read the kinds of lines of which there are millions. Accepts exactly the form
 * that trace_lines.c and trace_answer.c write, less the rare rest: in events and decisions there
 * are no escapes in strings and no bytes.
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
bool trace_parse_fast_answer(struct trace_parser *parser, const char *text, size_t len,
			     struct trace_answer *answer);

/* The slow way for an answer: from parser->json, of a line of `len` bytes; 0 or -code. */
int trace_parse_json_answer(struct trace_parser *parser, size_t len, struct trace_answer *answer,
			    struct err *err);

/* TRACE_ERR_CORRUPT because of this key. */
int trace_parse_bad(const char *key, struct err *err);

/* Room for `n` bytes in parser->bytes, which moves; NULL: out of memory. */
char *trace_parser_bytes(struct trace_parser *parser, size_t n);

/* Room for `n` options in parser->from; NULL: out of memory. */
uint32_t *trace_parser_from(struct trace_parser *parser, uint32_t n);

#endif
