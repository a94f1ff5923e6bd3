/*
 * Addresses of sockets, see sockets.h. socket(7), ip(7), unix(7).
 */
#include "preload/sockets.h"

#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "preload/compose.h"
#include "preload/decide.h"
#include "preload/files.h"
#include "preload/raw.h"
#include "preload/tape.h"

#define FIRST_CHOSEN \
	32768 /* the kernel chooses none below, /proc/sys/net/ipv4/ip_local_port_range */
#define PORTS 256
#define SOCKETS 1024
#define NAME 512
#define SETTLE_MS 1000

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage room;
};

/* Ports that the kernel chose for the program, with what stands for them; the oldest go first. */
static struct {
	uint32_t lane; /* that asked for it */
	uint16_t port;
	char shown[8]; /* "*", "*#1f9a" */
} chosen[PORTS];
static uint32_t chosen_count;

static uint8_t listening[65536 / 8]; /* ports that connections were accepted at */
static uint8_t bound_ports[65536 / 8];

/* By inode (+ 1: for requests): once connected or listening a socket stays what it is. */
static struct {
	uint64_t inode;
	struct object *object;
} known[SOCKETS];

static bool has(const uint8_t *ports, uint16_t port)
{
	return ports[port / 8] >> (port % 8) & 1;
}

static void put(uint8_t *ports, uint16_t port)
{
	ports[port / 8] |= (uint8_t)(1u << (port % 8));
}

/* 0: it has no such address. */
static socklen_t address_of(long fd, bool peer, union address *address)
{
	socklen_t size = sizeof *address;

	memset(address, 0, sizeof *address);
	if (tape_ask(peer ? SYS_getpeername : SYS_getsockname, fd, address, &size) < 0)
		return 0;
	return size <= sizeof *address ? size : sizeof *address;
}

static uint16_t port_of(const union address *address)
{
	return ntohs(address->any.sa_family == AF_INET6 ? address->in6.sin6_port
							: address->in.sin_port);
}

static bool is_internet(const union address *address)
{
	return address->any.sa_family == AF_INET || address->any.sa_family == AF_INET6;
}

static const char *shown_port(uint16_t port)
{
	uint32_t i;

	for (i = 0; i < chosen_count && i < PORTS; i++)
		if (chosen[i].port == port)
			return chosen[i].shown;
	return NULL;
}

static bool accepts(long fd)
{
	int on = 0;
	socklen_t size = sizeof on;

	return tape_ask(SYS_getsockopt, fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) == 0 && on;
}

static bool listened_at(const union address *own)
{
	return is_internet(own) && has(listening, port_of(own));
}

static size_t put_v4(char *name, size_t at, const uint8_t *bytes)
{
	int i;

	for (i = 0; i < 4; i++) {
		at = compose(name, NAME, at, i ? "." : "");
		at = compose_number(name, NAME, at, bytes[i]);
	}
	return at;
}

static size_t put_group(char *name, size_t at, unsigned group)
{
	static const char hex[] = "0123456789abcdef";
	int shift = 12;

	while (shift && !(group >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		at = compose_bytes(name, NAME, at, &hex[group >> shift & 15], 1);
	return at;
}

/* RFC 5952: the first longest run of two or more zero groups is "::". */
static size_t put_v6(char *name, size_t at, const uint8_t *bytes)
{
	unsigned group[8], i, n, run = 8, longest = 1;

	for (i = 0; i < 8; i++)
		group[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
	for (i = 0; i < 8; i += n ? n : 1) {
		for (n = 0; i + n < 8 && !group[i + n]; n++)
			;
		if (n > longest) {
			longest = n;
			run = i;
		}
	}
	at = compose(name, NAME, at, "[");
	for (i = 0; i < 8; i++) {
		if (i == run) {
			at = compose(name, NAME, at, "::");
			i += longest - 1;
			continue;
		}
		at = compose(name, NAME, at, i && i != run + longest ? ":" : "");
		at = put_group(name, at, group[i]);
	}
	return compose(name, NAME, at, "]");
}

static const char *internet_name(const union address *address)
{
	static char name[NAME];
	const char *port = shown_port(port_of(address));
	size_t at = compose(name, NAME, 0, "socket:");

	if (address->any.sa_family == AF_INET)
		at = put_v4(name, at, (const uint8_t *)&address->in.sin_addr);
	else if (IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr))
		at = put_v4(name, at, address->in6.sin6_addr.s6_addr + 12);
	else
		at = put_v6(name, at, address->in6.sin6_addr.s6_addr);
	at = compose(name, NAME, at, ":");
	if (port)
		compose(name, NAME, at, port);
	else
		compose_number(name, NAME, at, port_of(address));
	return name;
}

/* An abstract name that the kernel has chosen is five digits (unix(7)), and says nothing. */
static const char *unix_name(const union address *address, socklen_t size)
{
	static const char digits[] = "0123456789abcdef";
	char path[sizeof address->un.sun_path + 1] = "";
	size_t length = size - offsetof(struct sockaddr_un, sun_path);

	memcpy(path, address->un.sun_path, length < sizeof path ? length : sizeof path - 1);
	if (path[0])
		return files_named("unix:", path);
	path[0] = '@';
	if (length == 6 && strspn(path + 1, digits) == 5)
		return NULL;
	return files_escaped("unix:", path);
}

/* NULL: nothing that is worth a name. */
static const char *name_of(const union address *address, socklen_t size)
{
	if (is_internet(address) && size >= sizeof address->in)
		return port_of(address) ? internet_name(address) : NULL;
	if (address->any.sa_family == AF_UNIX && size > offsetof(struct sockaddr_un, sun_path))
		return unix_name(address, size);
	return NULL;
}

static struct object *named(struct lane *me, const char *name, uint32_t context)
{
	uint64_t key = hash_bytes(name, strlen(name)) | 1ull << 63;
	struct object *object = object_peek((void *)key, OBJECT_DESCRIPTOR);

	return object ? object : object_resource(me, key, OBJECT_DESCRIPTOR, name, context);
}

static uint64_t inode_of(const struct stat *status)
{
	return hash_id(status->st_dev, status->st_ino, status->st_mode & S_IFMT) | 1ull << 63;
}

/* One of the connections to an address. */
static struct object *connection(struct lane *me, const struct stat *status, const char *name,
				 uint32_t context)
{
	char text[NAME];

	if (!name)
		return NULL;
	compose(text, sizeof text, compose(text, sizeof text, 0, "connection to "), name);
	return object_named(me, inode_of(status), OBJECT_DESCRIPTOR, text, context);
}

static struct object *listener(struct lane *me, const union address *own, socklen_t size,
			       uint32_t context)
{
	const char *name = name_of(own, size);

	if (is_internet(own))
		put(listening, port_of(own));
	return name ? named(me, name, context) : NULL;
}

/* Not connected: by the address that the program has bound it to, not one of the kernel's. */
static struct object *bound(struct lane *me, const union address *own, socklen_t size,
			    uint32_t context)
{
	const char *name;

	if (is_internet(own) && port_of(own) >= FIRST_CHOSEN && !shown_port(port_of(own)))
		return NULL;
	name = name_of(own, size);
	return name ? named(me, name, context) : NULL;
}

static struct object *look(struct lane *me, long fd, const struct stat *status, bool request,
			   bool *lasting, uint32_t context)
{
	union address own, peer;
	socklen_t own_size = address_of(fd, false, &own), peer_size;
	const char *name;

	*lasting = true;
	if (!own_size)
		return NULL;
	if (accepts(fd))
		return listener(me, &own, own_size, context);
	peer_size = address_of(fd, true, &peer);
	*lasting = peer_size > 0;
	if (!peer_size)
		return bound(me, &own, own_size, context);
	name = listened_at(&own) ? NULL : name_of(&peer, peer_size);
	if (name && request)
		return named(me, name, context);
	/* The end that was accepted has the listener's address for its own. */
	return connection(me, status, name ? name : name_of(&own, own_size), context);
}

struct object *sockets_object(struct lane *me, long fd, const struct stat *status, bool request,
			      const struct sockaddr *to, long size, uint32_t context)
{
	uint64_t inode = inode_of(status), slot = (inode + request) % SOCKETS;
	struct object *object;
	union address address;
	const char *name;
	bool lasting;

	if (to && size > 0 && size <= (long)sizeof address) {
		memset(&address, 0, sizeof address);
		memcpy(&address, to, (size_t)size);
		name = name_of(&address, (socklen_t)size);
		if (name)
			return named(me, name, context);
	}
	if (known[slot].inode == inode + request)
		return known[slot].object;
	object = look(me, fd, status, request, &lasting, context);
	if (lasting && object) {
		known[slot].inode = inode + request;
		known[slot].object = object;
	}
	return object;
}

/* The first one of the first thread is "*"; others are told by which lane asked, and how often. */
static void show_chosen(struct lane *me, char *shown, size_t room)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t n = 1, i;
	uint64_t hash;
	size_t at = compose(shown, room, 0, "*");

	for (i = 0; i < chosen_count && i < PORTS; i++)
		n += chosen[i].lane == me->number;
	if (me->origin == LANE_MAIN && n == 1)
		return;
	hash = hash_id(me->id_hash, n, 0);
	at = compose(shown, room, at, "#");
	for (i = 0; i < 4; i++)
		at = compose_bytes(shown, room, at, &digits[hash >> (4 * i) & 15], 1);
}

void sockets_bound(struct lane *me, long fd, bool is_chosen)
{
	union address own;
	uint32_t slot = chosen_count % PORTS;
	char shown[sizeof chosen->shown];

	if (!address_of(fd, false, &own) || !is_internet(&own))
		return;
	put(bound_ports, port_of(&own));
	if (!is_chosen || shown_port(port_of(&own)))
		return;
	show_chosen(me, shown, sizeof shown);
	chosen[slot].lane = me->number;
	chosen[slot].port = port_of(&own);
	memcpy(chosen[slot].shown, shown, sizeof shown);
	chosen_count++;
}

/* A client's socket, whose server is another process. No question of this is on the tape. */
static bool is_outside(long fd)
{
	struct ucred peer_process = { 0 };
	union address own = { 0 }, peer = { 0 };
	socklen_t length = sizeof peer_process, size = sizeof peer, own_size = sizeof own;

	if (raw(SYS_getpeername, fd, &peer, &size) < 0 ||
	    raw(SYS_getsockname, fd, &own, &own_size) < 0 || listened_at(&own))
		return false;
	if (is_internet(&peer))
		return !has(bound_ports, port_of(&peer));
	return name_of(&peer, size) &&
	       raw(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &peer_process, &length) == 0 &&
	       peer_process.pid != raw(SYS_getpid);
}

void sockets_sent(struct lane *me, long fd)
{
	struct stat status;

	if (decide_clock_choices() && !tape_giving() && raw(SYS_fstat, fd, &status) == 0 &&
	    S_ISSOCK(status.st_mode))
		me->asked = is_outside(fd) ? (int)fd + 1 : 0;
}

void sockets_settle(struct lane *me)
{
	struct pollfd answer = { .fd = me->asked - 1, .events = POLLIN };

	if (!me->asked)
		return;
	me->asked = 0;
	raw(SYS_poll, &answer, 1, SETTLE_MS);
}
