/*
 * What is known of the program's descriptors while its input is recorded or given back from the
 * tape: there the runtime sees each call that changes one, so it need not ask the kernel at every
 * operation; and in a replay most of them stand for something that is not there.
 */
#ifndef PRELOAD_DESCRIPTORS_H
#define PRELOAD_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Of a descriptor, in region.descriptor; DESCRIPTOR_OTHER where nothing more is known. */
enum descriptor_kind {
	DESCRIPTOR_OTHER,
	DESCRIPTOR_STREAM, /* standard output or error of the start: really written to */
	DESCRIPTOR_FILE,   /* a file whose contents are kept by reference: really there */
	DESCRIPTOR_COPY,   /* a copy of a file that is written in a replay (tape_written.h) */
	DESCRIPTOR_REAL,   /* memory that the program shares with itself: not recorded at all */
};

/* In the first image: which descriptors are the standard streams. In a later one: those left. */
void descriptors_init(void);

enum descriptor_kind descriptors_kind(long fd);
void descriptors_set(long fd, enum descriptor_kind kind);

/* The descriptor is another one from now on; its kind is OTHER. */
void descriptors_changed(long fd);

/* Flags of some descriptor were changed, which others may share. */
void descriptors_flags_changed(void);

/*
 * Answers of the kernel, remembered while the tape sees all changes: fstat(2) (0 or negative
 * errno), and whether O_NONBLOCK is set.
 */
long descriptors_status(long fd, struct stat *status);
bool descriptors_nonblocking(long fd);

/*
 * The same without a question on the tape, so in a recording only: NULL where nobody has asked yet;
 * O_NONBLOCK as the kernel has it.
 */
const struct stat *descriptors_seen(long fd);
bool descriptors_never_wait(long fd);

/* SO_RCVTIMEO or SO_SNDTIMEO in ns; -1: none. */
int64_t descriptors_timeout(long fd, bool in);
void descriptors_timeouts_changed(void);

#endif
