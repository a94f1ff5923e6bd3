/*
 * See the header. Tables of names; no files are read.
 */
#include "recorder/symbols_user.h"

#include <stddef.h>
#include <string.h>

#include "recorder/source.h"

static const char *const system_prefixes[] = {
	"/usr/include/",   "/usr/local/include/", "/usr/lib/gcc/", "/usr/lib/llvm",
	"/usr/lib/clang/", "/usr/lib/rustlib/",   "/rustc/",
};

/* Tool chains that live elsewhere. */
static const char *const system_parts[] = {
	"/include/c++/",
	"/lib/rustlib/src/",
	"/rustc/library/",
};

/* Up to the first character that is not of the name: "libc" is libc.so.6 and libc-2.31.so. */
static const char *const system_libraries[] = {
	"libc",      "ld-linux-x86-64", "ld",          "libpthread",
	"librt",     "libdl",           "libm",        "libmvec",
	"libresolv", "libutil",         "libanl",      "libthread_db",
	"libstdc++", "libc++",          "libc++abi",   "libunwind",
	"libgcc_s",  "libatomic",       "libasan",     "libtsan",
	"libubsan",  "liblsan",         "libhwasan",   "libgomp",
	"libomp",    "libiomp5",        "libfrontrun", "linux-vdso",
	"[vdso]",    "python",          "libpython",   "libfrontrun-python3",
};

static const char *const start_functions[] = {
	"_start",
	"_init",
	"_fini",
	"__libc_start_main",
	"__libc_start_call_main",
	"__libc_csu_init",
	"__libc_csu_fini",
	"deregister_tm_clones",
	"register_tm_clones",
	"__do_global_dtors_aux",
	"frame_dummy",
	"_dl_relocate_static_pie",
	"__static_initialization_and_destruction_0",
};

static const char *const runtime_prefixes[] = {
	"__asan",         "__tsan",          "__ubsan",        "__lsan",     "__sanitizer",
	"__interceptor_", "___interceptor_", "__interception", "__frontrun",
};

static bool starts_with(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool symbols_is_system_path(const char *path)
{
	char normal[SOURCE_PATH_MAX];
	size_t i;

	/* clang: "/usr/bin/../lib/gcc/x86_64-linux-gnu/12/../../../../include/c++/12/mutex" */
	source_path(path, NULL, normal, sizeof(normal));
	for (i = 0; i < COUNT(system_prefixes); i++)
		if (starts_with(normal, system_prefixes[i]))
			return true;
	for (i = 0; i < COUNT(system_parts); i++)
		if (strstr(normal, system_parts[i]))
			return true;
	return false;
}

bool symbols_is_system_module(const char *name)
{
	size_t i, n;

	if (starts_with(name, "libclang_rt."))
		return true;
	for (i = 0; i < COUNT(system_libraries); i++) {
		n = strlen(system_libraries[i]);
		if (strncmp(name, system_libraries[i], n) == 0 &&
		    (name[n] == '\0' || name[n] == '.' || starts_with(name + n, "-2.")))
			return true;
	}
	return false;
}

bool symbols_is_runtime_function(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(start_functions); i++)
		if (strcmp(name, start_functions[i]) == 0)
			return true;
	for (i = 0; i < COUNT(runtime_prefixes); i++)
		if (starts_with(name, runtime_prefixes[i]))
			return true;
	return false;
}

bool symbols_is_glue_section(const char *name)
{
	return starts_with(name, ".plt") || strcmp(name, ".init") == 0 ||
	       strcmp(name, ".fini") == 0 || strcmp(name, ".iplt") == 0;
}
