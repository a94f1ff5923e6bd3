/*
 * `frontrun cc` and `frontrun cxx` (c++): a compiler whose programs let every access to memory be a
 * scheduling point. Becomes gcc or clang with -fsanitize=thread where something is compiled, and
 * with our library in the place of libtsan where something is linked. All words are the compiler's.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorder/alloc.h"
#include "recorder/commands.h"
#include "recorder/elf.h"

#define WORDS_OF_COMPILER 8 /* FRONTRUN_CC="ccache gcc-12" */
#define OWN_WORDS 16

struct build {
	const struct command *command;
	char **words; /* what is executed */
	int count;
	bool clang;
	bool compiles, links;
	const char *is_static; /* -static, or what else asks for it */
};

static void add(struct build *build, const char *word)
{
	build->words[build->count++] = alloc_check(strdup(word));
}

/* The program that the last word of the compiler stands for, through all links. */
static bool is_clang(const char *name)
{
	char *path, real[PATH_MAX];
	const char *base;
	bool clang;

	if (elf_find_program(name, getenv("PATH"), &path, NULL))
		return strstr(name, "clang") != NULL;
	base = realpath(path, real) ? strrchr(real, '/') + 1 : path;
	clang = strstr(base, "clang") || strstr(base, "llvm");
	free(path);
	return clang;
}

static void add_compiler(struct build *build)
{
	bool cxx = !strcmp(build->command->name, "cxx");
	const char *given = getenv(cxx ? "FRONTRUN_CXX" : "FRONTRUN_CC");
	char *copy = alloc_check(strdup(given && *given ? given : cxx ? "c++" : "cc"));
	char *word, *rest = copy;

	while ((word = strsep(&rest, " ")) && build->count < WORDS_OF_COMPILER)
		if (*word)
			add(build, word);
	free(copy);
	build->clang = build->count && is_clang(build->words[build->count - 1]);
}

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(word, *list))
			return true;
	return false;
}

/* Does the name say that it is to be compiled? Others are the linker's. */
static bool is_source(const char *word)
{
	static const char *const endings[] = { ".c",   ".i", ".cc", ".cp",  ".cxx", ".cpp", ".CPP",
					       ".c++", ".C", ".ii", ".s",   ".S",   ".sx",  ".m",
					       ".mm",  ".h", ".hh", ".hpp", NULL };
	const char *dot = strrchr(word, '.');

	return dot && is_one_of(dot, endings);
}

/* What the words ask for. */
static void look(struct build *build, int argc, char **argv)
{
	/* Their next word is no file. */
	static const char *const with_value[] = {
		"-o",         "-x",        "-I",      "-L",      "-l",        "-D",       "-U",
		"-include",   "-isystem",  "-MF",     "-MT",     "-MQ",       "-Xlinker", "-iquote",
		"-T",         "-z",        "-u",      "--param", "-arch",     "-imacros", "-Xclang",
		"-idirafter", "-aux-info", "-target", "-mllvm",  "-isysroot", NULL
	};
	static const char *const no_link[] = { "-c", "-S",     "-E", "-M", "-MM", "-fsyntax-only",
					       "-r", "-Wl,-r", NULL };
	static const char *const statics[] = { "-static",         "-static-pie",    "--static",
					       "-static-libtsan", "-static-libsan", NULL };
	bool files = false, stops = false, language = false;
	int i;

	for (i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (is_one_of(word, statics))
			build->is_static = word;
		stops |= is_one_of(word, no_link);
		language |= !strncmp(word, "-x", 2) && strcmp(word, "-xnone") != 0;
		if (is_one_of(word, with_value)) {
			i++;
		} else if (*word != '-' || !word[1]) {
			files = true;
			build->compiles |= is_source(word) || language || *word == '@';
		}
	}
	build->links = files && !stops;
	build->compiles |= stops;
}

/* Where libtsan.so is that is ours: beside the CLI, else where it was installed. */
static char *find_folder(void)
{
	char self[PATH_MAX], *folder;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return NULL;
	self[n] = '\0';
	alloc_check(asprintf(&folder, "%.*s/tsan", (int)(strrchr(self, '/') - self), self) < 0
			    ? NULL
			    : folder);
	if (access(folder, X_OK)) {
		free(folder);
		folder = alloc_check(strdup(FRONTRUN_LIBDIR "/tsan"));
	}
	return folder;
}

static void add_link(struct build *build, const char *folder)
{
	char *word;

	alloc_check(asprintf(&word, "-L%s", folder) < 0 ? NULL : word);
	add(build, word);
	free(word);
	alloc_check(asprintf(&word, "-Wl,-rpath,%s", folder) < 0 ? NULL : word);
	add(build, word);
	free(word);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct build build = { .command = command };
	char *folder = find_folder();

	if (!folder || access(folder, X_OK))
		return options_usage_error(command,
					   "the runtime library is missing (%s): install frontrun "
					   "again",
					   folder ? folder : "/proc is not mounted");
	build.words = alloc_check(
		calloc((size_t)argc + WORDS_OF_COMPILER + OWN_WORDS, sizeof(*build.words)));
	add_compiler(&build);
	look(&build, argc, argv);
	if (build.links && build.is_static)
		return options_usage_error(command,
					   "%s: a program that is linked statically cannot be "
					   "controlled: link it dynamically",
					   build.is_static);
	if (build.compiles) {
		add(&build, "-g");
		add(&build, "-fsanitize=thread");
	}
	/* What libtsan makes of fences is no matter here: they are known. */
	if (!build.clang && build.compiles)
		add(&build, "-Wno-tsan");
	/* By itself clang leaves out the read of `x = x + 1`, as its race is the write's, too. */
	if (build.clang && build.compiles) {
		add(&build, "-mllvm");
		add(&build, "-tsan-instrument-read-before-write=1");
	}
	if (build.links && build.clang && build.compiles)
		add(&build, "-fno-sanitize-link-runtime");
	if (build.links)
		add_link(&build, folder);
	memcpy(build.words + build.count, argv + 1, (size_t)(argc - 1) * sizeof(*argv));
	build.count += argc - 1;
	/* Behind all objects. gcc adds it itself where it compiles. */
	if (build.links && (build.clang || !build.compiles)) {
		add(&build, "-Wl,--push-state,--no-as-needed");
		add(&build, "-ltsan");
		add(&build, "-Wl,--pop-state");
	}
	execvp(build.words[0], build.words);
	return options_usage_error(command, "%s: %s: name a compiler with %s", build.words[0],
				   strerror(errno),
				   strcmp(command->name, "cxx") ? "FRONTRUN_CC" : "FRONTRUN_CXX");
}

int cmd_cc(const struct command *command, int argc, char **argv)
{
	return run(command, argc, argv);
}

int cmd_cxx(const struct command *command, int argc, char **argv)
{
	return run(command, argc, argv);
}
