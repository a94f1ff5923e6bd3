/*
 * What a system call says to the outside and what comes back: which memory of the program holds it.
 * The rows of formats/answers.def, as data and as two walks. The walk over what came back is the
 * same when it is written down (the memory is read) and when it is given back (it is filled).
 */
#ifndef PRELOAD_ANSWERS_H
#define PRELOAD_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#define ANSWERS_DESCRIPTOR 0x80u /* in `addresses`: argument 0 is a descriptor */

enum answers_sort {
	ANSWERS_PLAIN,
	ANSWERS_OPEN,
	ANSWERS_PAIR,
	ANSWERS_DUP,
	ANSWERS_CLOSE,
	ANSWERS_WRITE,
	ANSWERS_ALSO,
	ANSWERS_FCNTL,
	ANSWERS_IOCTL,
	ANSWERS_EPOLL_CTL,
	ANSWERS_MESSAGE,
	ANSWERS_MAP,
	ANSWERS_REAL,
	ANSWERS_ABSENT,
	ANSWERS_CHILD_PROCESS,
};

enum answers_how {
	ANSWERS_NONE,
	ANSWERS_NAME,
	ANSWERS_NAMES,
	ANSWERS_BYTES,
	ANSWERS_ADDRESS,
	ANSWERS_VECTOR,
	ANSWERS_OF_MESSAGE,
	ANSWERS_OF_MESSAGES,
	ANSWERS_TO,
	ANSWERS_FIXED,
	ANSWERS_RESULT,
	ANSWERS_FROM,
	ANSWERS_LENGTH,
	ANSWERS_LENGTHS,
	ANSWERS_POLL,
	ANSWERS_SETS,
	ANSWERS_EVENTS,
	ANSWERS_COUNT,
	ANSWERS_TYPED,
	ANSWERS_PRIORITY,
	ANSWERS_CHILD,
	ANSWERS_CONTROL,
};

struct answers_spec {
	uint8_t how; /* enum answers_how */
	uint8_t a;   /* an argument */
	uint16_t b;  /* another one, or bytes */
};

struct answers_row {
	const char *call; /* NULL: no such row */
	uint8_t count;    /* of arguments */
	uint8_t addresses;
	uint8_t sort; /* enum answers_sort */
	struct answers_spec name, sent, got;
};

/* NULL for a call that is not in the table. */
const struct answers_row *answers_row(long number);

/* Called for each piece of memory, in order. */
typedef void answers_piece(void *self, void *bytes, uint64_t length);

/* The bytes that the call sends. */
void answers_sent(const struct answers_row *row, const long a[6], answers_piece *piece, void *self);

/* Remembers the room that the program offers, which the kernel overwrites. Before the call. */
void answers_before(const struct answers_row *row, const long a[6]);

/*
 * The bytes that came in with this result, after answers_before(). `giving`: `piece` fills them.
 * False when there is not so much room as the result says.
 */
bool answers_got(const struct answers_row *row, long number, const long a[6], long result,
		 bool giving, answers_piece *piece, void *self);

/* An epoll instance will report this descriptor with this value, or (`gone`) no more. */
void answers_register(int epoll, int fd, uint64_t value, bool gone);

#endif
