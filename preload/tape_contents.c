/*
 * Contents of files under the tape, see tape_contents.h.
 */
#include "preload/tape_contents.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "formats/hash.h"
#include "formats/record.h"
#include "preload/compose.h"
#include "preload/descriptors.h"
#include "preload/raw.h"
#include "preload/tape.h"
#include "preload/thread_state.h"

/* A file beyond that is kept by reference, and more of a mapping is not kept. */
#define KEPT_WHOLE (16ull << 20)
#define HASHED (256ull << 10) /* bytes of a mapping that tell whether it is still the same */
#define PATH 4096

static long opened = -1; /* by reference in the call that is being answered; -1: nothing */

static bool is_open(long number)
{
	return number == SYS_open || number == SYS_openat;
}

static long flags_of(long number, const long a[6])
{
	return a[number == SYS_open ? 1 : 2];
}

long contents_opened(void)
{
	return opened;
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

void contents_mapped(const long a[6])
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

bool contents_keep(const struct answers_row *row, long number, const long a[6], long result,
		   uint16_t *flags, answers_piece *piece)
{
	char path[PATH];
	uint32_t length;

	opened = -1;
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
		if (!by_reference(result, flags_of(number, a),
				  (const char *)a[number == SYS_open ? 0 : 1], path, &length))
			return true;
		*flags |= ANSWER_REFERENCE;
		opened = result;
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

static void open_reference(long flags, answers_piece *piece)
{
	char path[PATH];
	uint32_t length = tape_left();
	long fd;

	if (length >= sizeof path)
		length = sizeof path - 1;
	piece(NULL, path, length);
	path[length] = '\0';
	fd = raw(SYS_open, path, O_RDONLY | (flags & O_CLOEXEC), 0);
	if (fd < 0)
		tape_refuse("the replay needs the file ", path,
			    ", which the trace holds by reference only, and cannot open it");
	opened = fd;
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

bool contents_give(const struct answers_row *row, long number, const long a[6], long *result,
		   uint16_t flags, answers_piece *piece)
{
	bool reference = flags & ANSWER_REFERENCE;

	opened = -1;
	if (row->sort == ANSWERS_MAP) {
		if (*result < 0)
			return true;
		*result = reference ? map_reference(a, piece) : map_contents(a, piece);
		return true;
	}
	if (!reference)
		return false;
	if (is_open(number) && *result >= 0)
		open_reference(flags_of(number, a), piece);
	else if (is_read(number) && *result > 0 && descriptors_kind((int)a[0]) == DESCRIPTOR_FILE)
		read_reference(a, *result, piece);
	else
		tape_refuse("a recorded answer does not fit", "", "");
	return true;
}
