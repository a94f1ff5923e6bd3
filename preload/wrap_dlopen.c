/*
 * Libraries that the program loads by their paths, dlopen(3): in a replay of a trace with packed
 * files (PLAN_UNPACKED) they are where those were unpacked.
 */
#include <dlfcn.h>
#include <linux/limits.h>
#include <stddef.h>

#include "preload/compose.h"
#include "preload/decide.h"
#include "preload/direct.h"
#include "preload/interpose.h"
#include "preload/log.h"
#include "preload/raw.h"
#include "preload/tape.h"

static void announce(void)
{
	uint32_t inside;

	if (!direct_begin(&inside))
		return;
	log_loaded_modules();
	direct_end(inside, 0);
}

static void *open_unpacked(const char *path, int mode)
{
	char unpacked[PATH_MAX];
	uint32_t length;
	const char *root = decide_section(PLAN_UNPACKED, &length);
	size_t at = root ? compose(unpacked, sizeof unpacked, 0, root) : 0;

	at = compose(unpacked, sizeof unpacked, at, path);
	if (!root || at + 1 == sizeof unpacked || raw(SYS_access, unpacked, 0) < 0)
		return REAL(dlopen)(path, mode);
	return REAL(dlopen)(unpacked, mode);
}

static __attribute__((noinline)) void *open_path(const char *path, int mode)
{
	void *library = tape_giving() ? open_unpacked(path, mode) : REAL(dlopen)(path, mode);

	announce();
	return library;
}

/*
 * A name without a directory is looked for in those that the caller's object names, which dlopen
 * knows by its return address: the call must be a jump, and is one where nothing of this function
 * is needed any more. Such a library is announced when it is closed, or at the end.
 */
EXPORT void *dlopen(const char *file, int mode)
{
	if (tape_mode != TAPE_OFF && file && *file == '/')
		return open_path(file, mode);
	return REAL(dlopen)(file, mode);
}

EXPORT int dlclose(void *library)
{
	announce();
	return REAL(dlclose)(library);
}
