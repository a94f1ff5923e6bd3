/*
 * The walks over a call's memory, see answers.h. What the kernel's structures hold besides bytes of
 * the outside (pointers of the program in the events of epoll) is translated.
 */
#include "preload/answers.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#define NUMBERS 512
#define MOST_MESSAGES 1024
#define MOST_VECTOR 1024
#define REGISTRATIONS 4096 /* a power of two */

#define SPEC_NONE                  \
	{                          \
		ANSWERS_NONE, 0, 0 \
	}
#define SPEC_NAME(i, j)            \
	{                          \
		ANSWERS_NAME, i, j \
	}
#define SPEC_NAMES(i, j)            \
	{                           \
		ANSWERS_NAMES, i, j \
	}
#define SPEC_BYTES(i, j)            \
	{                           \
		ANSWERS_BYTES, i, j \
	}
#define SPEC_ADDRESS(i, j)            \
	{                             \
		ANSWERS_ADDRESS, i, j \
	}
#define SPEC_VECTOR(i, j)            \
	{                            \
		ANSWERS_VECTOR, i, j \
	}
#define SPEC_MESSAGE(i, j)               \
	{                                \
		ANSWERS_OF_MESSAGE, i, j \
	}
#define SPEC_MESSAGES(i, j)               \
	{                                 \
		ANSWERS_OF_MESSAGES, i, j \
	}
#define SPEC_TO(i, j)            \
	{                        \
		ANSWERS_TO, i, j \
	}
#define SPEC_FIXED(i, j)            \
	{                           \
		ANSWERS_FIXED, i, j \
	}
#define SPEC_RESULT(i, j)            \
	{                            \
		ANSWERS_RESULT, i, j \
	}
#define SPEC_FROM(i, j)            \
	{                          \
		ANSWERS_FROM, i, j \
	}
#define SPEC_LENGTH(i, j)            \
	{                            \
		ANSWERS_LENGTH, i, j \
	}
#define SPEC_LENGTHS(i, j)            \
	{                             \
		ANSWERS_LENGTHS, i, j \
	}
#define SPEC_POLL(i, j)            \
	{                          \
		ANSWERS_POLL, i, j \
	}
#define SPEC_SETS(i, j)            \
	{                          \
		ANSWERS_SETS, i, j \
	}
#define SPEC_EVENTS(i, j)            \
	{                            \
		ANSWERS_EVENTS, i, j \
	}
#define SPEC_COUNT(i, j)            \
	{                           \
		ANSWERS_COUNT, i, j \
	}
#define SPEC_TYPED(i, j)            \
	{                           \
		ANSWERS_TYPED, i, j \
	}
#define SPEC_PRIORITY(i, j)            \
	{                              \
		ANSWERS_PRIORITY, i, j \
	}
#define SPEC_CHILD(i, j)            \
	{                           \
		ANSWERS_CHILD, i, j \
	}
#define SPEC_CONTROL                  \
	{                             \
		ANSWERS_CONTROL, 0, 0 \
	}

#define SORT_PLAIN ANSWERS_PLAIN
#define SORT_OPEN ANSWERS_OPEN
#define SORT_PAIR ANSWERS_PAIR
#define SORT_DUP ANSWERS_DUP
#define SORT_CLOSE ANSWERS_CLOSE
#define SORT_WRITE ANSWERS_WRITE
#define SORT_ALSO ANSWERS_ALSO
#define SORT_FCNTL ANSWERS_FCNTL
#define SORT_IOCTL ANSWERS_IOCTL
#define SORT_EPOLL_CTL ANSWERS_EPOLL_CTL
#define SORT_MESSAGE ANSWERS_MESSAGE
#define SORT_MAP ANSWERS_MAP
#define SORT_REAL ANSWERS_REAL
#define SORT_ABSENT ANSWERS_ABSENT
#define SORT_CHILD ANSWERS_CHILD_PROCESS

static const struct answers_row rows[NUMBERS] = {
#define ANSWER(call, count, addresses, sort, name, sent, got)                              \
	[SYS_##call] = {                                                                   \
		#call, count, addresses, SORT_##sort, SPEC_##name, SPEC_##sent, SPEC_##got \
	},
#include "formats/answers.def"
#undef ANSWER
};

/* What the kernel will overwrite: lengths of addresses and of control data. */
static struct {
	uint32_t name;
	uint64_t control;
} offered[MOST_MESSAGES];

/* Which value an epoll instance was given for a descriptor: in a replay it may be another. */
static struct registration {
	int epoll, fd; /* fd -1: free */
	uint64_t value;
} registrations[REGISTRATIONS];
static uint32_t registered;

const struct answers_row *answers_row(long number)
{
	return number >= 0 && number < NUMBERS && rows[number].call ? &rows[number] : NULL;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t vector_pieces(const struct iovec *vector, long count, uint64_t most,
			      answers_piece *piece, void *self)
{
	uint64_t left = most, n;
	long i;

	for (i = 0; left && i < count && i < MOST_VECTOR; i++) {
		n = least(vector[i].iov_len, left);
		if (n)
			piece(self, vector[i].iov_base, n);
		left -= n;
	}
	return most - left;
}

/* Without the padding, which holds whatever was there before. */
static void address_sent(struct sockaddr *address, uint64_t length, answers_piece *piece,
			 void *self)
{
	struct sockaddr_un *local = (struct sockaddr_un *)address;
	uint64_t path = offsetof(struct sockaddr_un, sun_path);

	if (!address || length < sizeof address->sa_family)
		return;
	if (address->sa_family == AF_INET && length >= sizeof(struct sockaddr_in))
		length = offsetof(struct sockaddr_in, sin_zero);
	else if (address->sa_family == AF_UNIX && length > path && local->sun_path[0])
		length = path + strnlen(local->sun_path, length - path);
	piece(self, address, length);
}

static void message_sent(struct msghdr *message, answers_piece *piece, void *self)
{
	address_sent(message->msg_name, message->msg_namelen, piece, self);
	vector_pieces(message->msg_iov, (long)message->msg_iovlen, UINT64_MAX, piece, self);
}

void answers_sent(const struct answers_row *row, const long a[6], answers_piece *piece, void *self)
{
	const struct answers_spec *sent = &row->sent;
	void *bytes = (void *)a[sent->a];
	long i;

	if (sent->how == ANSWERS_NONE || !bytes)
		return;
	switch (sent->how) {
	case ANSWERS_BYTES:
		if (a[sent->b] > 0)
			piece(self, bytes, (uint64_t)a[sent->b]);
		break;
	case ANSWERS_ADDRESS:
		address_sent(bytes, (uint32_t)a[sent->b], piece, self);
		break;
	case ANSWERS_FIXED:
		piece(self, bytes, sent->b);
		break;
	case ANSWERS_TO:
		piece(self, bytes, (uint64_t)a[sent->b]);
		address_sent((struct sockaddr *)a[4], (uint32_t)a[5], piece, self);
		break;
	case ANSWERS_VECTOR:
		vector_pieces(bytes, a[sent->b], UINT64_MAX, piece, self);
		break;
	case ANSWERS_OF_MESSAGE:
		message_sent(bytes, piece, self);
		break;
	case ANSWERS_OF_MESSAGES:
		for (i = 0; i < a[sent->b] && i < MOST_MESSAGES; i++)
			message_sent(&((struct mmsghdr *)bytes)[i].msg_hdr, piece, self);
		break;
	default:
		break;
	}
}

static void before_message(const struct msghdr *message, uint32_t i)
{
	offered[i].name = message->msg_namelen;
	offered[i].control = message->msg_controllen;
}

void answers_before(const struct answers_row *row, const long a[6])
{
	const struct answers_spec *got = &row->got;
	uint32_t i;

	switch (got->how) {
	case ANSWERS_LENGTH:
		offered[0].name = a[got->b] ? *(const uint32_t *)a[got->b] : 0;
		break;
	case ANSWERS_FROM:
		offered[0].name = a[5] ? *(const uint32_t *)a[5] : 0;
		break;
	case ANSWERS_OF_MESSAGE:
		before_message((const struct msghdr *)a[got->a], 0);
		break;
	case ANSWERS_OF_MESSAGES:
		for (i = 0; i < a[got->b] && i < MOST_MESSAGES; i++)
			before_message(&((const struct mmsghdr *)a[got->a])[i].msg_hdr, i);
		break;
	default:
		break;
	}
}

/* A value-result length and what it counts, of which the program offered `room` bytes. */
static void counted(void *bytes, uint32_t *length, uint32_t room, answers_piece *piece, void *self)
{
	if (!length)
		return;
	piece(self, length, sizeof *length);
	if (bytes && least(*length, room))
		piece(self, bytes, least(*length, room));
}

static bool message_got(struct msghdr *message, uint64_t bytes, uint32_t i, answers_piece *piece,
			void *self)
{
	uint64_t n;

	piece(self, &message->msg_namelen, sizeof message->msg_namelen);
	piece(self, &message->msg_controllen, sizeof message->msg_controllen);
	piece(self, &message->msg_flags, sizeof message->msg_flags);
	n = least(message->msg_namelen, offered[i].name);
	if (message->msg_name && n)
		piece(self, message->msg_name, n);
	n = least(message->msg_controllen, offered[i].control);
	if (message->msg_control && n)
		piece(self, message->msg_control, n);
	n = vector_pieces(message->msg_iov, (long)message->msg_iovlen, bytes, piece, self);
	return n == bytes || (message->msg_flags & MSG_TRUNC);
}

static bool messages_got(struct mmsghdr *messages, long count, answers_piece *piece, void *self)
{
	long i;

	for (i = 0; i < count; i++) {
		piece(self, &messages[i].msg_len, sizeof messages[i].msg_len);
		if (!message_got(&messages[i].msg_hdr, messages[i].msg_len, (uint32_t)i, piece,
				 self))
			return false;
	}
	return true;
}

static void sets_got(const long a[6], answers_piece *piece, void *self)
{
	uint64_t bytes = ((uint64_t)a[0] + 63) / 64 * 8;
	int i;

	for (i = 1; i <= 3; i++)
		if (a[i] && a[0] > 0 && a[0] <= FD_SETSIZE)
			piece(self, (void *)a[i], bytes);
}

static struct registration *find_registration(int epoll, int fd)
{
	uint32_t i;

	for (i = 0; i < registered; i++)
		if (registrations[i].epoll == epoll && registrations[i].fd == fd)
			return &registrations[i];
	return NULL;
}

void answers_register(int epoll, int fd, uint64_t value, bool gone)
{
	struct registration *found = find_registration(epoll, fd);

	if (!found && !gone && registered < REGISTRATIONS)
		found = &registrations[registered++];
	if (!found)
		return;
	if (gone)
		*found = registrations[--registered];
	else
		*found = (struct registration){ epoll, fd, value };
}

static int descriptor_of(int epoll, uint64_t value)
{
	uint32_t i;

	for (i = 0; i < registered; i++)
		if (registrations[i].epoll == epoll && registrations[i].value == value)
			return registrations[i].fd;
	return -1;
}

/* Each event by the descriptor that it is about: the program's value for it may be a pointer. */
static void events_got(int epoll, struct epoll_event *events, long count, bool giving,
		       answers_piece *piece, void *self)
{
	const struct registration *found;
	uint32_t what;
	uint64_t value;
	int32_t fd;
	long i;

	for (i = 0; i < count; i++) {
		what = events[i].events;
		value = events[i].data.u64;
		fd = giving ? -1 : descriptor_of(epoll, value);
		piece(self, &what, sizeof what);
		piece(self, &fd, sizeof fd);
		piece(self, &value, sizeof value);
		if (!giving)
			continue;
		found = find_registration(epoll, fd);
		events[i].events = what;
		events[i].data.u64 = found ? found->value : value;
	}
}

static uint64_t ioctl_bytes(unsigned long request)
{
	switch (request) {
	case TCGETS:
		return 36; /* the kernel's structure */
	case TIOCGWINSZ:
		return 8;
	case TIOCGPGRP:
	case TIOCGSID:
	case TIOCOUTQ:
	case FIONREAD:
	case SIOCATMARK:
		return 4;
	}
	if (request >> 8 == 0x89) /* of sockets: one struct ifreq */
		return 40;
	return _IOC_DIR(request) & _IOC_READ ? _IOC_SIZE(request) : 0;
}

static uint64_t control_bytes(long number, const long a[6])
{
	if (number == SYS_ioctl)
		return ioctl_bytes((unsigned long)(uint32_t)a[1]);
	switch (a[1]) {
	case F_GETLK:
	case F_OFD_GETLK:
		return sizeof(struct flock);
	case F_GETOWN_EX:
		return sizeof(struct f_owner_ex);
	default:
		return 0;
	}
}

/* Results that tell a length although there is no room for so much. */
static bool may_be_longer(long number, const long a[6], uint64_t room)
{
	switch (number) {
	case SYS_recvfrom:
		return a[3] & MSG_TRUNC;
	case SYS_getxattr:
	case SYS_lgetxattr:
	case SYS_fgetxattr:
	case SYS_listxattr:
	case SYS_llistxattr:
	case SYS_flistxattr:
		return room == 0;
	default:
		return false;
	}
}

bool answers_got(const struct answers_row *row, long number, const long a[6], long result,
		 bool giving, answers_piece *piece, void *self)
{
	const struct answers_spec *got = &row->got;
	void *bytes = (void *)a[got->a];
	uint64_t n = (uint64_t)result, room = got->b < 6 ? (uint64_t)a[got->b] : 0;
	struct pollfd *fds;
	uint64_t i;

	if (got->how == ANSWERS_NONE || (result < 0 && got->how != ANSWERS_LENGTHS))
		return true;
	switch (got->how) {
	case ANSWERS_RESULT:
	case ANSWERS_FROM:
		if (bytes && least(n, room))
			piece(self, bytes, least(n, room));
		if (got->how == ANSWERS_FROM)
			counted((void *)a[4], (uint32_t *)a[5], offered[0].name, piece, self);
		return n <= room || may_be_longer(number, a, room);
	case ANSWERS_FIXED:
		if (bytes)
			piece(self, bytes, got->b);
		return true;
	case ANSWERS_LENGTH:
		counted(bytes, (uint32_t *)a[got->b], offered[0].name, piece, self);
		return true;
	case ANSWERS_VECTOR:
		return vector_pieces(bytes, a[got->b], n, piece, self) == n;
	case ANSWERS_OF_MESSAGE:
		return message_got(bytes, n, 0, piece, self);
	case ANSWERS_OF_MESSAGES:
		if (n > room || n > MOST_MESSAGES)
			return false;
		return messages_got(bytes, result, piece, self);
	case ANSWERS_LENGTHS:
		for (i = 0; result > 0 && i < n && i < room; i++)
			piece(self, &((struct mmsghdr *)bytes)[i].msg_len, sizeof(unsigned));
		return result <= 0 || n <= room;
	case ANSWERS_POLL:
		for (fds = bytes, i = 0; i < room; i++)
			piece(self, &fds[i].revents, sizeof fds[i].revents);
		return n <= room;
	case ANSWERS_SETS:
		sets_got(a, piece, self);
		return true;
	case ANSWERS_EVENTS:
		if (n > room)
			return false;
		events_got((int)a[0], bytes, result, giving, piece, self);
		return true;
	case ANSWERS_COUNT:
		if (n && bytes && a[0] > 0)
			piece(self, bytes, least(n, (uint64_t)a[0]) * got->b);
		return a[0] == 0 || n <= (uint64_t)a[0];
	case ANSWERS_TYPED:
		if (n > room)
			return false;
		piece(self, bytes, n + sizeof(long));
		return true;
	case ANSWERS_PRIORITY:
		if (n > room)
			return false;
		piece(self, bytes, n);
		if (a[3])
			piece(self, (void *)a[3], sizeof(unsigned));
		return true;
	case ANSWERS_CHILD:
		if (bytes)
			piece(self, bytes, number == SYS_wait4 ? sizeof(int) : 128);
		if (a[got->b])
			piece(self, (void *)a[got->b], 144);
		return true;
	case ANSWERS_CONTROL:
		n = control_bytes(number, a);
		if (n && a[2])
			piece(self, (void *)a[2], n);
		return true;
	default:
		return true;
	}
}
