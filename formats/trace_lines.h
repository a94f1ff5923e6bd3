/*
 * The lines of a trace: what each holds in memory and how it is written and read as JSON. Not the
 * container: files, frames and the index are trace_writer.h and trace_reader.h. The written form is
 * specified by trace.schema.json.
 *
 * Numbers of modules, locations, contexts, lanes and objects start at 1; 0 stands for "none". They
 * intern a thing within one file and mean nothing outside it: what may be compared between files is
 * the `id` of a lane and of an object, and a location's module build id and offset.
 */
#ifndef FORMATS_TRACE_LINES_H
#define FORMATS_TRACE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "formats/event.h"
#include "formats/json_out.h"
#include "formats/record.h"
#include "formats/trace_lane_k.h"

enum {
	TRACE_FORMAT_MAJOR = 1,
	TRACE_FORMAT_MINOR = 0,
	TRACE_LINE_MAX = 16 << 20,        /* bytes in a line, its newline included */
	TRACE_DEPTH_MAX = 64,             /* nesting of JSON in a line */
	TRACE_VALUES_MAX = 1 << 20,       /* JSON values in a line */
	TRACE_NUMBER_MAX = (1 << 24) - 1, /* module, location, context, object */
	TRACE_FRAMES_MAX = 4096,          /* locations in a context */
	TRACE_BYTES_MAX = 1 << 20,        /* a value or string of an event or answer */
	TRACE_OPTIONS_MAX = 1 << 16,      /* `from` of a decision */
};

/* The type of a line, told by its first key. */
enum trace_line_type {
	TRACE_LINE_HEADER,
	TRACE_LINE_MODULE,
	TRACE_LINE_LOCATION,
	TRACE_LINE_CONTEXT,
	TRACE_LINE_LANE,
	TRACE_LINE_OBJECT,
	TRACE_LINE_EVENT,
	TRACE_LINE_DECISION,
	TRACE_LINE_ANSWER,
	TRACE_LINE_NOTE,
	TRACE_LINE_INDEX, /* the reader's own business */
	TRACE_LINE_OUTCOME,
	TRACE_LINE_OTHER, /* of a later minor version */
	TRACE_LINE_TYPES
};

/* Sets of line types, as bits. */
#define TRACE_LINE_BIT(type) (1u << (type))
#define TRACE_LINES_NAMES                                                          \
	(TRACE_LINE_BIT(TRACE_LINE_MODULE) | TRACE_LINE_BIT(TRACE_LINE_LOCATION) | \
	 TRACE_LINE_BIT(TRACE_LINE_CONTEXT) | TRACE_LINE_BIT(TRACE_LINE_LANE) |    \
	 TRACE_LINE_BIT(TRACE_LINE_OBJECT))
#define TRACE_LINES_ALL (TRACE_LINE_BIT(TRACE_LINE_TYPES) - 1)

/* An optional value: nothing, an integer, or bytes. */
enum trace_value_type { TRACE_VALUE_NONE, TRACE_VALUE_INT, TRACE_VALUE_BYTES };

struct trace_value {
	enum trace_value_type type;
	int64_t number;
	const void *bytes;
	size_t len;
};

/*
 * {"e":"mutex_lock","pr":1,"l":3,"k":17,"o":5,"o2":6,"c":7,"r":-11,"v":42,"s":"x","p":"announced"}
 * In this order; every key but e and l is left out when 0 or absent; s is a value as people read
 * it; p comes last so that the two lines of one operation begin alike, which makes them smaller.
 * `k` is left out when it is the one expected (trace_lane_k.h).
 */
struct trace_event {
	uint16_t kind;    /* enum event_kind; EVENT_NONE in a reader: of a later version */
	uint8_t phase;    /* enum event_phase */
	uint32_t process; /* index of the process, 0 for the first */
	uint32_t lane;
	uint64_t k;       /* index in the lane, the same when announced and when done */
	uint32_t object;  /* 0: none */
	uint32_t object2; /* 0: none */
	uint32_t context; /* 0: unknown */
	int64_t result;
	struct trace_value value;
	const char *text; /* free string, NULL: none; text_len bytes, not terminated */
	size_t text_len;
	const char *name; /* reader only: the kind's name as written, name_len bytes */
	size_t name_len;
};

/*
 * {"d":"pick","l":3,"k":17,"at":12,"n":4,"from":[1,2,3],"to":2,"forced":true}
 * In this order; n, v and forced are left out when 0, absent or false; k and at when they are the
 * ones expected (trace_lane_k.h).
 */
struct trace_decision {
	uint16_t kind; /* enum decision_kind; DECISION_COUNT in a reader: of a later version */
	uint32_t lane; /* the point: lane ... */
	uint64_t k;    /* ... and index in it */
	uint32_t at;   /* the anchor: context, 0 when unknown ... */
	uint64_t n;    /* ... and which visit of it by this lane, from 1; 0: unknown */
	const uint32_t *from; /* the options: lanes, or what `kind` says */
	uint32_t from_n;
	int64_t to; /* the choice */
	struct trace_value value;
	bool forced;      /* there was no choice */
	const char *name; /* reader only, as in struct trace_event */
	size_t name_len;
};

/*
 * {"in":"read","pr":1,"l":3,"a":[3,0,1024],"r":16,"name":"/etc/hosts","sent":..,"hash":"hex",
 *  "got":..,"f":["more"]}
 * A system call as the outside answered it, one line for each struct record_answer and in their
 * order. In this order; keys are left out when 0, empty or absent, and so are zeros at the end of
 * `a`. Bytes are a string where they are UTF-8 without NUL, else {"b64":".."}. `in` is the name of
 * the call, or its number in decimal.
 */
struct trace_answer {
	uint16_t call;  /* number of the system call, x86_64 */
	uint16_t flags; /* enum answer_flag */
	uint32_t process;
	uint32_t lane;
	int64_t args[6];
	int64_t result;
	uint64_t sent_hash;
	const void *name, *sent, *got;
	size_t name_len, sent_len, got_len;
	const char *in; /* reader only: the call as written, in_len bytes */
	size_t in_len;
};

/* The call of an answer whose name is unknown here; a reader only gives it. */
#define TRACE_CALL_UNKNOWN UINT16_MAX

/* {"module":1,"path":"/usr/lib/..","build_id":"hex","base":"0x...","main":true} */
struct trace_module {
	uint32_t number;
	const char *path;
	const char *build_id; /* hexadecimal, or NULL */
	uint64_t base;        /* load bias */
	bool main;            /* the executable itself */
};

struct trace_source {
	const char *function; /* NULL: unknown */
	const char *file;     /* NULL: unknown */
	uint32_t line;        /* 0: unknown */
};

/*
 * {"location":12,"module":1,"offset":"0x1234","function":"deposit","file":"bank.c","line":17,
 *  "inlined":[{"function":..,"file":..,"line":..}],"user":true,"text":"balance += amount"}
 */
struct trace_location {
	uint32_t number;
	uint32_t module;                    /* 0: none */
	uint64_t offset;                    /* in the module */
	struct trace_source source;         /* innermost, inlined functions included */
	const struct trace_source *inlined; /* the functions it was inlined into, inside out */
	uint32_t inlined_n;
	bool user;        /* the program's own code, not a library's */
	const char *text; /* the source line when it was recorded, NULL: not kept */
};

/* {"context":7,"frames":[12,15,18]}: a call stack, innermost first */
struct trace_context {
	uint32_t number;
	const uint32_t *frames; /* locations */
	uint32_t frames_n;
};

/* {"lane":3,"process":0,"id":"1.2","parent":1,"name":"alice","start":12} */
struct trace_lane {
	uint32_t number;
	uint32_t process;
	const char *id;   /* path of creation: "1.2" is the second child of "1" */
	uint32_t parent;  /* lane, 0: none */
	const char *name; /* NULL: none; a later line with the same number may bring it */
	uint32_t start;   /* location of the start routine, 0: unknown */
};

/*
 * {"object":5,"id":"bank+0x40a0","kind":"mutex","name":"account_lock","context":7,
 *  "address":"0x...","provisional":true}
 */
struct trace_object {
	uint32_t number;
	const char *id;
	const char *kind; /* NULL: unknown */
	const char *name; /* NULL: none */
	uint32_t context; /* where it was initialised or first used, 0: unknown */
	uint64_t address; /* for debuggers, differs from run to run; 0: unknown */
	bool provisional; /* the id depends on the schedule */
};

/*
 * One line as the reader gives it. Everything it points to belongs to the reader and lasts until
 * the next call.
 */
struct trace_line {
	enum trace_line_type type;
	uint64_t number; /* of an event or a decision: its number in the trace, from 0 */
	union {
		struct trace_event event;
		struct trace_decision decision;
		struct trace_answer answer;
	};
	const cJSON *json; /* the object; NULL for event, decision and answer */
	const char *text;  /* as it stands in the file, without the newline and not terminated */
	size_t len;
};

/*
 * Append the line, newline included, to `out`. Requires lane <= TRACE_LANE_MAX and a known kind.
 * Returns 0, -EINVAL (a number is out of range; nothing appended) or -ENOMEM. Others: out->error.
 */
int trace_put_event(struct json_out *out, struct trace_lane_k *state,
		    const struct trace_event *event);
int trace_put_decision(struct json_out *out, struct trace_lane_k *state,
		       const struct trace_decision *decision);
/* -EINVAL for more than TRACE_BYTES_MAX bytes of one sort, too. */
int trace_put_answer(struct json_out *out, const struct trace_answer *answer);
void trace_put_module(struct json_out *out, const struct trace_module *module);
void trace_put_location(struct json_out *out, const struct trace_location *location);
void trace_put_context(struct json_out *out, const struct trace_context *context);
void trace_put_lane(struct json_out *out, const struct trace_lane *lane);
void trace_put_object(struct json_out *out, const struct trace_object *object);

/* Name of a kind of decision, "unknown" when out of range; and back, DECISION_COUNT when none. */
const char *trace_decision_name(unsigned kind);
unsigned trace_decision_by_name(const char *name, size_t len);

/* Name of one flag of an answer (enum answer_flag), NULL when unknown; and back, 0 when none. */
const char *trace_answer_flag_name(unsigned flag);
unsigned trace_answer_flag_by_name(const char *name, size_t len);

/* The key that names the type ("e", "lane", ...); NULL for TRACE_LINE_OTHER. */
const char *trace_line_key(enum trace_line_type type);

#endif
