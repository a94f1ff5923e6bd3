/*
 * exec in the controlled process: the next image is controlled as well, if it can be. The runtime
 * and the way to the region are put back into the environment for this one call. In children exec
 * is native.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "preload/attach.h"
#include "preload/children.h"
#include "preload/compose.h"
#include "preload/decide.h"
#include "preload/exec.h"
#include "preload/interpose.h"
#include "preload/log.h"
#include "preload/process.h"
#include "preload/raw.h"
#include "preload/tape.h"
#include "preload/trap.h"

#define MOST_VARIABLES 65536
#define MOST_ARGUMENTS 1024
#define PATH_BYTES 4096
#define SHEBANG_LEVELS 4

extern char **environ;

static char *variables[MOST_VARIABLES + 3];
static char preload_entry[4 * PATH_BYTES], region_entry[128];

/* Reads the beginning of a file; bytes read or negative errno. */
static long read_head(const char *path, char *head, size_t size)
{
	long fd = raw(SYS_open, path, O_RDONLY | O_CLOEXEC, 0), result;

	if (fd < 0)
		return fd;
	result = raw(SYS_read, fd, head, size);
	raw(SYS_close, fd);
	return result;
}

static bool has_interpreter(const char *head, long length)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)head;
	const Elf64_Phdr *program;
	int i;

	if (length < (long)sizeof *header || memcmp(head, ELFMAG, SELFMAG) != 0 ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64 ||
	    header->e_phentsize != sizeof *program)
		return false;
	for (i = 0; i < header->e_phnum; i++) {
		if (header->e_phoff + (i + 1u) * sizeof *program > (uint64_t)length)
			return false;
		program = (const Elf64_Phdr *)(head + header->e_phoff) + i;
		if (program->p_type == PT_INTERP)
			return true;
	}
	return false;
}

/*
 * Would LD_PRELOAD work in this program? Dynamically linked, not setuid; scripts count as their
 * interpreter.
 */
static bool is_controllable(const char *path)
{
	static char head[PATH_BYTES], next[PATH_BYTES];
	struct stat status;
	int level;
	long length, start, end;

	for (level = 0; level < SHEBANG_LEVELS; level++) {
		if (raw(SYS_stat, path, &status) < 0 || (status.st_mode & (S_ISUID | S_ISGID)))
			return false;
		length = read_head(path, head, sizeof head - 1);
		if (length < 2)
			return false;
		if (head[0] != '#' || head[1] != '!')
			return has_interpreter(head, length);
		for (start = 2; start < length && (head[start] == ' ' || head[start] == '\t');
		     start++)
			;
		for (end = start; end < length && !strchr(" \t\n", head[end]); end++)
			;
		memcpy(next, head + start, (size_t)(end - start));
		next[end - start] = '\0';
		path = next;
	}
	return false;
}

/* Something that exec takes as it is: a text without an interpreter is run by a shell instead. */
static bool is_image(const char *path)
{
	char head[SELFMAG];

	return read_head(path, head, sizeof head) == sizeof head &&
	       (memcmp(head, ELFMAG, SELFMAG) == 0 || (head[0] == '#' && head[1] == '!'));
}

/* Can it be run at all? A search along PATH tries one name after the other. */
static bool is_program(const char *path)
{
	struct stat status;

	return raw(SYS_stat, path, &status) == 0 && S_ISREG(status.st_mode) &&
	       raw(SYS_access, path, 1) == 0;
}

static const char *value_of(char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; environment && *environment; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

/* The file that execvp would run: along PATH as execvp(3) does. */
static const char *find(const char *file, char *buffer)
{
	const char *path = value_of(environ, "PATH"), *end;
	size_t length, name = strlen(file);

	if (strchr(file, '/') || !*file)
		return file;
	for (path = path ? path : "/bin:/usr/bin"; *path; path = *end ? end + 1 : end) {
		end = strchr(path, ':');
		if (!end)
			end = path + strlen(path);
		length = (size_t)(end - path);
		if (length + name + 2 > PATH_BYTES)
			continue;
		memcpy(buffer, path, length);
		buffer[length] = '/';
		memcpy(buffer + (length ? length + 1 : 0), file, name + 1);
		if (raw(SYS_access, buffer, 1) == 0)
			return buffer;
	}
	return file;
}

static void append(char *to, size_t room, const char *text)
{
	size_t at = strlen(to), length = strlen(text);

	if (at + length < room)
		memcpy(to + at, text, length + 1);
}

/* The program's environment, with the runtime in front of what it preloads. */
static char *const *with_runtime(char *const *environment, const struct plan_environment *given,
				 bool child)
{
	const char *preload = value_of(environment, "LD_PRELOAD");
	size_t count = 0;

	preload_entry[0] = region_entry[0] = '\0';
	append(preload_entry, sizeof preload_entry, "LD_PRELOAD=");
	append(preload_entry, sizeof preload_entry, given->library);
	if (preload) {
		append(preload_entry, sizeof preload_entry, ":");
		append(preload_entry, sizeof preload_entry, preload);
	}
	append(region_entry, sizeof region_entry, child ? REGION_ENV "=+" : REGION_ENV "=");
	append(region_entry, sizeof region_entry, attach_region_variable());
	for (; environment && *environment && count < MOST_VARIABLES; environment++)
		if (strncmp(*environment, "LD_PRELOAD=", 11) != 0)
			variables[count++] = *environment;
	variables[count++] = preload_entry;
	variables[count++] = region_entry;
	variables[count] = NULL;
	return variables;
}

char *const *exec_child_environment(const char *path, char *const envp[])
{
	static char found[PATH_BYTES];
	const struct plan_environment *given;
	uint32_t length;

	if (!children_recorded && tape_mode != TAPE_KEEP)
		return envp;
	given = decide_section(PLAN_ENVIRONMENT, &length);
	path = find(path, found);
	if (given && is_controllable(path))
		return with_runtime(envp, given, true);
	if (is_program(path) && is_image(path))
		children_unseen(path);
	return envp;
}

enum exec_way {
	EXEC_PATH,   /* execve */
	EXEC_SEARCH, /* execvpe */
	EXEC_FD,     /* fexecve */
};

static int real_exec(enum exec_way way, int fd, const char *file, char *const argv[],
		     char *const envp[])
{
	switch (way) {
	case EXEC_SEARCH:
		return REAL(execvpe)(file, argv, envp);
	case EXEC_FD:
		return REAL(fexecve)(fd, argv, envp);
	default:
		return REAL(execve)(file, argv, envp);
	}
}

/* In a child of the program. */
static int child_exec(enum exec_way way, int fd, const char *file, char *const argv[],
		      char *const envp[])
{
	return real_exec(way, fd, file, argv, exec_child_environment(file, envp));
}

static int control_exec(struct lane *me, uint32_t context, enum exec_way way, int fd,
			const char *file, char *const argv[], char *const envp[])
{
	static char found[PATH_BYTES];
	struct region_process *process = &region->process[process_index];
	const struct plan_environment *given;
	const char *path = way == EXEC_SEARCH ? find(file, found) : file;
	uint32_t length;
	int result, error;
	bool control;

	given = decide_section(PLAN_ENVIRONMENT, &length);
	sched_point(me, EVENT_EXEC, NULL, context, 0);
	control = given && is_controllable(path);
	if (!control && is_program(path))
		log_note(
			NOTE_UNCONTROLLED, me->number,
			"the program replaced itself by one that cannot be controlled (static or setuid)");
	if (control && !attach_pass_region(true)) {
		log_note(NOTE_UNCONTROLLED, me->number,
			 "the program closed what the next one would have been controlled by");
		control = false;
	}
	sched_done(me, 0);
	process->state = PROCESS_REPLACED;
	process->virtual_ns = schedule.now;
	if (control && !given->personality_kept && !trap_active())
		raw(SYS_personality, given->personality | ADDR_NO_RANDOMIZE);
	if (!control)
		process_unpin();
	result = real_exec(way, fd, file, argv, control ? with_runtime(envp, given, false) : envp);
	error = errno;
	process->state = PROCESS_ATTACHED;
	attach_pass_region(false);
	process_pin();
	if (given && !given->personality_kept)
		raw(SYS_personality, given->personality);
	sched_event(me, EVENT_EXEC, NULL, context, -error);
	thread_leave(me);
	errno = error;
	return result;
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, child_exec(EXEC_PATH, -1, path, argv, envp));
	return control_exec(me, context, EXEC_PATH, -1, path, argv, envp);
}

EXPORT int execv(const char *path, char *const argv[])
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, child_exec(EXEC_PATH, -1, path, argv, environ));
	return control_exec(me, context, EXEC_PATH, -1, path, argv, environ);
}

EXPORT int execvp(const char *file, char *const argv[])
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, child_exec(EXEC_SEARCH, -1, file, argv, environ));
	return control_exec(me, context, EXEC_SEARCH, -1, file, argv, environ);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, child_exec(EXEC_SEARCH, -1, file, argv, envp));
	return control_exec(me, context, EXEC_SEARCH, -1, file, argv, envp);
}

static const char *file_of(int fd, char path[40])
{
	size_t at = compose(path, 40, 0, "/proc/self/fd/");

	compose_number(path, 40, at, (uint64_t)(uint32_t)fd);
	return path;
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	struct lane *me;
	uint32_t context;
	char path[40];

	INTERPOSE_ENTER(me, context, child_exec(EXEC_FD, fd, file_of(fd, path), argv, envp));
	return control_exec(me, context, EXEC_FD, fd, file_of(fd, path), argv, envp);
}

/* The list forms: arguments up to NULL, gathered into an array. */
#define GATHER_ARGUMENTS(list_, argv_, first_)                         \
	do {                                                           \
		int count_ = 0;                                        \
		(argv_)[count_++] = (char *)(uintptr_t)(first_);       \
		while ((argv_)[count_ - 1] && count_ < MOST_ARGUMENTS) \
			(argv_)[count_++] = va_arg(list_, char *);     \
		(argv_)[count_ - 1] = NULL;                            \
	} while (0)

EXPORT int execl(const char *path, const char *argument, ...)
{
	char *argv[MOST_ARGUMENTS];
	va_list list;

	va_start(list, argument);
	GATHER_ARGUMENTS(list, argv, argument);
	va_end(list);
	return execv(path, argv);
}

EXPORT int execlp(const char *file, const char *argument, ...)
{
	char *argv[MOST_ARGUMENTS];
	va_list list;

	va_start(list, argument);
	GATHER_ARGUMENTS(list, argv, argument);
	va_end(list);
	return execvp(file, argv);
}

EXPORT int execle(const char *path, const char *argument, ...)
{
	char *argv[MOST_ARGUMENTS], **envp;
	va_list list;

	va_start(list, argument);
	GATHER_ARGUMENTS(list, argv, argument);
	envp = va_arg(list, char **);
	va_end(list);
	return execve(path, argv, envp);
}
