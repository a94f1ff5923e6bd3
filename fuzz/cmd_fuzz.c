/*
 * `frontrun fuzz`: what the user gives and gets. The search is campaign.c, what it shows is
 * progress.c and report.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "formats/hash.h"
#include "fuzz/campaign.h"
#include "fuzz/progress.h"
#include "fuzz/report.h"
#include "recorder/alloc.h"
#include "recorder/code_patterns.h"
#include "recorder/commands.h"
#include "recorder/fields.h"
#include "recorder/header.h"
#include "recorder/strategy_parameters.h"
#include "recorder/terminal.h"
#include "replayer/choice.h"
#include "replayer/script.h"
#include "replayer/trace_file.h"

#define ITERATIONS 10000
#define JOBS_MAX 64
#define CONFIRM 10
#define RUN_SECONDS 10
#define BOOT_SECONDS 60
#define IDLE_WAIT_NS 20000000 /* a search is more impatient than a recording */
#define PREEMPT_AFTER 0.5
#define FIRST_TRACE "trace.zst"
#define BASE_TRACE "trace.base.zst"

struct fuzzing {
	struct options options;
	const struct command *command;
	struct campaign_config config;
	struct trace_file file; /* the trace to begin with */
	bool has_file;
	struct plan_decision *given;
	uint32_t given_count;
	char **argv; /* of the trace */
	char **envp;
	char *directory;          /* where it was recorded, or NULL */
	char *made[4];            /* paths that are ours to free */
	char *patterns;           /* PLAN_CODE_PATTERNS */
	const char *first, *base; /* FIRST_TRACE, BASE_TRACE */
	uint64_t *known;
	size_t known_count;
	FILE *events;
	struct terminal terminal;
	int input;
};

static int complain(const struct err *err)
{
	fprintf(stderr, "frontrun: %s\n", err->text);
	return EXIT_FUZZ_CANNOT;
}

/* ---- the program, or the trace, to begin with ---- */

/* A word that names a trace and no program: by its magic number. */
static bool is_trace(const char *path)
{
	static const unsigned char magic[2][4] = { { 0x28, 0xb5, 0x2f, 0xfd },
						   { 0x5e, 0x2a, 0x4d, 0x18 } };
	unsigned char bytes[4];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes));

	if (fd >= 0)
		close(fd);
	return n == sizeof(bytes) && (!memcmp(bytes, magic[0], 4) || !memcmp(bytes, magic[1], 4));
}

static int read_decisions(struct fuzzing *fuzzing, struct err *err)
{
	struct script *script = script_open(fuzzing->file.path, err);
	bool more = true;
	size_t room = 0;

	if (!script)
		return -err->code;
	while (more) {
		if (fuzzing->given_count + 4096 > room) {
			room = room ? 2 * room : 8192;
			fuzzing->given = alloc_check(
				reallocarray(fuzzing->given, room, sizeof(*fuzzing->given)));
		}
		fuzzing->given_count +=
			script_next(script, fuzzing->given + fuzzing->given_count, 4096, &more);
	}
	script_close(script);
	return 0;
}

/* Returns -1, or the exit status. */
static int begin_with_trace(struct fuzzing *fuzzing, const char *path)
{
	struct session_config *session = &fuzzing->config.worker.session;
	struct plan_strategy strategy;
	struct plan_run run;
	size_t size;
	struct err err;

	if (trace_file_open(&fuzzing->file, path, &err) < 0)
		return complain(&err);
	fuzzing->has_file = true;
	if (!header_is_ours(fuzzing->file.header) &&
	    !options_given(&fuzzing->options, OPTION_TRUST)) {
		fprintf(stderr,
			"frontrun: %s was recorded by another user or on another machine, and "
			"fuzz runs its command: look at it with `frontrun info`, then use "
			"--trust\n",
			fuzzing->file.path);
		return EXIT_FUZZ_CANNOT;
	}
	fuzzing->argv = header_argv(fuzzing->file.header, &err);
	if (!fuzzing->argv || header_plan(fuzzing->file.header, &run, &strategy, &err))
		return complain(&err);
	fuzzing->envp = header_environment(fuzzing->file.header);
	session->target.argv = fuzzing->argv;
	fuzzing->config.sandbox.envp = fuzzing->envp;
	session->run.random_seed = run.random_seed;
	session->run.realtime_ns = run.realtime_ns;
	session->run.monotonic_ns = run.monotonic_ns;
	session->run.cpus = run.cpus;
	if (!options_given(&fuzzing->options, OPTION_INCLUDE) &&
	    !options_given(&fuzzing->options, OPTION_EXCLUDE))
		fuzzing->patterns =
			header_patterns(fuzzing->file.header, &session->code_patterns_length);
	if (read_decisions(fuzzing, &err))
		return complain(&err);
	fuzzing->config.given = fuzzing->given;
	fuzzing->config.given_count = fuzzing->given_count;
	fprintf(stderr, "frontrun: fuzzing the program of %s:", fuzzing->file.path);
	for (size = 0; fuzzing->argv[size]; size++) {
		char space[512];
		struct text text;

		text_init(&text, space, sizeof(space));
		text_add_clean(&text, fuzzing->argv[size]);
		fprintf(stderr, " %s", text.data);
	}
	fputc('\n', stderr);
	fuzzing->directory = fields_bytes(fuzzing->file.header, "cwd", &size);
	return -1;
}

/* What was meant from `here` when this process has gone elsewhere. */
static const char *from_here(const char *here, const char *path, char **made)
{
	if (!path || *path == '/')
		return path;
	alloc_check(asprintf(made, "%s/%s", here, path) < 0 ? NULL : *made);
	return *made;
}

/* A program of a trace runs where it was recorded; what is written goes where the user is. */
static void enter_directory(struct fuzzing *fuzzing)
{
	struct campaign_config *config = &fuzzing->config;
	char *here;

	fuzzing->first = FIRST_TRACE;
	fuzzing->base = BASE_TRACE;
	if (!fuzzing->directory || !*fuzzing->directory)
		return;
	here = alloc_check(getcwd(NULL, 0));
	if (chdir(fuzzing->directory)) {
		fprintf(stderr, "frontrun: warning: cannot go to where %s was recorded: %s\n",
			fuzzing->file.path, strerror(errno));
	} else if (strcmp(here, fuzzing->directory)) {
		config->directory = from_here(here, config->directory, &fuzzing->made[0]);
		config->corpus = from_here(here, config->corpus, &fuzzing->made[1]);
		fuzzing->first = from_here(here, FIRST_TRACE, &fuzzing->made[2]);
		fuzzing->base = from_here(here, BASE_TRACE, &fuzzing->made[3]);
	}
	free(here);
}

static int choose_program(struct fuzzing *fuzzing)
{
	struct options *options = &fuzzing->options;
	struct err err;
	char *path;
	int status;

	if (options->n_words && !(options->n_words == 1 && is_trace(options->words[0]))) {
		fuzzing->config.worker.session.target.argv = options->words;
		return -1;
	}
	if (options->n_words)
		return begin_with_trace(fuzzing, options->words[0]);
	path = access(FIRST_TRACE, F_OK) == 0 ? strdup(FIRST_TRACE) : choice_find(&err);
	if (!path)
		return options_usage_error(fuzzing->command,
					   "which program? There is no %s here to begin with",
					   FIRST_TRACE);
	status = begin_with_trace(fuzzing, path);
	free(path);
	return status;
}

/* ---- options ---- */

static int set_parameter(struct search_config *search, const struct command *command,
			 const char *text)
{
	struct plan_strategy *strategy = &search->strategy;
	size_t n = strcspn(text, "=");
	uint64_t value;
	char *end;

	errno = 0;
	value = text[n] ? strtoull(text + n + 1, &end, 10) : 0;
	if (!text[n] || end == text + n + 1 || *end || text[n + 1] == '-' || errno)
		return options_usage_error(command, "parameter '%.*s' needs a number", (int)n,
					   text);
	/* The portfolio has this one in common. */
	if (strategy->id == STRATEGY_COUNT && n == 6 && !strncmp(text, "rarity", n)) {
		search->rarity = value;
		return -1;
	}
	if (strategy->id < STRATEGY_COUNT && !strategy_parameter_set(strategy, text, n, value))
		return -1;
	return options_usage_error(command, "the strategy has no parameter '%.*s'", (int)n, text);
}

static int configure_search(struct fuzzing *fuzzing)
{
	const struct options *options = &fuzzing->options;
	const struct option_value *parameters = &options->value[OPTION_PARAMETER];
	const char *name = options_string(options, OPTION_SEARCH, "default");
	struct search_config *search = &fuzzing->config.search;
	uint32_t seed;
	unsigned i;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uint32_t)time(NULL);
	search->seed = options_count(options, OPTION_SEED, seed);
	search->strategy.id = STRATEGY_COUNT;
	if (strcmp(name, "default"))
		search->strategy.id = (uint32_t)header_strategy_by_name(name);
	strategy_parameter_defaults(&search->strategy);
	search->steps = options_count(options, OPTION_STEPS, 0);
	search->every_point = options_given(options, OPTION_EVERY_POINT);
	name = options_string(options, OPTION_GIL, "auto");
	fuzzing->config.gil = !strcmp(name, "on")    ? GIL_ON
			      : !strcmp(name, "off") ? GIL_OFF
						     : GIL_AUTO;
	fuzzing->config.can_happen_only =
		!strcmp(options_string(options, OPTION_FAIL_ON, "any"), "can-happen");
	for (i = 0; i < parameters->count; i++)
		if (set_parameter(search, fuzzing->command, parameters->all[i]) >= 0)
			return EXIT_FUZZ_USAGE;
	/* The target's own random numbers are the campaign's, too. */
	if (!fuzzing->has_file && options_given(options, OPTION_SEED))
		fuzzing->config.worker.session.run.random_seed = hash_id(search->seed, 0, 0);
	return -1;
}

static int configure_limits(struct fuzzing *fuzzing)
{
	const struct options *options = &fuzzing->options;
	struct campaign_config *config = &fuzzing->config;
	struct session_config *session = &config->worker.session;
	uint64_t jobs = options_count(options, OPTION_JOBS, 1);
	uint64_t confirm = options_count(options, OPTION_CONFIRM, CONFIRM);
	uint64_t wait = options_count(options, OPTION_IDLE_WAIT, IDLE_WAIT_NS / 1000000);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	config->iterations = options_count(options, OPTION_ITERATIONS, ITERATIONS);
	config->seconds = options_seconds(options, OPTION_TIME, 0);
	if (!config->iterations)
		return options_usage_error(fuzzing->command,
					   "--iterations 0 tries nothing: give a number");
	if (config->iterations > 1000000000000ull)
		return options_usage_error(fuzzing->command, "--iterations is too large");
	if (!jobs || jobs > JOBS_MAX)
		return options_usage_error(fuzzing->command, "--jobs takes 1 to %d", JOBS_MAX);
	if (confirm > 100000 || wait > 1000000000)
		return options_usage_error(fuzzing->command, "that number is too large");
	config->jobs = (unsigned)jobs;
	config->confirm = (unsigned)confirm;
	session->run.idle_wait_ns = (int64_t)wait * 1000000;
	session->hang_after = options_seconds(options, OPTION_TIME_LIMIT, RUN_SECONDS);
	session->used_limit = SEARCH_SECONDS_FACTOR * session->hang_after;
	config->search.seconds = session->hang_after;
	session->preempt_after = options_seconds(options, OPTION_PREEMPT_AFTER, PREEMPT_AFTER);
	session->no_trap = options_given(options, OPTION_NO_TRAP);
	config->keep_input = !options_given(options, OPTION_NO_INPUT);
	session->busy = jobs >= (uint64_t)(cpus > 0 ? cpus : 1);
	config->worker.boot_seconds = BOOT_SECONDS;
	config->worker.exec = options_given(options, OPTION_EXEC);
	return -1;
}

/* Hex digits at the beginning of each line, behind an optional "kind-"; # begins a remark. */
static int read_known(struct fuzzing *fuzzing, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!file) {
		fprintf(stderr, "frontrun: cannot read the known failures of %s: %s\n", path,
			strerror(errno));
		return EXIT_FUZZ_USAGE;
	}
	while (getline(&line, &size, file) > 0) {
		char *start, *end;
		uint64_t fingerprint;

		line[strcspn(line, "#\r\n \t")] = '\0';
		if (!*line)
			continue;
		start = strrchr(line, '-');
		start = start ? start + 1 : line;
		fingerprint = strtoull(start, &end, 16);
		if (*end || end - start != 16) {
			fprintf(stderr,
				"frontrun: %s: '%s' is no fingerprint (kind-16 hex digits)\n", path,
				line);
			free(line);
			fclose(file);
			return EXIT_FUZZ_USAGE;
		}
		fuzzing->known =
			alloc_grow(fuzzing->known, fuzzing->known_count, sizeof(*fuzzing->known));
		fuzzing->known[fuzzing->known_count++] = fingerprint;
	}
	free(line);
	fclose(file);
	fuzzing->config.known = fuzzing->known;
	fuzzing->config.known_count = fuzzing->known_count;
	return -1;
}

/* All of standard input, to be given to each run; a terminal is not read. */
static int read_input(struct fuzzing *fuzzing)
{
	char bytes[65536];
	ssize_t n;

	if (isatty(STDIN_FILENO) || fcntl(STDIN_FILENO, F_GETFD) < 0) {
		fuzzing->input = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return fuzzing->input >= 0 ? -1 : EXIT_FUZZ_CANNOT;
	}
	fuzzing->input = memfd_create("frontrun-input", MFD_CLOEXEC);
	while (fuzzing->input >= 0 && (n = read(STDIN_FILENO, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		if (write(fuzzing->input, bytes, (size_t)n) != n) {
			fprintf(stderr, "frontrun: cannot keep the standard input: %s\n",
				strerror(errno));
			return EXIT_FUZZ_CANNOT;
		}
	}
	return fuzzing->input >= 0 ? -1 : EXIT_FUZZ_CANNOT;
}

static int configure(struct fuzzing *fuzzing)
{
	const struct options *options = &fuzzing->options;
	struct campaign_config *config = &fuzzing->config;
	struct session_config *session = &config->worker.session;
	const struct option_value *env = &options->value[OPTION_ENV];
	struct err err = { 0 };
	const char *path;
	int status;

	session_run_defaults(&session->run);
	session->run.flags |= PLAN_RUN_FLUSH | PLAN_RUN_LEAVE;
	if (options_given(options, OPTION_NO_AGENT))
		session->run.flags |= PLAN_RUN_NO_AGENT;
	session->run.pid = (uint32_t)getpid();
	session->run.ppid = (uint32_t)getppid();
	session->run.streams[1] = session->run.streams[2] = PLAN_STREAM_FILE;
	terminal_init(&fuzzing->terminal, stderr, options_string(options, OPTION_COLOR, "auto"));
	status = choose_program(fuzzing);
	if (status < 0)
		status = configure_search(fuzzing);
	if (status < 0)
		status = configure_limits(fuzzing);
	if (status < 0 && options_given(options, OPTION_KNOWN))
		status = read_known(fuzzing, options_string(options, OPTION_KNOWN, ""));
	if (status < 0)
		status = read_input(fuzzing);
	if (status >= 0)
		return status;
	session->run.streams[0] = isatty(STDIN_FILENO) ? PLAN_STREAM_DEVICE : PLAN_STREAM_FILE;
	if (!fuzzing->patterns)
		fuzzing->patterns = code_patterns_of(options, &session->code_patterns_length);
	session->code_patterns = fuzzing->patterns;
	config->worker.input = fuzzing->input;
	config->sandbox.scratch = options_given(options, OPTION_SCRATCH);
	config->sandbox.reset = options_string(options, OPTION_RESET, NULL);
	config->sandbox.check = options_string(options, OPTION_CHECK, NULL);
	config->keep_going = options_given(options, OPTION_KEEP_GOING);
	config->allow_failing = options_given(options, OPTION_ALLOW_FAILING);
	config->same_output = !strcmp(options_string(options, OPTION_EXPECT_OUTPUT, "any"), "same");
	config->no_minimise = options_given(options, OPTION_NO_MINIMISE);
	config->directory = options_string(options, OPTION_DIRECTORY, "frontrun-failures");
	config->name = options_string(options, OPTION_NAME, NULL);
	if (config->name && strchr(config->name, '/'))
		return options_usage_error(fuzzing->command,
					   "--name is part of a file name, without '/': give the "
					   "folder with --output");
	path = options_string(options, OPTION_CORPUS, ".frontrun");
	config->corpus = *path ? path : NULL;
	config->corpus_optional = !options_given(options, OPTION_CORPUS);
	config->environment = env->all;
	config->environment_count = env->count;
	config->pack = options_given(options, OPTION_PACK);
	config->redact = redact_new(options->value[OPTION_REDACT].all,
				    options->value[OPTION_REDACT].count, &err);
	if (err.code)
		return options_usage_error(fuzzing->command, "%s", err.text);
	path = options_string(options, OPTION_EVENTS_FILE, NULL);
	if (path && !(fuzzing->events = fopen(path, "we"))) {
		fprintf(stderr, "frontrun: cannot write %s: %s\n", path, strerror(errno));
		return EXIT_FUZZ_USAGE;
	}
	enter_directory(fuzzing);
	return -1;
}

/* ---- the search ---- */

static void on_signal(int number)
{
	(void)number;
	campaign_interrupt();
}

static void take_signals(const struct options *options)
{
	struct sigaction action = { .sa_handler = on_signal }, before;
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		sigaction(numbers[i], NULL, &before);
		if (before.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
	}
	if (options_given(options, OPTION_DIE_WITH_PARENT))
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

static int copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	char bytes[65536];
	ssize_t n = -1;

	out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (out >= 0)
		while ((n = read(in, bytes, sizeof(bytes))) > 0)
			if (write(out, bytes, (size_t)n) != n) {
				n = -1;
				break;
			}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return n == 0 ? 0 : -1;
}

/* The first finding is trace.zst too; what was there is kept as trace.base.zst. */
static void place_first(const struct fuzzing *fuzzing, const struct campaign_result *result)
{
	size_t i;

	for (i = 0; i < result->finding_count; i++) {
		const struct finding *finding = &result->findings[i];

		if (finding->known || !finding->path)
			continue;
		if (access(fuzzing->first, F_OK) == 0)
			rename(fuzzing->first, fuzzing->base);
		if (copy_file(finding->path, fuzzing->first))
			fprintf(stderr, "frontrun: warning: cannot write %s: %s\n", fuzzing->first,
				strerror(errno));
		return;
	}
}

static int fuzz(struct fuzzing *fuzzing)
{
	struct campaign_result result;
	struct progress progress;
	struct err err = { 0 };
	int status;

	take_signals(&fuzzing->options);
	progress_init(&progress, &fuzzing->terminal, fuzzing->events,
		      options_given(&fuzzing->options, OPTION_VERBOSE));
	fuzzing->config.observer = progress_observer(&progress);
	if (options_given(&fuzzing->options, OPTION_VERBOSE))
		fprintf(stderr, "frontrun: seed %llu\n",
			(unsigned long long)fuzzing->config.search.seed);
	campaign_run(&fuzzing->config, &result, &err);
	progress_end(&progress);
	if (result.finding_count && !fuzzing->config.name)
		place_first(fuzzing, &result);
	if (options_given(&fuzzing->options, OPTION_JSON)) {
		report_json(&fuzzing->config, &result, &err, stdout);
	} else {
		struct terminal terminal;

		terminal_init(&terminal, stdout,
			      options_string(&fuzzing->options, OPTION_COLOR, "auto"));
		report_text(&fuzzing->config, &result, &err, &terminal, stdout, stderr);
	}
	status = report_status(&fuzzing->config, &result);
	campaign_result_fini(&result);
	return status;
}

int cmd_fuzz(const struct command *command, int argc, char **argv)
{
	struct fuzzing *fuzzing = alloc_check(calloc(1, sizeof(*fuzzing)));
	size_t i;
	int status;

	fuzzing->command = command;
	fuzzing->input = -1;
	status = options_parse(&fuzzing->options, command, argc, argv);
	if (status >= 0) {
		free(fuzzing);
		return status;
	}
	status = configure(fuzzing);
	if (status < 0)
		status = fuzz(fuzzing);
	if (fuzzing->has_file)
		trace_file_close(&fuzzing->file);
	if (fuzzing->events)
		fclose(fuzzing->events);
	if (fuzzing->input >= 0)
		close(fuzzing->input);
	for (i = 0; i < sizeof(fuzzing->made) / sizeof(*fuzzing->made); i++)
		free(fuzzing->made[i]);
	free(fuzzing->directory);
	free(fuzzing->given);
	free(fuzzing->known);
	redact_free(fuzzing->config.redact);
	header_free_words(fuzzing->argv);
	header_free_words(fuzzing->envp);
	options_fini(&fuzzing->options);
	free(fuzzing);
	return status;
}
