/*
 * Descriptors are followed from the call that opened them, so that bytes can be said to be of a
 * file or of an endpoint: see the header. The trace is hostile: every length is looked at.
 */
#include "replayer/input.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>

#include "recorder/alloc.h"
#include "replayer/answer_text.h"

enum { NAME_MAX_BYTES = 4096, DESCRIPTORS_MAX = 1 << 20, THINGS_MAX = 1 << 20 };

struct input_descriptor {
	struct {
		uint32_t process;
		int32_t fd;
	} key;
	struct input_thing *thing; /* NULL: nothing to tell */
	UT_hash_handle hh;
};

void input_init(struct input *input)
{
	memset(input, 0, sizeof(*input));
}

void input_fini(struct input *input)
{
	struct input_descriptor *descriptor, *next_descriptor;
	struct input_thing *thing, *next;

	HASH_ITER (hh, input->descriptors, descriptor, next_descriptor) {
		HASH_DEL(input->descriptors, descriptor);
		free(descriptor);
	}
	HASH_ITER (hh, input->things, thing, next) {
		HASH_DEL(input->things, thing);
		free(thing);
	}
	children_fini(&input->children);
	memset(input, 0, sizeof(*input));
}

uint64_t input_count(const struct input *input, enum input_sort sort)
{
	const struct input_thing *thing;
	uint64_t count = 0;

	for (thing = input->things; thing; thing = thing->hh.next)
		count += thing->sort == sort;
	return count;
}

/* The thing of this name, made when it is new; NULL when a trace names too many. */
static struct input_thing *thing_of(struct input *input, enum input_sort sort, const char *name,
				    size_t len)
{
	struct input_thing *thing;

	if (len > NAME_MAX_BYTES)
		len = NAME_MAX_BYTES;
	len = strnlen(name, len);
	HASH_FIND(hh, input->things, name, len, thing);
	if (thing || HASH_COUNT(input->things) >= THINGS_MAX)
		return thing;
	thing = alloc_check(calloc(1, sizeof(*thing) + len + 1));
	thing->sort = sort;
	memcpy(thing->name, name, len);
	HASH_ADD(hh, input->things, name, len, thing);
	return thing;
}

static struct input_descriptor *find(const struct input *input, uint32_t process, int64_t fd)
{
	struct input_descriptor *descriptor, key = { 0 };

	key.key.process = process;
	key.key.fd = (int32_t)fd;
	HASH_FIND(hh, input->descriptors, &key.key, sizeof(key.key), descriptor);
	return descriptor;
}

static void set(struct input *input, uint32_t process, int64_t fd, struct input_thing *thing)
{
	struct input_descriptor *descriptor = find(input, process, fd);

	if (!descriptor && HASH_COUNT(input->descriptors) < DESCRIPTORS_MAX) {
		descriptor = alloc_check(calloc(1, sizeof(*descriptor)));
		descriptor->key.process = process;
		descriptor->key.fd = (int32_t)fd;
		HASH_ADD(hh, input->descriptors, key, sizeof(descriptor->key), descriptor);
	}
	if (descriptor)
		descriptor->thing = thing;
}

/* What a descriptor is about; standard input, which nobody opened, has a thing of its own. */
static struct input_thing *about(struct input *input, uint32_t process, int64_t fd)
{
	struct input_descriptor *descriptor = find(input, process, fd);

	if (!descriptor && fd == 0)
		return thing_of(input, INPUT_STDIN, "standard input", 14);
	return descriptor ? descriptor->thing : NULL;
}

static struct input_thing *endpoint(struct input *input, const void *address, size_t len)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		char bytes[sizeof(struct sockaddr_storage)];
	} sockaddr = { .bytes = { 0 } };
	char host[INET6_ADDRSTRLEN] = "?", name[256];
	size_t start = offsetof(struct sockaddr_un, sun_path);

	if (len < sizeof(sa_family_t))
		return NULL;
	memcpy(&sockaddr, address, len < sizeof(sockaddr) - 1 ? len : sizeof(sockaddr) - 1);
	switch (sockaddr.any.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &sockaddr.in.sin_addr, host, sizeof(host));
		snprintf(name, sizeof(name), "%s:%u", host, ntohs(sockaddr.in.sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &sockaddr.in6.sin6_addr, host, sizeof(host));
		snprintf(name, sizeof(name), "[%s]:%u", host, ntohs(sockaddr.in6.sin6_port));
		break;
	case AF_UNIX:
		if (len <= start)
			return NULL;
		if (sockaddr.un.sun_path[0])
			snprintf(name, sizeof(name), "unix:%s", sockaddr.un.sun_path);
		else
			snprintf(name, sizeof(name), "unix:@%s", sockaddr.un.sun_path + 1);
		break;
	case AF_NETLINK:
		snprintf(name, sizeof(name), "netlink");
		break;
	default:
		snprintf(name, sizeof(name), "family %u", sockaddr.any.sa_family);
	}
	return thing_of(input, INPUT_ENDPOINT, name, strlen(name));
}

/* The file that is opened: as it is resolved, else as it was said, below its directory. */
static struct input_thing *opened(struct input *input, const struct trace_answer *answer)
{
	struct input_descriptor *directory = NULL;
	struct input_thing *thing;
	const char *name = answer->name;
	char path[2 * NAME_MAX_BYTES + 2];
	size_t len = answer->name_len;

	if (answer->flags & ANSWER_REFERENCE && answer->got_len) {
		thing = thing_of(input, INPUT_FILE, answer->got, answer->got_len);
		if (thing && !thing->reference)
			input->references++;
		if (thing)
			thing->reference = true;
		return thing;
	}
	if (!len)
		return NULL;
	if (answer->call == SYS_openat || answer->call == SYS_openat2)
		directory = find(input, answer->process, answer->args[0]);
	if (name[0] != '/' && directory && directory->thing &&
	    directory->thing->sort == INPUT_FILE) {
		len = (size_t)snprintf(path, sizeof(path), "%s/%.*s", directory->thing->name,
				       (int)(len < NAME_MAX_BYTES ? len : NAME_MAX_BYTES), name);
		name = path;
	}
	return thing_of(input, INPUT_FILE, name, len);
}

/* The peer's address behind its length, at `at` of what came in. */
static struct input_thing *peer(struct input *input, const struct trace_answer *answer, size_t at)
{
	uint32_t len;

	if (answer->got_len < at || answer->got_len - at < sizeof(len))
		return NULL;
	memcpy(&len, (const char *)answer->got + at, sizeof(len));
	at += sizeof(len);
	return endpoint(input, (const char *)answer->got + at,
			len < answer->got_len - at ? len : answer->got_len - at);
}

/* Which descriptor stands for what from now on. */
static void follow(struct input *input, const struct trace_answer *answer)
{
	struct input_descriptor *from;
	struct input_thing *thing;

	if (answer->result < 0 && answer->call != SYS_connect)
		return;
	switch (answer->call) {
	case SYS_open:
	case SYS_openat:
	case SYS_openat2:
	case SYS_creat:
		set(input, answer->process, answer->result, opened(input, answer));
		break;
	case SYS_accept:
	case SYS_accept4:
		thing = peer(input, answer, 0);
		from = find(input, answer->process, answer->args[0]);
		set(input, answer->process, answer->result,
		    thing  ? thing
		    : from ? from->thing
			   : NULL);
		break;
	case SYS_connect:
	case SYS_bind:
		set(input, answer->process, answer->args[0],
		    endpoint(input, answer->sent, answer->sent_len));
		break;
	case SYS_dup:
	case SYS_dup2:
	case SYS_dup3:
		from = find(input, answer->process, answer->args[0]);
		if (from || answer->args[0])
			set(input, answer->process, answer->result, from ? from->thing : NULL);
		break;
	case SYS_socket:
	case SYS_eventfd2:
	case SYS_epoll_create1:
	case SYS_timerfd_create:
		set(input, answer->process, answer->result, NULL);
		break;
	case SYS_close:
		set(input, answer->process, answer->args[0], NULL);
		break;
	}
}

/* Datagrams have an address of their own. */
static struct input_thing *other_end(struct input *input, const struct trace_answer *answer)
{
	struct input_thing *thing = NULL;
	uint64_t bytes = (uint64_t)answer->result;

	if (answer->call == SYS_sendto && answer->args[5] > 0 && answer->args[2] >= 0 &&
	    (uint64_t)answer->args[2] < answer->sent_len)
		thing = endpoint(input, (const char *)answer->sent + answer->args[2],
				 answer->sent_len - (size_t)answer->args[2]);
	if (answer->call == SYS_recvfrom && answer->got_len > bytes)
		thing = peer(input, answer, bytes);
	return thing ? thing : about(input, answer->process, answer->args[0]);
}

static uint64_t mapped(const struct trace_answer *answer)
{
	struct answer_reference reference;
	uint64_t length;

	if (answer->flags & ANSWER_REFERENCE && answer->got_len == sizeof(reference)) {
		memcpy(&reference, answer->got, sizeof(reference));
		return reference.length;
	}
	if (answer->got_len < sizeof(length))
		return 0;
	memcpy(&length, answer->got, sizeof(length));
	return length;
}

static void count_bytes(struct input *input, const struct trace_answer *answer, unsigned call)
{
	int way = answer_direction(answer->call);
	struct input_thing *thing;
	uint64_t bytes;

	if (answer->call == SYS_mmap && answer->result >= 0) {
		thing = about(input, answer->process, answer->args[4]);
		bytes = mapped(answer);
		if (thing)
			thing->in += bytes;
	} else if (way && answer->result > 0) {
		thing = other_end(input, answer);
		bytes = (uint64_t)answer->result;
		if (thing)
			*(way > 0 ? &thing->in : &thing->out) += bytes;
		if (way < 0) {
			input->out += bytes;
			return;
		}
	} else {
		bytes = answer->got_len;
	}
	input->in += bytes;
	input->by_call[call].in += bytes;
}

static bool has(const void *bytes, size_t len, const char *needle)
{
	return len && memmem(bytes, len, needle, strlen(needle));
}

static bool has_home(const void *bytes, size_t len)
{
	return has(bytes, len, "/home/") || has(bytes, len,
						"/root"
						"/");
}

static bool named(const struct trace_answer *answer, const char *name)
{
	return answer->name_len == strlen(name) && !memcmp(answer->name, name, answer->name_len);
}

static void count_sensitive(struct input *input, const struct trace_answer *answer)
{
	const struct input_thing *thing;

	secrets_scan(&input->secrets, answer->sent, answer->sent_len);
	if (!(answer->flags & ANSWER_REFERENCE))
		secrets_scan(&input->secrets, answer->got, answer->got_len);
	input->homes += has_home(answer->name, answer->name_len) ||
			has_home(answer->got, answer->got_len) ||
			has_home(answer->sent, answer->sent_len);
	thing = answer_direction(answer->call) > 0 && answer->result > 0
			? about(input, answer->process, answer->args[0])
			: NULL;
	input->users += answer->call == SYS_getuid || answer->call == SYS_geteuid ||
			(thing && !strcmp(thing->name, "/etc/passwd"));
	input->hosts += answer->call == SYS_uname ||
			(thing && (!strcmp(thing->name, "/etc/hostname") ||
				   !strcmp(thing->name, "/etc/hosts"))) ||
			named(answer, "/proc/sys/kernel/hostname");
}

void input_add(struct input *input, const struct trace_answer *answer)
{
	unsigned call = answer->call < INPUT_CALLS - 1 ? answer->call : INPUT_CALLS - 1;

	input->redacted += (answer->flags & ANSWER_REDACTED) != 0;
	count_sensitive(input, answer);
	children_add(&input->children, answer);
	if ((answer->flags & ANSWER_NEXT) || children_own(answer))
		return;
	input->calls++;
	input->by_call[call].calls++;
	input->asked += (answer->flags & ANSWER_ASKED) != 0;
	count_bytes(input, answer, call);
	follow(input, answer);
}
