/*
 * Descriptors, mappings and output under the tape, see tape_effects.h.
 */
#include "preload/tape_effects.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#include "formats/hash.h"
#include "formats/record.h"
#include "preload/compose.h"
#include "preload/descriptors.h"
#include "preload/raw.h"
#include "preload/tape.h"
#include "preload/tape_written.h"
#include "preload/thread_state.h"

/* A file beyond that is kept by reference, and more of a mapping is not kept. */
#define KEPT_WHOLE (16ull << 20)
#define HASHED (256ull << 10) /* bytes of a mapping that tell whether it is still the same */
#define PATH 4096

/* The call that is being answered has opened a file by reference. */
static bool opened_reference;

static bool is_open(long number)
{
	return number == SYS_open || number == SYS_openat;
}

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

static bool below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return length && strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* "/usr/local" of an executable /usr/local/bin/x, "" of one that is not in a directory bin. */
static const char *prefix(void)
{
	static char path[PATH];
	static bool known;
	char *slash;
	long length;

	if (known)
		return path;
	known = true;
	length = raw(SYS_readlink, "/proc/self/exe", path, sizeof path - 1);
	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	slash = strrchr(path, '/');
	if (!slash || strcmp(slash, "/bin") != 0)
		path[0] = '\0';
	else
		*slash = '\0';
	return path;
}

/* Installed, and not part of what the program works on. */
static bool is_installed(const char *path)
{
	static const char *const directories[] = { "/usr", "/lib",  "/lib64", "/lib32",
						   "/bin", "/sbin", "/opt" };
	const char *own = prefix();
	size_t i, length = strlen(own);

	for (i = 0; i < sizeof directories / sizeof *directories; i++)
		if (below(path, directories[i]))
			return true;
	return below(path, own) && (strncmp(path + length, "/lib", 4) == 0 ||
				    strncmp(path + length, "/share/", 7) == 0);
}

/* The path of an open file, resolved; its length, 0 when there is none. */
static uint32_t path_of(long fd, char path[PATH])
{
	char name[32];
	long length;

	compose_number(name, sizeof name, compose(name, sizeof name, 0, "/proc/self/fd/"),
		       (uint64_t)fd);
	length = raw(SYS_readlink, name, path, PATH - 1);
	if (length <= 0 || path[0] != '/')
		length = 0;
	path[length] = '\0';
	return (uint32_t)length;
}

/* An existing file that is opened to be read: large, or installed. */
static bool by_reference(long fd, long flags, const char *name, char path[PATH], uint32_t *length)
{
	struct stat status;

	if ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_PATH | O_DIRECTORY)) ||
	    raw(SYS_fstat, fd, &status) < 0 || !S_ISREG(status.st_mode))
		return false;
	if ((uint64_t)status.st_size <= KEPT_WHOLE && (*name != '/' || !is_installed(name)))
		return false;
	*length = path_of(fd, path);
	return *length != 0;
}

static bool is_read(long number)
{
	return number == SYS_read || number == SYS_pread64;
}

static void keep_reference(long number, const long a[6], long result, answers_piece *piece)
{
	struct answer_reference reference = {
		.offset = (uint64_t)(number == SYS_pread64
					     ? a[3]
					     : raw(SYS_lseek, a[0], 0, SEEK_CUR) - result),
		.length = (uint64_t)result,
		.hash = hash_content(HASH_START, (const void *)a[1], (uint64_t)result),
	};

	piece(NULL, &reference, sizeof reference);
}

/* Memory that other processes may change as well, or more of it than is kept. */
static void look_for_more(const long a[6])
{
	struct stat status;
	char path[PATH];

	if ((a[3] & MAP_SHARED) && path_of((int)a[4], path) && below(path, "/dev/shm"))
		tape_needs_outside(thread_state.lane, "it shares memory with other processes");
	if ((uint64_t)a[1] > KEPT_WHOLE && descriptors_kind((int)a[4]) != DESCRIPTOR_FILE &&
	    raw(SYS_fstat, a[4], &status) == 0 && S_ISREG(status.st_mode) &&
	    status.st_size - a[5] > (long)KEPT_WHOLE)
		tape_needs_outside(thread_state.lane,
				   "it maps more of a file than is kept in a trace");
}

/* What is in the file where it is mapped. */
static void keep_mapping(const long a[6], answers_piece *piece)
{
	static uint8_t page[4096];
	struct stat status = { 0 };
	uint64_t length = 0, done;
	long n;

	if (raw(SYS_fstat, a[4], &status) == 0 && S_ISREG(status.st_mode) && status.st_size > a[5])
		length = (uint64_t)(status.st_size - a[5]);
	if (length > (uint64_t)a[1])
		length = (uint64_t)a[1];
	if (length > KEPT_WHOLE)
		length = KEPT_WHOLE;
	piece(NULL, &length, sizeof length);
	for (done = 0; done < length; done += sizeof page) {
		uint64_t want = length - done < sizeof page ? length - done : sizeof page;

		n = raw(SYS_pread64, a[4], page, want, a[5] + (long)done);
		memset(page + (n > 0 ? n : 0), 0, want - (n > 0 ? (uint64_t)n : 0));
		piece(NULL, page, want);
	}
}

static uint64_t hash_of_file(long fd, uint64_t offset, uint64_t length)
{
	static uint8_t page[4096];
	uint64_t hash = HASH_START, done;
	long n;

	for (done = 0; done < length && done < HASHED; done += (uint64_t)n) {
		uint64_t want = length - done < sizeof page ? length - done : sizeof page;

		n = raw(SYS_pread64, fd, page, want, offset + done);
		if (n <= 0)
			break;
		hash = hash_content(hash, page, (uint64_t)n);
	}
	return hash;
}

static void keep_mapped_reference(const long a[6], answers_piece *piece)
{
	struct answer_reference reference = {
		.offset = (uint64_t)a[5],
		.length = (uint64_t)a[1],
		.hash = hash_of_file(a[4], (uint64_t)a[5], (uint64_t)a[1]),
	};

	piece(NULL, &reference, sizeof reference);
}

bool effects_keep(const struct answers_row *row, long number, const long a[6], long result,
		  uint16_t *flags, answers_piece *piece)
{
	char path[PATH];
	uint32_t length;

	opened_reference = false;
	if (row->sort == ANSWERS_MAP && result >= 0) {
		if (descriptors_kind((int)a[4]) == DESCRIPTOR_FILE) {
			*flags |= ANSWER_REFERENCE;
			keep_mapped_reference(a, piece);
		} else {
			keep_mapping(a, piece);
		}
		return true;
	}
	if (is_open(number) && result >= 0) {
		if (!by_reference(result, a[number == SYS_open ? 1 : 2],
				  (const char *)a[number == SYS_open ? 0 : 1], path, &length))
			return true;
		*flags |= ANSWER_REFERENCE;
		opened_reference = true;
		piece(NULL, path, length);
		return true;
	}
	if (is_read(number) && result > 0 && descriptors_kind((int)a[0]) == DESCRIPTOR_FILE) {
		*flags |= ANSWER_REFERENCE;
		keep_reference(number, a, result, piece);
		return true;
	}
	return false;
}

/*
 * Replaying
 */

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

static void open_reference(long result, long flags, answers_piece *piece)
{
	char path[PATH];
	uint32_t length = tape_left();
	long fd;

	if (length >= sizeof path)
		length = sizeof path - 1;
	piece(NULL, path, length);
	path[length] = '\0';
	fd = raw(SYS_open, path, O_RDONLY | flags, 0);
	if (fd < 0)
		tape_refuse("the replay needs the file ", path,
			    ", which the trace holds by reference only, and cannot open it");
	move_to(fd, result, flags);
	opened_reference = true;
}

static __attribute__((noreturn)) void changed(long fd)
{
	char path[PATH];

	path_of(fd, path);
	tape_refuse("the file ", path,
		    " has changed since the recording, which holds it by reference");
}

static void read_reference(const long a[6], long result, answers_piece *piece)
{
	struct answer_reference reference = { 0 };

	piece(NULL, &reference, sizeof reference);
	if (reference.length != (uint64_t)result || result > a[2])
		tape_refuse("a recorded answer does not fit", "", "");
	if (raw(SYS_pread64, a[0], a[1], result, reference.offset) != result ||
	    hash_content(HASH_START, (const void *)a[1], (uint64_t)result) != reference.hash)
		changed(a[0]);
}

static long map_reference(const long a[6], answers_piece *piece)
{
	struct answer_reference reference = { 0 };

	piece(NULL, &reference, sizeof reference);
	if (hash_of_file(a[4], (uint64_t)a[5], (uint64_t)a[1]) != reference.hash)
		changed(a[4]);
	return raw_syscall6(SYS_mmap, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static long map_contents(const long a[6], answers_piece *piece)
{
	uint64_t length = 0;
	long at, fd;

	piece(NULL, &length, sizeof length);
	if (length > (uint64_t)a[1])
		tape_refuse("a recorded answer does not fit", "", "");
	/* A file of that size: touching what lies behind it is as fatal as it was. */
	fd = raw(SYS_memfd_create, "", MFD_CLOEXEC);
	raw(SYS_ftruncate, fd, length);
	at = raw(SYS_mmap, 0, a[1], PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || (at < 0 && at > -4096))
		return -ENOMEM;
	piece(NULL, (void *)at, length);
	raw(SYS_munmap, at, a[1]);
	at = raw(SYS_mmap, a[0], a[1], a[2], a[3], fd, 0);
	raw(SYS_close, fd);
	return at;
}

bool effects_give(const struct answers_row *row, long number, const long a[6], long *result,
		  uint16_t flags, answers_piece *piece)
{
	bool reference = flags & ANSWER_REFERENCE;

	opened_reference = false;
	if (row->sort == ANSWERS_MAP) {
		if (*result < 0)
			return true;
		*result = reference ? map_reference(a, piece) : map_contents(a, piece);
		return true;
	}
	if (!reference)
		return false;
	if (is_open(number) && *result >= 0)
		open_reference(*result, close_exec(number, a), piece);
	else if (is_read(number) && *result > 0 && descriptors_kind((int)a[0]) == DESCRIPTOR_FILE)
		read_reference(a, *result, piece);
	else
		tape_refuse("a recorded answer does not fit", "", "");
	return true;
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
	bool reference = opened_reference;
	long copy = -1;

	if (tape_giving() && !reference) {
		if (is_open(number) || number == SYS_creat)
			copy = written_open(number, a);
		if (copy >= 0)
			move_to(copy, fd, close_exec(number, a));
		else
			place(fd, close_exec(number, a));
	}
	descriptors_changed(fd);
	if (reference)
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
		opened_reference = false;
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
		look_for_more(a);
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
