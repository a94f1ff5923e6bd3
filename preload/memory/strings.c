/*
 * Functions of libc that read and write memory for their caller (memcpy, strlen, ...), in the place
 * of libc's where instrumented code calls them: accesses at the place of the call. See redirect.h.
 */
#include "preload/memory/strings.h"

#include <string.h>

#include "preload/interpose.h"
#include "preload/memory/access.h"
#include "preload/memory/redirect.h"

#define CALLER ((uint64_t)(uintptr_t)__builtin_return_address(0))

/* True: it is an event. */
static inline __attribute__((always_inline)) bool touch(const void *address, size_t size,
							bool writes, uint64_t pc,
							struct unwind_start start)
{
	uint64_t at = (uint64_t)(uintptr_t)address;
	uint32_t bytes = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
	struct lane *me = size ? memory_enter(at, size, writes, false, pc) : NULL;

	if (__builtin_expect(!me, 1))
		return false;
	start.stack = &me->stack;
	me->last = start;
	if (writes)
		memory_store(me, at, bytes);
	else
		memory_load(me, at, bytes);
	return true;
}

#define READ(at, size) touch(at, size, false, CALLER, unwind_here(NULL))
#define WRITE(at, size) touch(at, size, true, CALLER, unwind_here(NULL))

/*
 * What was read at the read, in case that others go on before the write: else nobody could come
 * between the two.
 */
#define KEPT 256u
#define KEEP(kept, from, size)                    \
	if (READ(from, size) && (size) <= KEPT) { \
		memcpy(kept, from, size);         \
		(from) = (const void *)(kept);    \
	}

#define COPY(storage, name, parameters, check, result) \
	storage void *name parameters                  \
	{                                              \
		char kept[KEPT];                       \
                                                       \
		check;                                 \
		KEEP(kept, from, size)                 \
		WRITE(to, size);                       \
		memmove(to, from, size);               \
		return result;                         \
	}

/* Where _FORTIFY_SOURCE knows the room: libc ends the program when it is too small. */
extern void *__memset_chk(void *to, int byte, size_t size, size_t room);

#define CHECK(size, room)                                \
	do {                                             \
		if ((size) > (room))                     \
			__memset_chk(to, 0, size, room); \
	} while (0)

#define BLOCKS void *to, const void *from, size_t size

COPY(static, copy, (BLOCKS), , to)
COPY(static, copy_on, (BLOCKS), , (char *)to + size)
COPY(static, copy_checked, (BLOCKS, size_t room), CHECK(size, room), to)
COPY(static, copy_on_checked, (BLOCKS, size_t room), CHECK(size, room), (char *)to + size)

/* What clang calls from version 15 on. */
EXPORT void *__tsan_memcpy(BLOCKS);
EXPORT void *__tsan_memmove(BLOCKS);
EXPORT void *__tsan_memset(void *to, int byte, size_t size);

COPY(EXPORT, __tsan_memcpy, (BLOCKS), , to)
COPY(EXPORT, __tsan_memmove, (BLOCKS), , to)

EXPORT void *__tsan_memset(void *to, int byte, size_t size)
{
	WRITE(to, size);
	return memset(to, byte, size);
}

static void *set(void *to, int byte, size_t size)
{
	WRITE(to, size);
	return memset(to, byte, size);
}

static void *set_checked(void *to, int byte, size_t size, size_t room)
{
	CHECK(size, room);
	WRITE(to, size);
	return memset(to, byte, size);
}

static int compare(const void *a, const void *b, size_t size)
{
	READ(a, size);
	READ(b, size);
	return memcmp(a, b, size);
}

static void *find(const void *in, int byte, size_t size)
{
	void *found = memchr(in, byte, size);

	READ(in, found ? (size_t)((char *)found - (const char *)in) + 1 : size);
	return memchr(in, byte, size);
}

static size_t length(const char *string)
{
	READ(string, strlen(string) + 1);
	return strlen(string);
}

/* What is looked at of a string of which at most so much counts. */
static size_t used(const char *string, size_t most)
{
	size_t n = strnlen(string, most);

	return n + (n < most);
}

static size_t length_to(const char *string, size_t most)
{
	READ(string, used(string, most));
	return strnlen(string, most);
}

/* From `to` on, with the NUL that ends it. */
#define APPEND(to, from, n, result)        \
	do {                               \
		char kept[KEPT];           \
		const char *text = from;   \
		size_t bytes = n;          \
		char *end = to;            \
                                           \
		KEEP(kept, text, bytes)    \
		WRITE(end, bytes);         \
		memmove(end, text, bytes); \
		return result;             \
	} while (0)

static char *copy_string(char *to, const char *from)
{
	APPEND(to, from, strlen(from) + 1, to);
}

static char *copy_string_on(char *to, const char *from)
{
	APPEND(to, from, strlen(from) + 1, end + bytes - 1);
}

static char *copy_string_checked(char *to, const char *from, size_t room)
{
	CHECK(strlen(from) + 1, room);
	APPEND(to, from, strlen(from) + 1, to);
}

static char *copy_string_on_checked(char *to, const char *from, size_t room)
{
	CHECK(strlen(from) + 1, room);
	APPEND(to, from, strlen(from) + 1, end + bytes - 1);
}

static char *add_string_checked(char *to, const char *from, size_t room)
{
	CHECK(strlen(to) + strlen(from) + 1, room);
	READ(to, strlen(to) + 1);
	APPEND(to + strlen(to), from, strlen(from) + 1, to);
}

static char *add_string(char *to, const char *from)
{
	READ(to, strlen(to) + 1);
	APPEND(to + strlen(to), from, strlen(from) + 1, to);
}

#define COPY_STRING_TO(name, parameters, check) \
	static char *name parameters            \
	{                                       \
		check;                          \
		READ(from, used(from, most));   \
		WRITE(to, most);                \
		return strncpy(to, from, most); \
	}

#define ADD_STRING_TO(name, parameters, check)                   \
	static char *name parameters                             \
	{                                                        \
		check;                                           \
		READ(to, strlen(to) + 1);                        \
		READ(from, used(from, most));                    \
		WRITE(to + strlen(to), strnlen(from, most) + 1); \
		return strncat(to, from, most);                  \
	}

COPY_STRING_TO(copy_string_to, (char *to, const char *from, size_t most), )
COPY_STRING_TO(copy_string_to_checked, (char *to, const char *from, size_t most, size_t room),
	       CHECK(most, room))
ADD_STRING_TO(add_string_to, (char *to, const char *from, size_t most), )
ADD_STRING_TO(add_string_to_checked, (char *to, const char *from, size_t most, size_t room),
	      CHECK(strlen(to) + strnlen(from, most) + 1, room))

/* As far as a comparison looks. */
static size_t compared(const char *a, const char *b, size_t most)
{
	size_t i = 0;

	while (i < most && a[i] == b[i] && a[i])
		i++;
	return i + (i < most);
}

static int compare_strings(const char *a, const char *b)
{
	READ(a, compared(a, b, SIZE_MAX));
	READ(b, compared(a, b, SIZE_MAX));
	return strcmp(a, b);
}

static int compare_strings_to(const char *a, const char *b, size_t most)
{
	READ(a, compared(a, b, most));
	READ(b, compared(a, b, most));
	return strncmp(a, b, most);
}

static char *find_in_string(const char *string, int byte)
{
	char *found = strchr(string, byte);

	READ(string, found ? (size_t)(found - string) + 1 : strlen(string) + 1);
	return strchr(string, byte);
}

static char *find_last_in_string(const char *string, int byte)
{
	READ(string, strlen(string) + 1);
	return strrchr(string, byte);
}

static const struct redirect rows[] = {
	{ "memcpy", copy },
	{ "memmove", copy },
	{ "mempcpy", copy_on },
	{ "memset", set },
	{ "memcmp", compare },
	{ "bcmp", compare },
	{ "memchr", find },
	{ "strlen", length },
	{ "strnlen", length_to },
	{ "strcpy", copy_string },
	{ "stpcpy", copy_string_on },
	{ "strncpy", copy_string_to },
	{ "strcat", add_string },
	{ "strncat", add_string_to },
	{ "strcmp", compare_strings },
	{ "strncmp", compare_strings_to },
	{ "strchr", find_in_string },
	{ "strrchr", find_last_in_string },
	{ "__memcpy_chk", copy_checked },
	{ "__memmove_chk", copy_checked },
	{ "__memset_chk", set_checked },
	{ "__mempcpy_chk", copy_on_checked },
	{ "__strcpy_chk", copy_string_checked },
	{ "__stpcpy_chk", copy_string_on_checked },
	{ "__strncpy_chk", copy_string_to_checked },
	{ "__strcat_chk", add_string_checked },
	{ "__strncat_chk", add_string_to_checked },
	{ NULL, NULL },
};

void strings_redirect(uint64_t pc)
{
	redirect_module(pc, rows);
}
