/*
 * Descriptors and output under the tape, see tape_effects.h. Contents of files: tape_contents.c.
 */
#include "preload/tape_effects.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "formats/record.h"
#include "preload/descriptors.h"
#include "preload/raw.h"
#include "preload/tape.h"
#include "preload/tape_contents.h"
#include "preload/tape_written.h"

static bool is_anonymous(const long a[6])
{
	return (a[3] & MAP_ANONYMOUS) || (int)a[4] < 0;
}

bool effects_unrecorded(const struct answers_row *row, long number, const long a[6])
{
	if (row->sort == ANSWERS_REAL || number == SYS_close_range)
		return true;
	if (row->sort == ANSWERS_MAP)
		return is_anonymous(a) || descriptors_kind((int)a[4]) == DESCRIPTOR_REAL;
	return (row->addresses & ANSWERS_DESCRIPTOR) &&
	       descriptors_kind((int)a[0]) == DESCRIPTOR_REAL;
}

/*
 * What the kernel moves to a standard stream by itself could not be compared or shown again: every
 * program goes on with read and write when the kernel does not support that.
 */
long effects_refuse(long number, const long a[6])
{
	long out = number == SYS_sendfile                                  ? a[0]
		   : number == SYS_splice || number == SYS_copy_file_range ? a[2]
		   : number == SYS_tee                                     ? a[1]
									   : -1;

	return descriptors_kind((int)out) == DESCRIPTOR_STREAM ? -EINVAL : 0;
}

static long close_exec(long number, const long a[6])
{
	long flags;

	switch (number) {
	case SYS_open:
		flags = a[1];
		break;
	case SYS_openat:
		flags = a[2];
		break;
	case SYS_openat2:
		flags = *(const long *)a[2]; /* struct open_how */
		break;
	case SYS_socket:
	case SYS_socketpair:
	case SYS_eventfd2:
	case SYS_timerfd_create:
	case SYS_pipe2:
	case SYS_mq_open:
		flags = a[1];
		break;
	case SYS_accept4:
	case SYS_signalfd4:
		flags = a[3];
		break;
	case SYS_epoll_create1:
	case SYS_inotify_init1:
		flags = a[0];
		break;
	case SYS_dup3:
		flags = a[2];
		break;
	case SYS_fcntl:
		flags = a[1] == F_DUPFD_CLOEXEC ? O_CLOEXEC : 0;
		break;
	default:
		flags = 0;
	}
	return flags & O_CLOEXEC; /* SOCK_CLOEXEC and the like are the same bit */
}

_Static_assert(SOCK_CLOEXEC == O_CLOEXEC && EFD_CLOEXEC == O_CLOEXEC && TFD_CLOEXEC == O_CLOEXEC &&
		       IN_CLOEXEC == O_CLOEXEC && SFD_CLOEXEC == O_CLOEXEC &&
		       EPOLL_CLOEXEC == O_CLOEXEC,
	       "one bit");

/* `fd` becomes descriptor `number`. */
static void move_to(long fd, long number, long flags)
{
	if (fd == number || fd < 0)
		return;
	raw(SYS_dup3, fd, number, flags);
	raw(SYS_close, fd);
}

/* A descriptor that stands for one of the recording; nothing is ever done with it. */
static void place(long number, long flags)
{
	if (number >= 0)
		move_to(raw(SYS_eventfd2, 0, flags), number, flags);
}

void effects_output(long fd, const void *bytes, uint64_t length)
{
	struct pollfd room = { .fd = (int)fd, .events = POLLOUT };
	uint64_t done = 0;
	long n;

	while (done < length) {
		n = raw(SYS_write, fd, (const char *)bytes + done, length - done);
		if (n == -EAGAIN)
			raw(SYS_poll, &room, 1, -1);
		else if (n <= 0 && n != -EINTR)
			return; /* nobody reads it any more */
		done += n > 0 ? (uint64_t)n : 0;
	}
}

/* Output that was really made in the recording is made again. */
struct output {
	long fd;
	uint64_t left;
};

static void write_piece(void *self, void *bytes, uint64_t length)
{
	struct output *output = self;
	uint64_t want = length < output->left ? length : output->left;

	effects_output(output->fd, bytes, want);
	output->left -= want;
}

static void opened(long number, const long a[6], long fd)
{
	long file = contents_opened(),
	     copy = file < 0 && tape_giving() ? written_open(number, a) : -1;

	if (tape_giving() && (file >= 0 || copy >= 0))
		move_to(file >= 0 ? file : copy, fd, close_exec(number, a));
	else if (tape_giving())
		place(fd, close_exec(number, a));
	descriptors_changed(fd);
	if (file >= 0)
		descriptors_set(fd, DESCRIPTOR_FILE);
	else if (copy >= 0)
		descriptors_set(fd, DESCRIPTOR_COPY);
}

static void duplicated(long number, const long a[6], long fd)
{
	enum descriptor_kind kind = descriptors_kind((int)a[0]);

	if (fd == (int)a[0])
		return;
	if (tape_giving() && kind != DESCRIPTOR_REAL &&
	    raw(SYS_dup3, a[0], fd, close_exec(number, a)) < 0)
		place(fd, close_exec(number, a));
	descriptors_changed(fd);
	descriptors_set(fd, kind);
}

/* Descriptors that came with a message (unix(7)). */
static void received(struct msghdr *message)
{
	struct cmsghdr *part;
	const int *fds;
	size_t i, count;

	if (!message->msg_control)
		return;
	for (part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS ||
		    part->cmsg_len < CMSG_LEN(0))
			continue;
		fds = (const int *)CMSG_DATA(part);
		count = (part->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
		for (i = 0; i < count; i++) {
			if (tape_giving())
				place(fds[i], 0);
			descriptors_changed(fds[i]);
		}
	}
}

static void received_all(long number, const long a[6], long result)
{
	struct mmsghdr *messages = (struct mmsghdr *)a[1];
	long i;

	if (number == SYS_recvmsg)
		received((struct msghdr *)a[1]);
	else
		for (i = 0; i < result; i++)
			received(&messages[i].msg_hdr);
}

static void controlled(long number, const long a[6], long result)
{
	if (number == SYS_fcntl && (a[1] == F_DUPFD || a[1] == F_DUPFD_CLOEXEC))
		duplicated(number, a, result);
	else if (number == SYS_fcntl && a[1] == F_SETFL)
		descriptors_flags_changed();
	else if (number == SYS_ioctl && (uint32_t)a[1] == FIONBIO)
		descriptors_flags_changed();
	if (!tape_giving())
		return;
	if ((number == SYS_fcntl && a[1] == F_SETFD) ||
	    (number == SYS_ioctl && ((uint32_t)a[1] == FIOCLEX || (uint32_t)a[1] == FIONCLEX)))
		raw(number, a[0], a[1], a[2]);
}

static void registered(const long a[6])
{
	const struct epoll_event *event = (const struct epoll_event *)a[3];
	bool gone = a[1] == EPOLL_CTL_DEL;

	if (gone || event)
		answers_register((int)a[0], (int)a[2], gone ? 0 : event->data.u64, gone);
}

static void closed(long number, const long a[6])
{
	uint32_t fd, last;

	if (number == SYS_close) {
		if (tape_giving() && descriptors_kind((int)a[0]) != DESCRIPTOR_REAL)
			raw(SYS_close, a[0]);
		descriptors_changed((int)a[0]);
		return;
	}
	last = (uint32_t)a[1] < REGION_DESCRIPTORS ? (uint32_t)a[1] : REGION_DESCRIPTORS - 1;
	for (fd = (uint32_t)a[0]; fd <= last; fd++)
		descriptors_changed(fd);
}

void effects_known(const struct answers_row *row, long number, const long a[6], long result)
{
	struct output output = { .fd = a[0], .left = (uint64_t)result };
	const int *pair;

	if (result < 0)
		return;
	if (tape_giving() && row->name.how != ANSWERS_NONE)
		written_name(number, a);
	if (tape_giving() && descriptors_kind((int)a[0]) == DESCRIPTOR_COPY &&
	    written_moves(number))
		raw_syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	switch (row->sort) {
	case ANSWERS_OPEN:
		opened(number, a, result);
		break;
	case ANSWERS_REAL:
		descriptors_changed(result);
		descriptors_set(result, DESCRIPTOR_REAL);
		break;
	case ANSWERS_PAIR:
		pair = (const int *)a[number == SYS_socketpair ? 3 : 0];
		opened(number, a, pair[0]);
		opened(number, a, pair[1]);
		break;
	case ANSWERS_DUP:
		duplicated(number, a, result);
		break;
	case ANSWERS_CLOSE:
		closed(number, a);
		break;
	case ANSWERS_WRITE:
		if (tape_giving() && descriptors_kind((int)a[0]) == DESCRIPTOR_STREAM)
			answers_sent(row, a, write_piece, &output);
		break;
	case ANSWERS_ALSO:
		if (tape_giving())
			raw(number, a[0]);
		break;
	case ANSWERS_FCNTL:
	case ANSWERS_IOCTL:
		controlled(number, a, result);
		break;
	case ANSWERS_EPOLL_CTL:
		registered(a);
		break;
	case ANSWERS_MAP:
		contents_mapped(a);
		break;
	case ANSWERS_MESSAGE:
		received_all(number, a, result);
		break;
	default:
		if (number == SYS_setsockopt && a[1] == SOL_SOCKET &&
		    (a[2] == SO_RCVTIMEO || a[2] == SO_SNDTIMEO))
			descriptors_timeouts_changed();
		break;
	}
}
