/*
 * Looks for source files and reads lines from them.
 */
#include "replayer/snippet.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recorder/fields.h"
#include "recorder/source.h"
#include "recorder/text.h"

enum { LONGEST = 12, UP = 6 };

/* A trace of a stranger can name any file: only what looks like source is read. */
static bool is_source_name(const char *path)
{
	static const char *const endings[] = { ".c",  ".h",  ".cc", ".cpp", ".cxx", ".c++", ".hh",
					       ".hpp", ".hxx", ".inl", ".ipp", ".rs", ".py", ".y" };
	const char *dot = strrchr(path, '.');
	size_t i;

	for (i = 0; dot && i < sizeof(endings) / sizeof(*endings); i++)
		if (strcmp(dot, endings[i]) == 0)
			return true;
	return false;
}

static const char *program_path(const struct trace_names *names)
{
	uint32_t i;

	for (i = 0; i < trace_names_modules_end(names); i++) {
		const struct trace_module *module = trace_names_module(names, i);

		if (module && module->main)
			return module->path;
	}
	return NULL;
}

static int read_line(const struct history *history, const char *path, unsigned line, char *buffer)
{
	const char *cwd = fields_string(history->file->header, "cwd", NULL);
	const char *program = program_path(history->file->names);
	char directory[PATH_MAX], here[PATH_MAX], *slash;
	int got, i;

	if (!line || !is_source_name(path))
		return -ENOENT;
	got = source_line(path, cwd, getcwd(here, sizeof(here)) ? here : NULL, line, buffer,
			  SNIPPET_WIDTH);
	if (got >= 0 || path[0] == '/' || !program || strlen(program) >= sizeof(directory))
		return got;
	strcpy(directory, program);
	for (i = 0; i < UP && got < 0; i++) {
		slash = strrchr(directory, '/');
		if (!slash || slash == directory)
			break;
		*slash = '\0';
		got = source_line(path, directory, NULL, line, buffer, SNIPPET_WIDTH);
	}
	return got;
}

/* Braces and blank lines say nothing. */
static bool says_something(const char *line)
{
	return line[strspn(line, " \t{};")] != '\0';
}

void snippet_find(struct snippet *snippet, const struct history *history, uint32_t number,
		  uint32_t end_number)
{
	const struct trace_location *location =
		trace_names_location(history->file->names, number);
	const struct trace_location *end = trace_names_location(history->file->names, end_number);
	const struct trace_source *source, *last;
	unsigned line;
	char *into;

	*snippet = (struct snippet){ 0 };
	if (!location || !location->source.file)
		return;
	source = &location->source;
	last = end ? &end->source : NULL;
	snippet->first = source->line;
	if (last && last->file && last->function && source->function &&
	    strcmp(last->file, source->file) == 0 &&
	    strcmp(last->function, source->function) == 0 && last->line > source->line + 1 &&
	    last->line <= source->line + LONGEST) {
		snippet->last = last->line;
		for (line = source->line + 1;
		     line < last->line && snippet->lines_n < SNIPPET_LINES; line++) {
			into = snippet->lines[snippet->lines_n];
			if (read_line(history, source->file, line, into) < 0)
				break;
			snippet->lines_n += says_something(into);
		}
		if (snippet->lines_n)
			return;
	}
	if (read_line(history, source->file, source->line, snippet->lines[0]) > 0)
		snippet->lines_n = 1;
}

/* "a += b", "a++": the change is made from what is there now. */
static bool is_update(const char *line)
{
	static const char *const operators[] = { "+=", "-=", "*=", "|=", "&=", "^=", "++", "--" };
	size_t i;

	for (i = 0; i < sizeof(operators) / sizeof(*operators); i++)
		if (strstr(line, operators[i]))
			return true;
	return false;
}

static bool is_assignment(const char *line)
{
	const char *at;

	for (at = strchr(line, '='); at; at = strchr(at + 1, '=')) {
		if (at[1] == '=')
			at++;
		else if (at == line || !strchr("=<>!+-*/%|&^", at[-1]))
			return true;
	}
	return false;
}

bool snippet_updates_in_place(const struct history *history, const struct section *section)
{
	struct snippet snippet;
	bool updates = false;
	unsigned i;

	if (section->end == HISTORY_NONE || section->io)
		return false;
	snippet_find(&snippet, history,
		     sections_frame(history, history->events[section->begin].context, 0),
		     sections_frame(history, history->events[section->end].context, 0));
	for (i = 0; i < snippet.lines_n && snippet.last; i++) {
		if (is_assignment(snippet.lines[i]))
			return false;
		updates |= is_update(snippet.lines[i]);
	}
	return updates;
}
