/*
 * Reading and writing in a form that does not wait: where it succeeds, the question whether the
 * descriptor is ready is saved. recv(2), send(2).
 */
#ifndef PRELOAD_IO_ATTEMPT_H
#define PRELOAD_IO_ATTEMPT_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Whatever others who share the open file make of its O_NONBLOCK. Valid where it was made. */
struct io_attempt {
	long number, a[6];
	struct msghdr message;
};

/*
 * False: there is no such form that does the same where the call need not wait. To send is one only
 * where it never waits: else it sends all, and not just what there is room for. In a recording
 * only: what it asks about the descriptor is not on the tape.
 */
bool io_attempt_make(struct io_attempt *attempt, long number, const long a[6]);

/* Bytes in all parts. */
long io_vector_length(const struct iovec *vector, long count);

#endif
