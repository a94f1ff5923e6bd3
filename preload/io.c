/*
 * Descriptors: reading, writing, accepting, connecting. The rest of the engine (poll, children,
 * locks) is in io_wait.c.
 */
#include "preload/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "preload/clock.h"
#include "preload/decide.h"
#include "preload/descriptors.h"
#include "preload/files.h"
#include "preload/io_attempt.h"
#include "preload/io_wait.h"
#include "preload/log.h"
#include "preload/raw.h"
#include "preload/sched.h"
#include "preload/sockets.h"
#include "preload/streams.h"
#include "preload/tape.h"

/*
 * POLLOUT promises room for PIPE_BUF bytes in a pipe and for a good part of a socket's buffer; a
 * blocking write of more could wait inside the kernel with the turn. Longer ones go in pieces.
 */
#define SAFE_WRITE 2048
#define PIPE_PIECE 4096

enum io_way {
	IO_NONE,
	IO_IN,
	IO_OUT,
	IO_MQ_IN,
	IO_MQ_OUT,
	IO_CONNECT,
	IO_POLL,
	IO_PPOLL,
	IO_SELECT,
	IO_PSELECT,
	IO_EPOLL,
	IO_EPOLL2,
	IO_WAIT4,
	IO_WAITID,
	IO_FLOCK,
	IO_FCNTL,
	IO_MSGRCV,
	IO_MSGSND,
	IO_SEMOP,
	IO_SEMTIMEDOP,
};

#define NUMBERS 512

static const struct {
	uint8_t kind, way;
} rows[NUMBERS] = {
#define IO(name, event, way_) [SYS_##name] = { EVENT_##event, IO_##way_ },
#include "preload/io.def"
#undef IO
};

bool io_knows(long number)
{
	return number >= 0 && number < NUMBERS && rows[number].way != IO_NONE;
}

static long call(long number, const long a[6])
{
	return tape(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* What an open file is, for people; the id is by order of first use, as inode numbers change. */
static const char *type_name(const struct stat *status)
{
	switch (status->st_mode & S_IFMT) {
	case S_IFIFO:
		return "pipe";
	case S_IFSOCK:
		return "socket";
	case S_IFCHR:
		return "device";
	case S_IFDIR:
		return "directory";
	case S_IFREG:
		return "file";
	default:
		return "descriptor";
	}
}

static struct object *object_of_stream(struct lane *me, int stream, uint32_t context)
{
	static const char *const names[PLAN_STREAMS] = { "standard input", "standard output",
							 "standard error" };

	return object_named(me, hash_id(PLAN_STREAMS, (uint64_t)stream, 0) | 1ull << 63,
			    OBJECT_DESCRIPTOR, names[stream], context);
}

static bool is_request(long number)
{
	return rows[number].way == IO_OUT || rows[number].way == IO_CONNECT;
}

/* Where a call connects or sends to, if it says so. */
static const struct sockaddr *address_of_call(long number, const long a[6], long *size)
{
	*size = number == SYS_connect ? a[2] : a[5];
	if (number == SYS_connect)
		return (const struct sockaddr *)a[1];
	return number == SYS_sendto ? (const struct sockaddr *)a[4] : NULL;
}

/* Both ends of a pipe are one object: they have one inode. */
static struct object *object_of_descriptor(struct lane *me, long number, const long a[6],
					   uint32_t context)
{
	const struct sockaddr *to;
	long fd = a[0], size;
	struct object *object;
	struct stat status;
	const char *name;
	uint64_t key;
	int stream;

	if (descriptors_status(fd, &status) < 0)
		return NULL;
	stream = streams_find(fd, &status);
	if (stream >= 0)
		return object_of_stream(me, stream, context);
	to = address_of_call(number, a, &size);
	object = S_ISSOCK(status.st_mode)
			 ? sockets_object(me, fd, &status, is_request(number), to, size, context)
			 : files_of_descriptor(me, fd, &status, context);
	if (object)
		return object;
	key = hash_id(status.st_dev, status.st_ino, status.st_mode & S_IFMT) | 1ull << 63;
	object = object_peek((void *)key, OBJECT_DESCRIPTOR);
	if (object)
		return object;
	name = type_name(&status);
	if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISCHR(status.st_mode))
		name = files_name_of(fd, name);
	return object_named(me, key, OBJECT_DESCRIPTOR, name, context);
}

static bool is_nonblocking(long fd)
{
	return descriptors_nonblocking(fd);
}

/* SO_RCVTIMEO and SO_SNDTIMEO count in virtual time. */
static int64_t socket_deadline(long fd, bool in)
{
	int64_t ns = descriptors_timeout(fd, in);

	return ns < 0 ? -1 : clock_after_ns(ns);
}

/* MSG_DONTWAIT or O_NONBLOCK. */
static bool never_waits(long number, const long a[6])
{
	long flags = 0;

	switch (number) {
	case SYS_recvfrom:
	case SYS_sendto:
		flags = a[3];
		break;
	case SYS_recvmsg:
	case SYS_sendmsg:
		flags = a[2];
		break;
	case SYS_recvmmsg:
	case SYS_sendmmsg:
		flags = a[3];
		break;
	}
	return (flags & MSG_DONTWAIT) || is_nonblocking(a[0]);
}

/*
 * Waits for the descriptor: 0 ready, or what the call is to return. That a call which does not wait
 * finds nothing is an answer of the outside like any other, recorded and replayed. `refused`: it
 * has just been asked.
 */
static long wait_descriptor(struct lane *me, long number, const long a[6], short events,
			    int64_t deadline, bool refused)
{
	struct pollfd poll_fd = { .fd = (int)a[0], .events = events };
	struct outside outside = { .fds = &poll_fd, .fd_count = 1 };

	while (refused || !sched_outside_ready(me, &outside)) {
		refused = false;
		if (never_waits(number, a))
			return -EAGAIN;
		switch (sched_block_outside(me, &outside, deadline,
					    SCHED_INTERRUPTIBLE | SCHED_RESTARTABLE |
						    SCHED_CANCELABLE)) {
		case WAKE_TIMEOUT:
			return -EAGAIN;
		case WAKE_SIGNAL:
		case WAKE_CANCEL:
			return -EINTR;
		default:
			break;
		}
	}
	return 0;
}

/* The same for a call that is known to be allowed to wait. */
static long wait_for_descriptor(struct lane *me, long fd, short events, int64_t deadline)
{
	const long a[6] = { fd };

	return wait_descriptor(me, -1, a, events, deadline, false);
}

/*
 * A file is ready at any time. Not so what /proc shows as one, which has no size.
 */
static bool is_ready_file(long fd, bool in)
{
	const struct stat *status = descriptors_seen(fd);

	return status && S_ISREG(status->st_mode) && (!in || status->st_size > 0);
}

/*
 * The call when it need not wait any more; made at once where that tells whether it has to, which
 * saves the question. The script of a replay says so itself.
 */
static long wait_and_call(struct lane *me, long number, long a[6], short events, int64_t deadline)
{
	struct io_attempt attempt;
	bool refused = false;
	long result;

	if (is_ready_file(a[0], events == POLLIN)) {
		sched_outside_answered(me, true);
		return call(number, a);
	}
	if (tape_mode == TAPE_KEEP && !decide_scripted() && io_attempt_make(&attempt, number, a)) {
		result = tape_attempt(number, a, attempt.number, attempt.a);
		refused = result == -EAGAIN;
		sched_outside_answered(me, !refused);
		if (!refused)
			return result;
	}
	result = wait_descriptor(me, number, a, events, deadline, refused);
	return result ? result : call(number, a);
}

/* A socket read that must fill the buffer (MSG_WAITALL): piece by piece. */
static long receive_all(struct lane *me, long a[6])
{
	long got = 0, result, want = a[2];

	while (got < want) {
		result = wait_for_descriptor(me, a[0], POLLIN, socket_deadline(a[0], true));
		if (result == 0)
			result = tape(SYS_recvfrom, a[0], a[1] + got, want - got,
				      (a[3] & ~MSG_WAITALL) | MSG_DONTWAIT, a[4], a[5]);
		if (result <= 0)
			return got ? got : result;
		got += result;
	}
	return got;
}

static long input(struct lane *me, long number, long a[6])
{
	if (number == SYS_recvfrom && (a[3] & MSG_WAITALL) && !(a[3] & (MSG_DONTWAIT | MSG_PEEK)) &&
	    !is_nonblocking(a[0]))
		return receive_all(me, a);
	return wait_and_call(me, number, a, POLLIN,
			     number == SYS_read || number == SYS_readv || number == SYS_splice
				     ? -1
				     : socket_deadline(a[0], true));
}

/*
 * A long blocking write to a pipe or socket, in pieces that fit; returns bytes or the first error.
 */
static long output_pieces(struct lane *me, long fd, const char *bytes, long length, bool socket,
			  long flags)
{
	long sent = 0, result, piece;

	while (sent < length) {
		result = wait_for_descriptor(me, fd, POLLOUT,
					     socket ? socket_deadline(fd, false) : -1);
		if (result == 0 && socket) {
			result = tape(SYS_sendto, fd, bytes + sent, length - sent,
				      flags | MSG_DONTWAIT, 0, 0);
			if (result == -EAGAIN) /* POLLOUT, but not for so much: half of it fits */
				result = tape(SYS_sendto, fd, bytes + sent,
					      length - sent < SAFE_WRITE ? length - sent
									 : SAFE_WRITE,
					      flags | MSG_DONTWAIT, 0, 0);
		} else if (result == 0) {
			piece = length - sent < PIPE_PIECE ? length - sent : PIPE_PIECE;
			result = tape(SYS_write, fd, bytes + sent, piece);
		}
		if (result <= 0)
			return sent ? sent : result;
		sent += result;
		sched_outside_changed();
	}
	return sent;
}

static long output_long(struct lane *me, long number, long a[6], bool socket)
{
	const struct iovec *vector = (const struct iovec *)a[1];
	long i, sent = 0, result;

	if (number == SYS_write || number == SYS_sendto)
		return output_pieces(me, a[0], (const char *)a[1], a[2], socket,
				     number == SYS_sendto ? a[3] : 0);
	for (i = 0; i < a[2]; i++) {
		result = output_pieces(me, a[0], vector[i].iov_base, (long)vector[i].iov_len,
				       socket, 0);
		if (result < 0)
			return sent ? sent : result;
		sent += result;
		if (result < (long)vector[i].iov_len)
			break;
	}
	return sent;
}

static bool stream_socket(long fd)
{
	int type = 0;
	socklen_t size = sizeof type;

	return tape_ask(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	       type == SOCK_STREAM;
}

static long output(struct lane *me, long number, long a[6])
{
	struct stat status;
	long length = 0;

	if (number == SYS_write || (number == SYS_sendto && !a[4]))
		length = a[2];
	else if (number == SYS_writev)
		length = io_vector_length((const struct iovec *)a[1], a[2]);
	if (length > SAFE_WRITE && descriptors_status(a[0], &status) == 0 &&
	    (S_ISFIFO(status.st_mode) || (S_ISSOCK(status.st_mode) && stream_socket(a[0]))) &&
	    !never_waits(number, a))
		return output_long(me, number, a, S_ISSOCK(status.st_mode));
	return wait_and_call(
		me, number, a, POLLOUT,
		number == SYS_write || number == SYS_writev ? -1 : socket_deadline(a[0], false));
}

static long message_queue(struct lane *me, long number, long a[6], short events)
{
	const struct timespec *until = (const struct timespec *)a[4];
	long result;

	result = wait_descriptor(me, number, a, events,
				 until ? clock_deadline(CLOCK_REALTIME, until) : -1, false);
	if (result)
		return result == -EAGAIN && !is_nonblocking(a[0]) ? -ETIMEDOUT : result;
	return tape(number, a[0], a[1], a[2], a[3], 0);
}

/* A blocking connect is begun without blocking, and its end waited for. */
static long do_connect(struct lane *me, const long a[6])
{
	long flags = tape_ask(SYS_fcntl, a[0], F_GETFL), result;
	int error = 0;
	socklen_t size = sizeof error;

	if (flags < 0 || (flags & O_NONBLOCK))
		return tape(SYS_connect, a[0], a[1], a[2]);
	for (;;) {
		tape_ask(SYS_fcntl, a[0], F_SETFL, flags | O_NONBLOCK);
		result = tape(SYS_connect, a[0], a[1], a[2]);
		tape_ask(SYS_fcntl, a[0], F_SETFL, flags);
		if (result != -EAGAIN)
			break;
		/* UNIX socket whose listener has a full queue: others must run, then again. */
		if (sched_block(me, NULL, 0, clock_after_ns(1000000), SCHED_INTERRUPTIBLE) ==
		    WAKE_SIGNAL)
			return -EINTR;
	}
	if (result != -EINPROGRESS)
		return result;
	result = wait_for_descriptor(me, a[0], POLLOUT, socket_deadline(a[0], false));
	if (result)
		return result == -EAGAIN ? -EINPROGRESS : result;
	tape_ask(SYS_getsockopt, a[0], SOL_SOCKET, SO_ERROR, &error, &size);
	return -error;
}

static long dispatch(struct lane *me, long number, long a[6])
{
	switch ((enum io_way)rows[number].way) {
	case IO_IN:
		return input(me, number, a);
	case IO_OUT:
		return output(me, number, a);
	case IO_MQ_IN:
		return message_queue(me, number, a, POLLIN);
	case IO_MQ_OUT:
		return message_queue(me, number, a, POLLOUT);
	case IO_CONNECT:
		return do_connect(me, a);
	case IO_POLL:
		return io_wait_poll(me, a, clock_after_ms(a[2]));
	case IO_PPOLL:
		return io_wait_poll(me, a, clock_after_optional((const struct timespec *)a[2]));
	case IO_SELECT:
		return io_wait_select(me, a, clock_after_timeval((const struct timeval *)a[4]));
	case IO_PSELECT:
		return io_wait_select(me, a, clock_after_optional((const struct timespec *)a[4]));
	case IO_EPOLL:
		return io_wait_epoll(me, a, clock_after_ms(a[3]));
	case IO_EPOLL2:
		return io_wait_epoll(me, a, clock_after_optional((const struct timespec *)a[3]));
	case IO_WAIT4:
	case IO_WAITID:
	case IO_FLOCK:
	case IO_FCNTL:
	case IO_MSGRCV:
	case IO_MSGSND:
	case IO_SEMOP:
		return io_wait_attempt(me, number, a, -1);
	case IO_SEMTIMEDOP:
		return io_wait_attempt(me, number, a,
				       clock_after_optional((const struct timespec *)a[3]));
	case IO_NONE:
		break;
	}
	return call(number, a);
}

/* Calls whose argument 0 is a descriptor that is read or written: it is the object. */
static bool has_descriptor(unsigned way)
{
	return way == IO_IN || way == IO_OUT || way == IO_CONNECT || way == IO_FLOCK ||
	       way == IO_FCNTL || way == IO_EPOLL || way == IO_EPOLL2;
}

/* Waits for something to come in. */
static bool way_in(unsigned way)
{
	return way == IO_IN || (way >= IO_POLL && way <= IO_EPOLL2);
}

long io_call(struct lane *me, long number, long arguments[6], uint32_t context)
{
	struct object *object = NULL;
	long result;

	if (has_descriptor(rows[number].way))
		object = object_of_descriptor(me, number, arguments, context);
	if (arguments[0] == 2 && number == SYS_write)
		log_stderr((const void *)arguments[1], (uint64_t)arguments[2]);
	if (way_in(rows[number].way))
		sockets_settle(me);
	sched_point(me, rows[number].kind, object, context, 0);
	result = dispatch(me, number, arguments);
	if (result > 0 && rows[number].way == IO_OUT)
		sockets_sent(me, arguments[0]);
	if (rows[number].way != IO_IN && rows[number].way != IO_POLL)
		sched_outside_changed();
	if (result > 0 && rows[number].way == IO_IN)
		schedule.work = 0; /* something came in: this is no loop that waits for a time */
	sched_done(me, result);
	return result;
}

long io_simple(struct lane *me, unsigned kind, long number, long arguments[6], uint32_t context)
{
	struct object *object = object_of_descriptor(me, number, arguments, context);
	long result;

	sched_point(me, kind, object, context, 0);
	result = call(number, arguments);
	sched_outside_changed();
	sched_done(me, result);
	return result;
}
