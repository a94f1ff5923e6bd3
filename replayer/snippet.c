/*
 * Looks for source files and reads lines from them.
 */
#include "replayer/snippet.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recorder/fields.h"
#include "recorder/naming.h"
#include "recorder/source.h"
#include "recorder/text.h"

enum { UP = 6 };

/* A trace of a stranger can name any file: only what looks like source is read. */
static bool is_source_name(const char *path)
{
	static const char *const endings[] = { ".c",   ".h",  ".cc",  ".cpp", ".cxx",
					       ".c++", ".hh", ".hpp", ".hxx", ".inl",
					       ".ipp", ".rs", ".py",  ".y" };
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

static int read_file(const struct history *history, const char *path, unsigned line, char *buffer)
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

/* The line as it was when it was recorded; NULL: the trace does not have it. */
static const char *recorded_line(const struct history *history, const char *path, unsigned line)
{
	const struct trace_names *names = history->file->names;
	uint32_t i;

	for (i = 0; i < trace_names_locations_end(names); i++) {
		const struct trace_location *location = trace_names_location(names, i);

		if (location && location->text && location->source.line == line &&
		    location->source.file && strcmp(location->source.file, path) == 0)
			return location->text;
	}
	return NULL;
}

/* Length, or negative. */
static int read_line(const struct history *history, const char *path, unsigned line, char *buffer)
{
	const char *recorded = line ? recorded_line(history, path, line) : NULL;
	struct text text;

	if (!recorded)
		return read_file(history, path, line, buffer);
	text_init(&text, buffer, SNIPPET_WIDTH);
	text_add(&text, recorded);
	return (int)text.len;
}

bool snippet_line(const struct history *history, const struct trace_location *location,
		  unsigned line, char *buffer)
{
	return location && location->source.file &&
	       read_line(history, location->source.file, line ? line : location->source.line,
			 buffer) > 0;
}

static bool begins_with(const char *line, const char *word)
{
	size_t length = strlen(word);

	return strncmp(line, word, length) == 0 && !isalnum((unsigned char)line[length]) &&
	       line[length] != '_';
}

/* "if (...)" and the like, without a brace: the line below is not always done. */
static bool is_condition(const char *line)
{
	size_t length = strlen(line);

	while (length > 0 && isspace((unsigned char)line[length - 1]))
		length--;
	if (length && line[length - 1] == '{')
		return false;
	return begins_with(line, "if") || begins_with(line, "else") || begins_with(line, "while") ||
	       begins_with(line, "for") || begins_with(line, "} else");
}

/* Braces, blank lines, the preprocessor and ways out say nothing of what is done under the lock. */
static bool says_something(const char *line)
{
	return line[strspn(line, " \t{};")] != '\0' && *line != '#' &&
	       !begins_with(line, "return") && !begins_with(line, "break") &&
	       !begins_with(line, "continue") && !begins_with(line, "goto");
}

/* What stands between the lock and the unlock. */
static void read_body(struct snippet *snippet, const struct history *history, const char *path,
		      unsigned first, unsigned last)
{
	bool conditional = false;
	unsigned line;
	char *into;

	for (line = first + 1; line < last && snippet->lines_n < SNIPPET_LINES; line++) {
		into = snippet->lines[snippet->lines_n];
		if (read_line(history, path, line, into) < 0)
			return;
		snippet->lines_n += !conditional && says_something(into);
		conditional = is_condition(into);
	}
}

/* The source of a location, as it is shown; NULL when it is not known. */
static const struct trace_source *source_of(const struct history *history, uint32_t number)
{
	const struct trace_location *location = trace_names_location(history->file->names, number);
	const struct trace_source *source = location ? naming_source(location) : NULL;

	return source && source->file ? source : NULL;
}

void snippet_find(struct snippet *snippet, const struct history *history, uint32_t number,
		  uint32_t end_number)
{
	const struct trace_source *source = source_of(history, number);
	const struct trace_source *last = source_of(history, end_number);

	*snippet = (struct snippet){ 0 };
	if (!source)
		return;
	snippet->first = source->line;
	if (last && last->function && source->function && strcmp(last->file, source->file) == 0 &&
	    strcmp(last->function, source->function) == 0 && last->line > source->line + 1 &&
	    last->line <= source->line + SNIPPET_LONGEST) {
		snippet->last = last->line;
		read_body(snippet, history, source->file, source->line, last->line);
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

/* "int balance = ..": two names before the sign. */
static bool is_declaration(const char *line)
{
	const char *end = strchr(line, '=');
	bool name = false, gap = false;

	for (; end && line < end; line++) {
		if (isalnum((unsigned char)*line) || *line == '_') {
			if (name && gap)
				return true;
			name = true;
			gap = false;
		} else if (isspace((unsigned char)*line) || (*line == '*' && gap)) {
			gap = true;
		} else {
			name = false;
			gap = false;
		}
	}
	return false;
}

/* The lines between lock and unlock; false when they are not there. */
static bool find_body(struct snippet *snippet, const struct history *history,
		      const struct section *section)
{
	if (section->end == HISTORY_NONE || section->single)
		return false;
	snippet_find(snippet, history,
		     sections_frame(history, history->events[section->begin].context, 0),
		     sections_frame(history, history->events[section->end].context, 0));
	return snippet->last && snippet->lines_n;
}

bool snippet_assigns(const struct history *history, const struct section *section)
{
	struct snippet snippet;
	unsigned i;

	if (!find_body(&snippet, history, section))
		return false;
	for (i = 0; i < snippet.lines_n; i++)
		if (is_assignment(snippet.lines[i]) && !is_declaration(snippet.lines[i]))
			return true;
	return false;
}

bool snippet_updates_in_place(const struct history *history, const struct section *section)
{
	struct snippet snippet;
	bool updates = false;
	unsigned i;

	if (!find_body(&snippet, history, section))
		return false;
	for (i = 0; i < snippet.lines_n; i++) {
		if (is_assignment(snippet.lines[i]))
			return false;
		updates |= is_update(snippet.lines[i]);
	}
	return updates;
}

bool snippet_decides(const struct history *history, const struct section *first,
		     const struct section *second)
{
	const struct trace_source *from, *to;
	char text[SNIPPET_WIDTH];
	unsigned line;

	if (first->end == HISTORY_NONE || first->single || second->single)
		return false;
	from = source_of(history, sections_frame(history, history->events[first->end].context, 0));
	to = source_of(history, sections_frame(history, history->events[second->begin].context, 0));
	if (!from || !to || !from->function || !to->function || strcmp(from->file, to->file) != 0 ||
	    strcmp(from->function, to->function) != 0 || to->line > from->line + SNIPPET_LONGEST)
		return false;
	for (line = from->line + 1; line < to->line; line++)
		if (read_line(history, from->file, line, text) > 0 && begins_with(text, "if"))
			return true;
	return false;
}
