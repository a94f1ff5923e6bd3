/*
 * Comparing the world of a recording with ours.
 */
#include "replayer/circumstances.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/event.h"
#include "recorder/fields.h"
#include "recorder/header.h"
#include "recorder/streams.h"
#include "recorder/text.h"
#include "replayer/unpack.h"

enum { MODULES = 1024 };

static void tell_environment(const cJSON *header, circumstances_tell tell, void *self)
{
	const cJSON *item, *environment = fields_object(header, "environment");
	char space[512];
	struct text text;
	const char *now;

	cJSON_ArrayForEach (item, environment) {
		now = item->string ? getenv(item->string) : NULL;
		if (!cJSON_IsString(item) || (now && strcmp(now, item->valuestring) == 0))
			continue;
		text_init(&text, space, sizeof(space));
		text_add(&text, "environment: ");
		text_add_clean(&text, item->string);
		text_add(&text, now ? " is different here; the program gets the recorded value"
				    : " is not set here; the program gets the recorded value");
		tell(self, true, text.data);
	}
}

static void tell_umask(const cJSON *header, circumstances_tell tell, void *self)
{
	const char *recorded = fields_string(header, "umask", NULL);
	mode_t mask = umask(0);
	char sentence[128];

	umask(mask);
	if (!recorded || strtoul(recorded, NULL, 8) == mask)
		return;
	snprintf(sentence, sizeof(sentence), "the umask is %03o, it was %03lo", (unsigned)mask,
		 strtoul(recorded, NULL, 8) & 07777);
	tell(self, false, sentence);
}

static void tell_limit(const cJSON *header, const char *name, int resource, const char *what,
		       bool given, circumstances_tell tell, void *self)
{
	const cJSON *limits = fields_object(header, "limits");
	int64_t recorded = fields_int(limits, name, INT64_MIN), now;
	struct rlimit limit;
	char sentence[256];

	if (recorded == INT64_MIN || getrlimit(resource, &limit) != 0)
		return;
	if (given && limit.rlim_max == RLIM_INFINITY)
		return;
	now = limit.rlim_cur == RLIM_INFINITY ? -1 : (int64_t)limit.rlim_cur;
	if (given)
		now = recorded < 0 || recorded > (int64_t)limit.rlim_max ? (int64_t)limit.rlim_max
									 : recorded;
	if (now == recorded)
		return;
	snprintf(sentence, sizeof(sentence),
		 "the limit on %s is %" PRId64 ", it was %" PRId64 " (-1: none)", what, now,
		 recorded);
	tell(self, false, sentence);
}

void circumstances_streams(const cJSON *header, bool minor, circumstances_tell tell, void *self)
{
	static const char *const names[] = { "standard input", "standard output",
					     "standard error" };
	const cJSON *item;
	char space[256];
	struct text text;
	int fd = 0;

	cJSON_ArrayForEach (item, fields_array(header, "streams")) {
		if (fd > STDERR_FILENO || !cJSON_IsString(item))
			break;
		if (strcmp(item->valuestring, streams_word(streams_kind(fd))) != 0) {
			text_init(&text, space, sizeof(space));
			text_addf(&text, "%s is a %s now, in the recording it was a ", names[fd],
				  streams_word(streams_kind(fd)));
			text_add_clean(&text, item->valuestring);
			tell(self, minor, text.data);
		}
		fd++;
	}
}

void circumstances_beside(struct trace_reader *reader, circumstances_tell tell, void *self)
{
	struct trace_line line;
	struct err err = { 0 };
	bool children = false;

	trace_reader_filter(reader, TRACE_LINE_BIT(TRACE_LINE_EVENT));
	trace_reader_rewind(reader);
	while (!children && trace_reader_next(reader, &line, &err) > 0)
		children = line.event.kind == EVENT_FORK || line.event.kind == EVENT_SPAWN;
	trace_reader_filter(reader, TRACE_LINES_ALL);
	trace_reader_rewind(reader);
	if (children)
		tell(self, false,
		     "child processes ran beside it, and nobody says in which order they do");
}

void circumstances_process(const cJSON *header, bool given, circumstances_tell tell, void *self)
{
	tell_environment(header, tell, self);
	if (!given)
		tell_umask(header, tell, self);
	tell_limit(header, "nofile", RLIMIT_NOFILE, "open files", given, tell, self);
	tell_limit(header, "stack", RLIMIT_STACK, "the stack", given, tell, self);
}

/* The file at the module's path is another one now. False when that cannot be said. */
static bool has_changed(const struct trace_module *module)
{
	static const char content[] = "xxh3:";
	char hex[ELF_BUILD_ID_HEX];
	uint64_t hash;

	if (!module->build_id || *module->path != '/')
		return false;
	if (strncmp(module->build_id, content, strlen(content)) == 0)
		return elf_hash_file(module->path, &hash, NULL) == 0 &&
		       hash != strtoull(module->build_id + strlen(content), NULL, 16);
	return elf_build_id(module->path, hex, NULL) == 0 && strcmp(hex, module->build_id) != 0;
}

static bool is_runtime(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, "libfrontrun.so") == 0;
}

void circumstances_files(const cJSON *header, const struct trace_names *names,
			 const struct elf_info *elf, circumstances_tell tell, void *self)
{
	const struct trace_module *module;
	char sentence[512], space[512];
	struct text text;
	uint32_t i;

	/* The program in the trace is what is run: which files are here says nothing. */
	if (unpack_is_packed(header))
		return;
	header_compare_program(header, elf, sentence, sizeof(sentence));
	text_init(&text, space, sizeof(space));
	text_add_clean(&text, sentence);
	if (text.len)
		tell(self, false, text.data);
	for (i = 0; i < trace_names_modules_end(names) && i < MODULES; i++) {
		module = trace_names_module(names, i);
		if (!module || module->main || is_runtime(module->path) || !has_changed(module))
			continue;
		text_init(&text, space, sizeof(space));
		text_add_clean(&text, module->path);
		text_add(&text, " has changed since the trace was recorded");
		tell(self, false, text.data);
	}
}
