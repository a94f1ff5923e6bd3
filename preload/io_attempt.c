/*
 * Forms of calls that do not wait, see io_attempt.h.
 */
#include "preload/io_attempt.h"

#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "preload/descriptors.h"

long io_vector_length(const struct iovec *vector, long count)
{
	long i, length = 0;

	for (i = 0; i < count && i < 1024; i++)
		length += (long)vector[i].iov_len;
	return length;
}

static bool attempt_message(struct io_attempt *attempt, long number, const long a[6])
{
	attempt->number = number;
	attempt->message =
		(struct msghdr){ .msg_iov = (struct iovec *)a[1], .msg_iovlen = (size_t)a[2] };
	attempt->a[1] = (long)&attempt->message;
	attempt->a[2] = MSG_DONTWAIT;
	return true;
}

static bool attempt_bytes(struct io_attempt *attempt, long number)
{
	attempt->number = number;
	attempt->a[3] = MSG_DONTWAIT;
	attempt->a[4] = attempt->a[5] = 0;
	return true;
}

bool io_attempt_make(struct io_attempt *attempt, long number, const long a[6])
{
	const struct stat *status = descriptors_seen(a[0]);
	bool is_socket = status && S_ISSOCK(status->st_mode);
	bool message = number == SYS_recvmsg || number == SYS_sendmsg;
	long flags = message ? a[2] : a[3];

	attempt->number = number;
	memcpy(attempt->a, a, sizeof attempt->a);
	switch (number) {
	case SYS_recvfrom:
	case SYS_recvmsg:
		attempt->a[message ? 2 : 3] = flags | MSG_DONTWAIT;
		return !(flags & MSG_WAITALL);
	case SYS_sendto:
	case SYS_sendmsg:
		attempt->a[message ? 2 : 3] = flags | MSG_DONTWAIT;
		return (flags & MSG_DONTWAIT) || descriptors_never_wait(a[0]);
	case SYS_read:
		if (is_socket)
			return a[2] > 0 && attempt_bytes(attempt, SYS_recvfrom);
		break;
	case SYS_readv:
		if (is_socket)
			return io_vector_length((const struct iovec *)a[1], a[2]) > 0 &&
			       attempt_message(attempt, SYS_recvmsg, a);
		break;
	case SYS_write:
		if (is_socket)
			return descriptors_never_wait(a[0]) && attempt_bytes(attempt, SYS_sendto);
		break;
	case SYS_writev:
		if (is_socket)
			return descriptors_never_wait(a[0]) &&
			       attempt_message(attempt, SYS_sendmsg, a);
		break;
	default:
		return false;
	}
	/* Counters and timers (eventfd(2)), which have no type; pipes and terminals are shared. */
	return status && !(status->st_mode & S_IFMT) && descriptors_never_wait(a[0]);
}
