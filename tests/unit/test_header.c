/*
 * The header of a trace: what a recording writes about a session is what a replay reads back,
 * also numbers and bytes that JSON cannot hold by itself, and nothing of the environment beyond
 * the allow-list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/json_out.h"
#include "recorder/fields.h"
#include "recorder/header.h"

static char self[4096], library[4096];

/* Writes a cJSON tree by the rules of traces and parses it again. */
static cJSON *through_the_file(cJSON *tree)
{
	struct json_out out;
	cJSON *again;

	json_out_init(&out);
	json_cjson(&out, tree);
	again = cJSON_ParseWithLength(out.data, out.len);
	assert_non_null(again);
	json_out_fini(&out);
	cJSON_Delete(tree);
	return again;
}

static cJSON *header_of(struct session_config *config, const char *const *extra, unsigned extras)
{
	static const struct session_hooks none;
	struct err err = { 0 };
	struct session *session;
	cJSON *header;

	config->target.library = library;
	config->no_trap = true;
	session = session_new(config, &none, &err);
	if (!session)
		fail_msg("%s", err.text);
	header = through_the_file(header_new(session, "record", extra, extras));
	session_free(session);
	return header;
}

static void the_plan_comes_back(void **state)
{
	char *argv[] = { self, (char *)(uintptr_t) "a b", (char *)(uintptr_t) "\xff\xfe", NULL };
	struct session_config config = {
		.target.argv = argv,
		.strategy = { .id = STRATEGY_RANDOM,
			      .slice = 7,
			      .seed = UINT64_MAX,
			      .parameters = { 64, UINT64_MAX - 1 } },
	};
	struct plan_strategy strategy;
	struct plan_run run;
	struct err err;
	cJSON *header;
	char **words;
	int i;

	(void)state;
	session_run_defaults(&config.run);
	config.run.streams[0] = PLAN_STREAM_TERMINAL; /* whatever the test's is */
	config.run.streams[1] = PLAN_STREAM_PIPE;
	config.run.random_seed = UINT64_MAX;
	config.run.step_budget = (1ull << 53) + 1;
	header = header_of(&config, NULL, 0);
	assert_int_equal(header_plan(header, &run, &strategy, &err), 0);
	assert_memory_equal(&run, &config.run, sizeof(run));
	assert_memory_equal(&strategy, &config.strategy, sizeof(strategy));
	for (i = 0; i < PLAN_STREAMS; i++)
		assert_int_not_equal(run.streams[i], PLAN_STREAM_AS_IS);

	words = header_argv(header, &err);
	assert_non_null(words);
	assert_string_equal(words[0], self);
	assert_string_equal(words[1], "a b");
	assert_string_equal(words[2], "\xff\xfe");
	assert_null(words[3]);
	header_free_words(words);
	assert_true(header_is_ours(header));
	cJSON_Delete(header);
}

static void secrets_stay_out(void **state)
{
	char *argv[] = { self, NULL };
	char *envp[] = {
		(char *)(uintptr_t) "PATH=/bin",        (char *)(uintptr_t) "LC_ALL=C",
		(char *)(uintptr_t) "API_TOKEN=secret", (char *)(uintptr_t) "HOME=/home/me",
		(char *)(uintptr_t) "PATHOLOGY=secret", (char *)(uintptr_t) "MINE=\xff",
		(char *)(uintptr_t) "MINERAL=secret",   NULL,
	};
	const char *extra[] = { "MINE" };
	struct session_config config = { .target = { .argv = argv, .envp = envp } };
	const cJSON *stored;
	cJSON *header;
	char **words;
	bool found = false;
	size_t i;

	(void)state;
	session_run_defaults(&config.run);
	header = header_of(&config, extra, 1);
	stored = fields_object(header, "environment");
	assert_int_equal(cJSON_GetArraySize(stored), 3);
	assert_string_equal(fields_string(stored, "PATH", ""), "/bin");
	assert_string_equal(fields_string(stored, "LC_ALL", ""), "C");
	assert_non_null(fields_object(stored, "MINE"));

	setenv("LANG", "xx_XX", 1);
	setenv("KEEP_THIS", "1", 1);
	words = header_environment(header);
	for (i = 0; words[i]; i++) {
		/* Of the allow-list, but the recording had none. */
		assert_int_not_equal(strncmp(words[i], "LANG=", 5), 0);
		if (!strncmp(words[i], "PATH=", 5))
			assert_string_equal(words[i], "PATH=/bin");
		if (!strncmp(words[i], "MINE=", 5))
			assert_string_equal(words[i], "MINE=\xff");
		found |= !strcmp(words[i], "KEEP_THIS=1");
	}
	assert_true(found);
	header_free_words(words);
	cJSON_Delete(header);
}

static void a_changed_program_is_named(void **state)
{
	char *argv[] = { self, NULL };
	struct session_config config = { .target.argv = argv };
	struct elf_info elf;
	char text[512];
	cJSON *header;

	(void)state;
	session_run_defaults(&config.run);
	header = header_of(&config, NULL, 0);
	assert_int_equal(elf_inspect(self, &elf, NULL), 0);
	header_compare_program(header, &elf, text, sizeof(text));
	assert_string_equal(text, "");
	elf.hash ^= 1;
	header_compare_program(header, &elf, text, sizeof(text));
	assert_non_null(strstr(text, self));
	assert_non_null(strstr(text, "has changed"));
	elf.hash ^= 1;
	elf.elf_hash ^= 1;
	header_compare_program(header, &elf, text, sizeof(text));
	assert_non_null(strstr(text, "interpreter"));
	elf_info_fini(&elf);
	cJSON_Delete(header);
}

/* Headers of strangers: each lacks or spoils something. */
static void nonsense_is_refused(void **state)
{
	static const char *const plans[] = {
		"{}",
		"{\"plan\":{}}",
		"{\"plan\":[],\"strategy\":{\"name\":\"natural\"}}",
		"{\"plan\":{},\"strategy\":{}}",
		"{\"plan\":{},\"strategy\":{\"name\":\"best\"}}",
		"{\"plan\":{},\"strategy\":{\"name\":7}}",
	};
	static const char *const argvs[] = {
		"{}",
		"{\"argv\":[]}",
		"{\"argv\":\"x\"}",
		"{\"argv\":[1]}",
		"{\"argv\":[{}]}",
		"{\"argv\":[\"x\",{\"b64\":\"!\"}]}",
		"{\"argv\":[{\"b64\":\"AAAA\"}]}",
	};
	struct plan_strategy strategy;
	struct plan_run run;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(plans) / sizeof(*plans); i++) {
		cJSON *header = cJSON_Parse(plans[i]);

		assert_int_equal(header_plan(header, &run, &strategy, &err), -22);
		cJSON_Delete(header);
	}
	for (i = 0; i < sizeof(argvs) / sizeof(*argvs); i++) {
		cJSON *header = cJSON_Parse(argvs[i]);

		assert_null(header_argv(header, &err));
		assert_false(header_is_ours(header));
		cJSON_Delete(header);
	}
}

static const char *value_in(char *const *envp, const char *name)
{
	size_t n = strlen(name);

	for (; *envp; envp++)
		if (!strncmp(*envp, name, n) && (*envp)[n] == '=')
			return *envp + n + 1;
	return NULL;
}

static void a_hermetic_replay_sees_what_was_recorded(void **state)
{
	char *argv[] = { self, NULL };
	char *envp[] = {
		(char *)(uintptr_t) "PATH=/bin",
		(char *)(uintptr_t) "HOME=/home/me",
		(char *)(uintptr_t) "API_TOKEN=secret",
		NULL,
	};
	struct session_config config = { .target = { .argv = argv, .envp = envp } };
	struct target_inherited inherited;
	cJSON *header, *limits;
	char **words, *text;

	(void)state;
	session_run_defaults(&config.run);
	header = header_of(&config, NULL, 0);
	assert_false(header_is_hermetic(header));
	cJSON_Delete(header);
	config.run.flags |= PLAN_RUN_KEEP_ANSWERS;
	header = header_of(&config, NULL, 0);
	assert_true(header_is_hermetic(header));
	text = cJSON_PrintUnformatted(header);
	assert_null(strstr(text, "secret"));
	free(text);

	setenv("API_TOKEN", "of today", 1);
	setenv("HOME", "/home/other", 1);
	setenv("ALIEN", "1", 1);
	words = header_environment_recorded(header);
	assert_string_equal(value_in(words, "PATH"), "/bin");
	assert_string_equal(value_in(words, "HOME"), "/home/me");
	assert_string_equal(value_in(words, "API_TOKEN"), "of today");
	assert_null(value_in(words, "ALIEN"));
	header_free_words(words);

	/* A stranger's names lead to no values of ours, and are names only. */
	cJSON_ReplaceItemInObjectCaseSensitive(header, "origin", cJSON_CreateString("00"));
	cJSON_AddItemToArray(cJSON_GetObjectItem(header, "environment_names"),
			     cJSON_CreateString("A=B"));
	cJSON_AddItemToArray(cJSON_GetObjectItem(header, "environment_names"),
			     cJSON_CreateNumber(1));
	words = header_environment_recorded(header);
	assert_string_equal(value_in(words, "API_TOKEN"), "");
	assert_null(value_in(words, "A"));
	header_free_words(words);

	limits = cJSON_GetObjectItem(header, "limits");
	cJSON_ReplaceItemInObjectCaseSensitive(header, "umask", cJSON_CreateString("77777027"));
	cJSON_ReplaceItemInObjectCaseSensitive(limits, "nofile", cJSON_CreateNumber(100));
	cJSON_DeleteItemFromObjectCaseSensitive(limits, "stack");
	header_inherited(header, &inherited);
	assert_int_equal(inherited.mask, 027);
	assert_int_equal(inherited.nofile, 100);
	assert_int_equal(inherited.stack, 0);
	cJSON_Delete(header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_plan_comes_back),
		cmocka_unit_test(secrets_stay_out),
		cmocka_unit_test(a_hermetic_replay_sees_what_was_recorded),
		cmocka_unit_test(a_changed_program_is_named),
		cmocka_unit_test(nonsense_is_refused),
	};
	Dl_info info;
	ssize_t n;

	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0 || !dladdr(dlsym(RTLD_DEFAULT, "getpid"), &info))
		return 1;
	snprintf(library, sizeof(library), "%s", info.dli_fname);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
