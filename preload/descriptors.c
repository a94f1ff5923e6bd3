/*
 * The books about descriptors, see descriptors.h.
 */
#include "preload/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>

#include "preload/log.h"
#include "preload/raw.h"
#include "preload/tape.h"

#define REMEMBERED 1024

static struct {
	struct stat status;
	bool has_status, has_flags, has_timeout[2];
	bool nonblocking;
	bool has_real, never_waits; /* O_NONBLOCK, not asked on the tape */
	int64_t timeout[2];         /* sending, receiving */
} remembered[REMEMBERED];

/* These write only where something is remembered: most of the pages are never touched. */
static void forget_flags(long fd)
{
	if (remembered[fd].has_flags || remembered[fd].has_real)
		remembered[fd].has_flags = remembered[fd].has_real = false;
}

static void forget(long fd)
{
	if (remembered[fd].has_status)
		remembered[fd].has_status = false;
	forget_flags(fd);
	if (remembered[fd].has_timeout[0] || remembered[fd].has_timeout[1])
		remembered[fd].has_timeout[0] = remembered[fd].has_timeout[1] = false;
}

void descriptors_init(void)
{
	long fd;

	if (process_index == 0) {
		region->descriptor[1] = region->descriptor[2] = DESCRIPTOR_STREAM;
		return;
	}
	for (fd = 0; fd < REGION_DESCRIPTORS; fd++)
		if (region->descriptor[fd] && raw(SYS_fcntl, fd, F_GETFD) < 0)
			region->descriptor[fd] = DESCRIPTOR_OTHER;
}

enum descriptor_kind descriptors_kind(long fd)
{
	return fd >= 0 && fd < REGION_DESCRIPTORS ? (enum descriptor_kind)region->descriptor[fd]
						  : DESCRIPTOR_OTHER;
}

void descriptors_set(long fd, enum descriptor_kind kind)
{
	if (fd >= 0 && fd < REGION_DESCRIPTORS)
		region->descriptor[fd] = (uint8_t)kind;
}

void descriptors_changed(long fd)
{
	descriptors_set(fd, DESCRIPTOR_OTHER);
	if (fd >= 0 && fd < REMEMBERED)
		forget(fd);
}

void descriptors_flags_changed(void)
{
	uint32_t fd;

	for (fd = 0; fd < REMEMBERED; fd++)
		forget_flags(fd);
}

void descriptors_timeouts_changed(void)
{
	uint32_t fd;

	for (fd = 0; fd < REMEMBERED; fd++)
		if (remembered[fd].has_timeout[0] || remembered[fd].has_timeout[1])
			remembered[fd].has_timeout[0] = remembered[fd].has_timeout[1] = false;
}

static bool remembers(long fd)
{
	return tape_mode != TAPE_OFF && fd >= 0 && fd < REMEMBERED;
}

long descriptors_status(long fd, struct stat *status)
{
	long result;

	if (remembers(fd) && remembered[fd].has_status) {
		*status = remembered[fd].status;
		return 0;
	}
	result = tape_ask(SYS_fstat, fd, status);
	if (result == 0 && remembers(fd)) {
		remembered[fd].status = *status;
		remembered[fd].has_status = true;
	}
	return result;
}

bool descriptors_nonblocking(long fd)
{
	long flags;
	bool result;

	if (remembers(fd) && remembered[fd].has_flags)
		return remembered[fd].nonblocking;
	flags = tape_ask(SYS_fcntl, fd, F_GETFL);
	result = flags < 0 || (flags & O_NONBLOCK);
	if (remembers(fd)) {
		remembered[fd].nonblocking = result;
		remembered[fd].has_flags = true;
	}
	return result;
}

const struct stat *descriptors_seen(long fd)
{
	return remembers(fd) && remembered[fd].has_status ? &remembered[fd].status : NULL;
}

bool descriptors_never_wait(long fd)
{
	long flags;

	if (!remembers(fd))
		return false;
	if (!remembered[fd].has_real) {
		flags = raw(SYS_fcntl, fd, F_GETFL);
		remembered[fd].never_waits = flags >= 0 && (flags & O_NONBLOCK);
		remembered[fd].has_real = true;
	}
	return remembered[fd].never_waits;
}

int64_t descriptors_timeout(long fd, bool in)
{
	struct timeval time = { 0, 0 };
	socklen_t size = sizeof time;
	int64_t result;

	if (remembers(fd) && remembered[fd].has_timeout[in])
		return remembered[fd].timeout[in];
	if (tape_ask(SYS_getsockopt, fd, SOL_SOCKET, in ? SO_RCVTIMEO : SO_SNDTIMEO, &time, &size) <
		    0 ||
	    (!time.tv_sec && !time.tv_usec))
		result = -1;
	else
		result = time.tv_sec * 1000000000ll + time.tv_usec * 1000ll;
	if (remembers(fd)) {
		remembered[fd].timeout[in] = result;
		remembered[fd].has_timeout[in] = true;
	}
	return result;
}
