/*
 * Which file a command name means, and would execve(2) take it: the search of execvp(3), done
 * without executing, so that the refusal can be explained in one sentence. What the file contains
 * beyond its first bytes is elf.c. Formats registered with binfmt_misc are not known here and are
 * refused.
 */
#include "recorder/elf.h"
#include "recorder/alloc.h"
#include "recorder/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

int program_parse_script(const char *head, size_t length, char **interpreter, char **argument)
{
	const char *at = head + 2, *end, *name_end;

	if (interpreter)
		*interpreter = NULL;
	if (argument)
		*argument = NULL;
	if (length < 2 || head[0] != '#' || head[1] != '!')
		return 0;
	end = memchr(head, '\n', length);
	if (!end) {
		/* A longer line is cut; then the interpreter must at least end inside. */
		end = head + length;
		while (at < end && is_blank(*at))
			at++;
		while (at < end && !is_blank(*at) && *at)
			at++;
		if (at == end && length == PROGRAM_HEAD)
			return 0;
		at = head + 2;
	}
	while (end > at && is_blank(end[-1]))
		end--;
	while (at < end && is_blank(*at))
		at++;
	name_end = at;
	while (name_end < end && !is_blank(*name_end) && *name_end)
		name_end++;
	if (name_end == at)
		return 0;
	if (interpreter)
		*interpreter = alloc_check(strndup(at, (size_t)(name_end - at)));
	for (at = name_end; at < end && is_blank(*at); at++)
		;
	if (argument && at < end && *at)
		*argument = alloc_check(strndup(at, (size_t)(end - at)));
	return 1;
}

char *program_env_name(const char *interpreter, const char *argument)
{
	const char *base = strrchr(interpreter, '/');
	size_t length;

	if (strcmp(base ? base + 1 : interpreter, "env") != 0 || !argument)
		return NULL;
	if (strncmp(argument, "-S", 2) == 0)
		for (argument += 2; is_blank(*argument); argument++)
			;
	length = strcspn(argument, " \t");
	if (!length || argument[0] == '-' || memchr(argument, '=', length))
		return NULL;
	return alloc_check(strndup(argument, length));
}

/*
 * The PT_INTERP string of a 64-bit ELF program into `name`; 0 when it has none or is not 64-bit.
 * By hand, because candidates on PATH are looked at before anyone knows that they are sane.
 */
static int elf_interpreter(int fd, char name[PATH_MAX])
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	ssize_t n;
	int i;

	if (pread(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(segment))
		return 0;
	for (i = 0; i < header.e_phnum; i++) {
		n = pread(fd, &segment, sizeof(segment),
			  (off_t)(header.e_phoff + (uint64_t)i * sizeof(segment)));
		if (n != (ssize_t)sizeof(segment))
			return 0;
		if (segment.p_type != PT_INTERP)
			continue;
		if (segment.p_filesz < 2 || segment.p_filesz > PATH_MAX)
			return 0;
		n = pread(fd, name, segment.p_filesz, (off_t)segment.p_offset);
		return n == (ssize_t)segment.p_filesz && name[n - 1] == '\0';
	}
	return 0;
}

/* What execve(2) would answer for `path`, as far as files tell: 0 or a negative errno. */
static int check_executable(const char *path, int level, struct err *err)
{
	char head[PROGRAM_HEAD], name[PATH_MAX], *interpreter = NULL;
	struct stat st;
	int fd, ret;
	ssize_t n;

	if (level > ELF_SCRIPT_LEVELS)
		return err_set(err, ELOOP, "more than %d interpreters in a row", ELF_SCRIPT_LEVELS);
	if (stat(path, &st) < 0) {
		ret = -errno;
		return err_set(err, -ret, "%s", strerror(-ret));
	}
	if (S_ISDIR(st.st_mode))
		return err_set(err, EACCES, "it is a directory");
	if (!S_ISREG(st.st_mode))
		return err_set(err, EACCES, "it is not a regular file");
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0) {
		ret = -errno;
		return err_set(err, -ret, "no permission to execute it (chmod +x?)");
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return 0; /* executable but not readable: the kernel can do it */
	n = pread(fd, head, sizeof(head), 0);
	if (n >= (ssize_t)SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0) {
		ret = 0;
		if (elf_interpreter(fd, name) && stat(name, &st) < 0) {
			ret = -errno;
			err_set(err, -ret, "its loader %s: %s", name, strerror(-ret));
		}
	} else if (n > 0 && program_parse_script(head, (size_t)n, &interpreter, NULL)) {
		ret = check_executable(interpreter, level + 1, err);
		if (ret < 0 && level == 0) {
			struct err inner = *err;

			err_set(err, -ret, "its interpreter %s: %s", interpreter, inner.text);
		}
		free(interpreter);
	} else {
		ret = err_set(err, ENOEXEC,
			      "it is neither an ELF program nor a script with a #! line");
	}
	close(fd);
	return ret;
}

static int refuse(const char *path, int ret, const struct err *why, struct err *err)
{
	return err_set(err, -ret, "cannot run %s: %s", path, why->text);
}

/* The search of execvp(3), glibc posix/execvpe.c. */
static int search_path(const char *name, const char *dirs, char **out, struct err *err)
{
	size_t name_length = strlen(name), length;
	struct err why, denied = { 0, "" };
	char candidate[PATH_MAX + NAME_MAX + 2], first_denied[sizeof(candidate)];
	const char *end;
	int ret = -ENOENT;

	if (name_length > NAME_MAX)
		return err_set(err, ENAMETOOLONG, "cannot run %.60s...: %s", name,
			       strerror(ENAMETOOLONG));
	for (;; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		length = (size_t)(end - dirs);
		if (length < PATH_MAX) {
			snprintf(candidate, sizeof(candidate), "%.*s%s%s", (int)length, dirs,
				 length ? "/" : "", name);
			ret = check_executable(candidate, 0, &why);
			if (ret == 0) {
				*out = alloc_check(strdup(candidate));
				return 0;
			}
			if (ret == -EACCES && !denied.code) {
				denied = why;
				memcpy(first_denied, candidate, sizeof(candidate));
			} else if (ret != -EACCES && ret != -ENOENT && ret != -ENOTDIR &&
				   ret != -ESTALE && ret != -ENODEV && ret != -ETIMEDOUT) {
				return refuse(candidate, ret, &why, err);
			}
		}
		if (*end == '\0')
			break;
	}
	if (denied.code)
		return refuse(first_denied, -EACCES, &denied, err);
	return err_set(err, -ret, "%s: command not found in PATH", name);
}

int elf_find_program(const char *name, const char *path_env, char **out, struct err *err)
{
	char standard[256];
	struct err why;
	int ret;

	*out = NULL;
	if (*name == '\0')
		return err_set(err, ENOENT, "the command is an empty string");
	if (!strchr(name, '/')) {
		if (!path_env) {
			confstr(_CS_PATH, standard, sizeof(standard));
			path_env = standard;
		}
		return search_path(name, path_env, out, err);
	}
	ret = check_executable(name, 0, &why);
	if (ret < 0)
		return refuse(name, ret, &why, err);
	*out = alloc_check(strdup(name));
	return 0;
}

int elf_exit_status(int error)
{
	return error == -ENOENT ? 127 : 126;
}
