/*
 * The outlet: a buffer that all children share, see children.h and struct region_outlet.
 */
#include "preload/children.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "formats/record.h"
#include "preload/log.h"
#include "preload/raw.h"
#include "preload/streams.h"

#define PAUSE_NS 1000000
#define MOST_VECTOR 1024

bool children_recorded;
static uint32_t number_of_child;

static void pause_a_little(void)
{
	const struct timespec time = { 0, PAUSE_NS };

	raw(SYS_nanosleep, &time, 0);
}

/* One user at a time; one that was killed in it does not count. */
static void lock(void)
{
	uint32_t *word = &region->outlet.lock, mine = (uint32_t)raw(SYS_gettid), owner;

	for (;;) {
		owner = 0;
		if (__atomic_compare_exchange_n(word, &owner, mine, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return;
		if (raw(SYS_kill, owner, 0) == -ESRCH)
			__atomic_compare_exchange_n(word, &owner, 0, false, __ATOMIC_SEQ_CST,
						    __ATOMIC_SEQ_CST);
		else
			raw(SYS_sched_yield);
	}
}

static void unlock(void)
{
	__atomic_store_n(&region->outlet.lock, 0, __ATOMIC_SEQ_CST);
}

static uint32_t size_of(uint32_t bytes)
{
	return ((uint32_t)sizeof(struct record_answer) + bytes + 7) & ~7u;
}

/* Locks the outlet when there is room for so much. */
static void lock_with_room(uint32_t size)
{
	for (;;) {
		lock();
		if (region->outlet.head + size <= REGION_OUTLET_BYTES)
			return;
		region->outlet.full = 1;
		unlock();
		log_ring_doorbell();
		pause_a_little();
	}
}

static void put(uint16_t call, int64_t result, int64_t subject, int64_t maker, const uint8_t *bytes,
		uint32_t length)
{
	struct region_outlet *outlet = &region->outlet;
	struct record_answer *record = (struct record_answer *)(outlet->bytes + outlet->head);
	uint32_t size = size_of(length);

	memset(record, 0, size);
	record->head.type = RECORD_ANSWER;
	record->head.size = size;
	record->call = call;
	record->flags = ANSWER_CHILD;
	record->result = result;
	record->got_length = length;
	record->arg_count = 3;
	record->args[0] = subject;
	record->args[1] = number_of_child;
	record->args[2] = maker;
	memcpy(record->bytes, bytes, length);
	outlet->head += size;
}

/* 0: none of the last REGION_CHILDREN; pid 0 is of nobody. Requires the lock. */
static uint32_t find_child(uint32_t pid)
{
	uint32_t number = region->outlet.children, i;

	for (i = 0; pid && i < REGION_CHILDREN && i < number; i++)
		if (region->outlet.child[(number - i) % REGION_CHILDREN].pid == pid)
			return region->outlet.child[(number - i) % REGION_CHILDREN].number;
	return 0;
}

/* Requires the lock. */
static void new_child(uint32_t pid)
{
	number_of_child = ++region->outlet.children;
	region->outlet.child[number_of_child % REGION_CHILDREN].pid = pid;
	region->outlet.child[number_of_child % REGION_CHILDREN].number = number_of_child;
}

void children_forked(void)
{
	uint32_t pid = (uint32_t)raw(SYS_getpid), maker = number_of_child;

	children_recorded = true;
	lock_with_room(size_of(0));
	new_child(pid);
	put(SYS_fork, pid, 0, maker, NULL, 0);
	unlock();
}

/* The words of this image, as far as there is room; how many bytes. */
static uint32_t read_words(uint8_t *words, uint32_t room)
{
	long fd = raw(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC), n;

	if (fd < 0)
		return 0;
	n = raw(SYS_read, fd, words, room);
	raw(SYS_close, fd);
	return n > 0 ? (uint32_t)n : 0;
}

void children_attach(void)
{
	static uint8_t words[PIPE_BUF];
	uint32_t pid = (uint32_t)raw(SYS_getpid), length = read_words(words, sizeof words), maker;

	children_recorded = true;
	lock_with_room(size_of(length));
	maker = find_child((uint32_t)raw(SYS_getppid));
	number_of_child = find_child(pid);
	if (!number_of_child)
		new_child(pid); /* posix_spawn, which runs nothing of ours before */
	put(SYS_execve, pid, 0, maker, words, length);
	unlock();
}

/*
 * The write and its record are one, so that the order of records is that of the output. It is
 * waited for room before the lock is taken, which the program and other children need: so much fits
 * into a pipe that can be written to.
 */
static long write_one(long fd, int stream, const uint8_t *bytes, uint64_t length)
{
	uint32_t piece = length < PIPE_BUF ? (uint32_t)length : PIPE_BUF;
	struct pollfd room = { .fd = (int)fd, .events = POLLOUT };
	long result;

	if (!(raw(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK))
		raw(SYS_poll, &room, 1, -1);
	lock_with_room(size_of(piece));
	result = raw(SYS_write, fd, bytes, piece);
	if (result > 0)
		put(SYS_write, result, stream, 0, bytes, (uint32_t)result);
	unlock();
	return result;
}

static long write_all(long fd, int stream, const void *bytes, uint64_t length)
{
	uint64_t done = 0;
	long result;

	do {
		result = write_one(fd, stream, (const uint8_t *)bytes + done, length - done);
		if (result <= 0)
			return done ? (long)done : result;
		done += (uint64_t)result;
	} while (done < length);
	return (long)done;
}

static long write_vector(long fd, int stream, const struct iovec *vector, long count)
{
	long done = 0, result, i;

	for (i = 0; i < count && i < MOST_VECTOR; i++) {
		if (!vector[i].iov_len)
			continue;
		result = write_all(fd, stream, vector[i].iov_base, vector[i].iov_len);
		if (result < 0)
			return done ? done : result;
		done += result;
		if ((uint64_t)result < vector[i].iov_len)
			break;
	}
	return done;
}

void children_unseen(const char *path)
{
	uint32_t length = (uint32_t)strnlen(path, PIPE_BUF - 1) + 1;
	uint32_t pid = children_recorded ? (uint32_t)raw(SYS_getpid) : 0;

	lock_with_room(size_of(length));
	if (!children_recorded)
		new_child(0);
	put(SYS_execve, pid, 1, 0, (const uint8_t *)path, length);
	unlock();
	if (!children_recorded)
		number_of_child = 0; /* of the program itself */
}

static int stream_of(long fd)
{
	struct stat status;

	return raw(SYS_fstat, fd, &status) < 0 ? -1 : streams_known(fd, &status);
}

bool children_call(long number, const long a[6], long *result)
{
	long fd = number == SYS_splice || number == SYS_copy_file_range ? a[2]
		  : number == SYS_tee                                   ? a[1]
									: a[0];
	int stream;

	switch (number) {
	case SYS_write:
	case SYS_writev:
	case SYS_sendfile:
	case SYS_splice:
	case SYS_tee:
	case SYS_copy_file_range:
		break;
	default:
		return false;
	}
	stream = stream_of(fd);
	if (stream < 1)
		return false;
	if (number == SYS_write)
		*result = write_all(fd, stream, (const void *)a[1], (uint64_t)a[2]);
	else if (number == SYS_writev)
		*result = write_vector(fd, stream, (const struct iovec *)a[1], a[2]);
	else
		*result = -EINVAL; /* it goes on with read and write */
	return true;
}

void children_collect(void)
{
	struct region_outlet *outlet = &region->outlet;
	const struct record_answer *from;
	struct record_answer *to;
	static bool said;
	uint32_t at, room, bytes;
	bool unseen = false;

	if (__builtin_expect(!outlet->head, 1))
		return;
	lock();
	for (at = 0; at < outlet->head; at += from->head.size) {
		from = (const struct record_answer *)(outlet->bytes + at);
		bytes = from->head.size - (uint32_t)sizeof *from;
		to = log_answer_open(&room);
		memcpy((uint8_t *)to + sizeof to->head, (const uint8_t *)from + sizeof to->head,
		       from->head.size - sizeof to->head);
		to->process = (uint16_t)process_index;
		log_answer_close(to, bytes);
		unseen = unseen || (from->call == SYS_execve && from->args[0]);
	}
	outlet->head = 0;
	outlet->full = 0;
	unlock();
	if (!unseen || said)
		return;
	said = true;
	log_note(NOTE_UNCONTROLLED, 0,
		 "a child process runs a static or setuid program: what it prints is not in the "
		 "trace");
}
