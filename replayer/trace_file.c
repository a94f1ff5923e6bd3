/*
 * Opening a trace for a command.
 */
#include "replayer/trace_file.h"

#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"
#include "recorder/fields.h"
#include "recorder/header.h"
#include "replayer/choice.h"

/* Everything before a cut or a wrong byte is good; anything else ends the command. */
static bool is_damage(int rc)
{
	return rc == -TRACE_ERR_CUT || rc == -TRACE_ERR_CORRUPT;
}

int trace_file_open(struct trace_file *file, const char *path, struct err *err)
{
	int rc;

	*file = (struct trace_file){ .chosen = !path };
	file->path = path ? alloc_check(strdup(path)) : choice_find(err);
	if (!file->path)
		return -err->code;
	file->reader = trace_reader_open(file->path, err);
	if (!file->reader) {
		trace_file_close(file);
		return -err->code;
	}
	file->header = trace_reader_header(file->reader);
	trace_reader_check(file->reader, &file->damage);
	file->names = trace_names_new();
	rc = trace_names_load(file->names, file->reader, err);
	if (rc < 0 && !is_damage(rc)) {
		trace_file_close(file);
		return rc;
	}
	if (rc < 0)
		file->damage = *err;
	err_clear(err);
	file->naming = naming_new(file->names);
	file->outcome = trace_reader_outcome(file->reader, NULL);
	return 0;
}

bool trace_file_is_hermetic(const struct trace_file *file)
{
	return header_is_hermetic(file->header) && !fields_int(file->outcome, "live", 0);
}

void trace_file_close(struct trace_file *file)
{
	naming_free(file->naming);
	trace_names_free(file->names);
	if (file->reader)
		trace_reader_close(file->reader);
	free(file->path);
	*file = (struct trace_file){ 0 };
}

const char *trace_file_damage(const struct trace_file *file)
{
	size_t length = strlen(file->path);
	const char *text = file->damage.text;

	if (strncmp(text, file->path, length) == 0 && strncmp(text + length, ": ", 2) == 0)
		return text + length + 2;
	return text;
}
