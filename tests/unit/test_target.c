/*
 * Starting targets and the guardian: what the target finds, how its end is told, and that nothing
 * below it survives, whoever dies first. The targets are this program again, with a word that says
 * what to do. Who is alive is told by a pipe that all of them hold: its end of file is the death of
 * the last one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/target.h"
#include "tests/unit/scratch.h"

static char self[4096];    /* this program */
static char library[4096]; /* harmless to preload: it is loaded anyway */

struct run {
	struct region_handle region;
	struct target_config config;
	char *argv[4];
	struct target *target;
	int alive[2]; /* pipe: written to by the target, kept open by all its descendants */
	char number[16];
};

static void run_begin(struct run *run, const char *word)
{
	memset(run, 0, sizeof(*run));
	assert_int_equal(region_create(&run->region, NULL), 0);
	assert_int_equal(pipe(run->alive), 0);
	snprintf(run->number, sizeof(run->number), "%d", run->alive[1]);
	run->argv[0] = self;
	run->argv[1] = (char *)(uintptr_t)word;
	run->argv[2] = run->number;
	run->config.argv = run->argv;
	run->config.library = library;
}

static void run_start(struct run *run)
{
	struct err err = { 0 };
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	run->target = target_new(&run->config, &err);
	if (!run->target)
		fail_msg("%s", err.text);
	if (target_start(run->target, &run->region, &mask, &err))
		fail_msg("%s", err.text);
	close(run->alive[1]);
	run->alive[1] = -1;
}

static void run_end(struct run *run)
{
	target_free(run->target);
	region_destroy(&run->region);
	close(run->alive[0]);
	if (run->alive[1] >= 0)
		close(run->alive[1]);
}

/* Blocks until the guardian has told all. */
static struct target_report run_wait(struct run *run)
{
	struct target_report report;

	while (!target_poll(run->target, &report))
		sched_yield();
	return report;
}

/* Reads until `count` bytes have come. */
static void read_bytes(int fd, char *bytes, size_t count)
{
	while (count) {
		ssize_t n = read(fd, bytes, count);

		assert_true(n > 0);
		bytes += n;
		count -= (size_t)n;
	}
}

/* True when everyone who held the other end is dead; blocks until then. */
static bool all_dead(int fd)
{
	char byte;
	ssize_t n;

	while ((n = read(fd, &byte, 1)) > 0)
		;
	return n == 0;
}

static void exit_status_is_told(void **state)
{
	struct target_report report;
	struct run run;

	(void)state;
	run_begin(&run, "exit7");
	run_start(&run);
	assert_true(target_pid(run.target) > 0);
	report = run_wait(&run);
	assert_true(report.ended);
	assert_false(report.guardian_lost);
	assert_true(WIFEXITED(report.wait_status));
	assert_int_equal(WEXITSTATUS(report.wait_status), 7);
	assert_int_equal(report.orphans, 0);
	run_end(&run);
}

static void signal_is_told(void **state)
{
	struct target_report report;
	struct run run;

	(void)state;
	run_begin(&run, "kill");
	run_start(&run);
	report = run_wait(&run);
	assert_true(WIFSIGNALED(report.wait_status));
	assert_int_equal(WTERMSIG(report.wait_status), SIGKILL);
	run_end(&run);
}

/* What a target reports about itself, see be_report(). */
struct facts {
	unsigned long persona;
	int cpus;
	bool interrupt_ignored, quit_default, usr1_blocked, usr2_blocked;
	char preload[8192];
	char region[128];
};

static void the_target_finds_what_was_promised(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	static struct facts facts;
	static char envbuf[9000];
	char expected[REGION_ENV_MAX];
	char *envp[] = { "LD_PRELOAD=", "FRONTRUN_REGION=stale", "PATH=/bin", NULL };
	sigset_t block, mask;
	struct run run;

	(void)state;
	snprintf(envbuf, sizeof(envbuf), "LD_PRELOAD=%s", library);
	envp[0] = envbuf;
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, &mask);
	sigaction(SIGINT, &ignore, &before);
	run_begin(&run, "report");
	run.config.envp = envp;
	run_start(&run);
	read_bytes(run.alive[0], (char *)&facts, sizeof(facts));
	run_wait(&run);
	sigaction(SIGINT, &before, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);

	assert_int_equal(facts.cpus, 1);
	assert_true(facts.interrupt_ignored);
	assert_true(facts.quit_default);
	assert_true(facts.usr1_blocked);
	assert_false(facts.usr2_blocked);
	snprintf(envbuf, sizeof(envbuf), "%s:%s", library, library);
	/* A sanitizer's runtime may have to stand before both. */
	assert_non_null(strstr(facts.preload, envbuf));
	region_env(&run.region, expected, sizeof(expected));
	assert_string_equal(facts.region, strchr(expected, '=') + 1);
	run_end(&run);
}

static void environment_can_be_undone(void **state)
{
	char text[9000];
	char *envp[] = { text, NULL };
	struct plan_environment *given;
	uint32_t length;
	struct run run;
	int persona = personality(0xffffffff);

	(void)state;
	snprintf(text, sizeof(text), "LD_PRELOAD=%s", library);
	run_begin(&run, "exit7");
	run.config.envp = envp;
	run.target = target_new(&run.config, NULL);
	assert_non_null(run.target);
	given = target_environment(run.target, &length);
	assert_int_equal(length, sizeof(*given) + strlen(library) + 1);
	assert_true(given->has_preload);
	assert_string_equal(given->preload, library);
	assert_true(given->preload_added > strlen(library));
	assert_string_equal(given->library, library);
	assert_int_equal(given->personality, persona);
	assert_int_equal(personality(0xffffffff), persona);
	free(given);
	run_end(&run);
}

static void order_kills_the_whole_tree(void **state)
{
	struct target_report report;
	char bytes[4];
	struct run run;

	(void)state;
	run_begin(&run, "tree");
	run_start(&run);
	read_bytes(run.alive[0], bytes, 4);
	target_kill(run.target);
	report = run_wait(&run);
	assert_true(report.ended);
	assert_int_equal(WTERMSIG(report.wait_status), SIGKILL);
	assert_int_equal(report.orphans, 3);
	assert_true(all_dead(run.alive[0]));
	run_end(&run);
}

/* Each that is killed makes room for another one. */
static void who_only_forks_is_killed(void **state)
{
	char byte;
	struct run run;

	(void)state;
	run_begin(&run, "forks");
	run_start(&run);
	read_bytes(run.alive[0], &byte, 1);
	target_kill(run.target);
	run_wait(&run);
	assert_true(all_dead(run.alive[0]));
	run_end(&run);
}

static void orphans_do_not_outlive_the_target(void **state)
{
	struct target_report report;
	struct run run;

	(void)state;
	run_begin(&run, "orphan");
	run_start(&run);
	report = run_wait(&run);
	assert_int_equal(WEXITSTATUS(report.wait_status), 3);
	assert_int_equal(report.orphans, 1);
	assert_true(all_dead(run.alive[0]));
	run_end(&run);
}

/* A child that ends within the grace is not killed. */
static void late_children_may_finish(void **state)
{
	struct target_report report;
	struct run run;

	(void)state;
	run_begin(&run, "late");
	run_start(&run);
	report = run_wait(&run);
	assert_int_equal(report.orphans, 0);
	run_end(&run);
}

/* The CLI is killed by SIGKILL in the middle of a run: everything below must die. */
static void nothing_survives_the_cli(void **state)
{
	struct run run;
	char bytes[4];
	int status;
	pid_t cli;

	(void)state;
	run_begin(&run, "tree");
	cli = fork();
	assert_true(cli >= 0);
	if (!cli) {
		run_start(&run);
		for (;;)
			pause();
	}
	close(run.alive[1]);
	run.alive[1] = -1;
	read_bytes(run.alive[0], bytes, 4);
	assert_int_equal(kill(cli, SIGKILL), 0);
	assert_true(all_dead(run.alive[0]));
	assert_int_equal(waitpid(cli, &status, 0), cli);
	run_end(&run);
}

static void what_cannot_run_is_refused(void **state)
{
	static const struct {
		const char *command;
		const char *word;
		int code;
	} rows[] = {
		{ NULL, "/nonexistent/program", TARGET_ERR_NOT_FOUND },
		{ NULL, "no-such-program-anywhere", TARGET_ERR_NOT_FOUND },
		{ "echo 'hello' > text; chmod 644 text", "text", TARGET_ERR_NOT_EXECUTABLE },
		{ "echo 'hello' > plain; chmod 755 plain", "plain", TARGET_ERR_NOT_EXECUTABLE },
		{ "mkdir folder", "folder", TARGET_ERR_NOT_EXECUTABLE },
		{ "printf '#!/nonexistent/shell\\n' > script; chmod 755 script", "script",
		  TARGET_ERR_NOT_FOUND },
		{ "echo 'int main(void) { return 0; }' > s.c; ${CC:-gcc} -static -o static s.c",
		  "static", TARGET_ERR_REFUSED },
		{ "echo 'int main(void) { return 0; }' > d.c; ${CC:-gcc} -o good d.c;"
		  "printf '#!./static\\n' > by_static; chmod 755 by_static",
		  "by_static", TARGET_ERR_REFUSED },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = { 0 };
		char word[4096];
		struct run run;

		if (rows[i].command)
			scratch_run("%s", rows[i].command);
		snprintf(word, sizeof(word), "%s",
			 rows[i].command ? scratch_path(rows[i].word) : rows[i].word);
		run_begin(&run, "exit7");
		run.argv[0] = word;
		assert_int_equal(chdir(scratch_dir()), 0);
		run.target = target_new(&run.config, &err);
		assert_null(run.target);
		if (err.code != rows[i].code)
			fail_msg("%s: code %d, \"%s\"", rows[i].word, err.code, err.text);
		assert_true(strlen(err.text) > 10);
		run_end(&run);
	}
}

static void a_missing_library_is_said(void **state)
{
	struct err err = { 0 };
	struct run run;

	(void)state;
	run_begin(&run, "exit7");
	run.config.library = "/nonexistent/libfrontrun.so";
	assert_null(target_new(&run.config, &err));
	assert_int_equal(err.code, TARGET_ERR_LIBRARY);
	assert_non_null(strstr(err.text, "/nonexistent/libfrontrun.so"));
	run_end(&run);
}

/* The targets. `fd` is the pipe. */

static _Noreturn void rest(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* A child, its child, and a daemon with its own session. */
static _Noreturn void be_tree(int fd)
{
	if (!fork()) {
		if (!fork())
			rest(fd);
		rest(fd);
	}
	if (!fork()) {
		setsid();
		if (!fork())
			rest(fd);
		_exit(0);
	}
	rest(fd);
}

/* As many as a user may have who has none else; the kernel sets root no limit. */
static _Noreturn void be_forking(int fd)
{
	struct rlimit limit = { 64, 64 };

	if (setrlimit(RLIMIT_NPROC, &limit) || (!geteuid() && setuid(65534)) ||
	    write(fd, "x", 1) != 1)
		_exit(1);
	for (;;)
		fork();
}

static int be_report(int fd)
{
	static struct facts facts;
	const char *preload = getenv("LD_PRELOAD"), *region = getenv("FRONTRUN_REGION");
	struct sigaction action;
	cpu_set_t cpus;
	sigset_t mask;

	facts.persona = (unsigned long)personality(0xffffffff);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	facts.cpus = CPU_COUNT(&cpus);
	sigaction(SIGINT, NULL, &action);
	facts.interrupt_ignored = action.sa_handler == SIG_IGN;
	sigaction(SIGQUIT, NULL, &action);
	facts.quit_default = action.sa_handler == SIG_DFL;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	facts.usr1_blocked = sigismember(&mask, SIGUSR1);
	facts.usr2_blocked = sigismember(&mask, SIGUSR2);
	snprintf(facts.preload, sizeof(facts.preload), "%s", preload ? preload : "");
	snprintf(facts.region, sizeof(facts.region), "%s", region ? region : "");
	return write(fd, &facts, sizeof(facts)) == sizeof(facts) ? 0 : 1;
}

static int be(const char *word, int fd)
{
	if (!strcmp(word, "exit7"))
		return 7;
	if (!strcmp(word, "kill"))
		return raise(SIGKILL);
	if (!strcmp(word, "report"))
		return be_report(fd);
	if (!strcmp(word, "tree"))
		be_tree(fd);
	if (!strcmp(word, "forks"))
		be_forking(fd);
	if (!strcmp(word, "orphan")) {
		if (!fork())
			rest(fd);
		return 3;
	}
	if (!strcmp(word, "late")) {
		/* Ends when its parent is gone: the parent's end of the pipe closes. */
		int ends[2];
		char byte;

		if (pipe(ends))
			return 1;
		if (!fork()) {
			close(ends[1]);
			_exit(read(ends[0], &byte, 1) ? 1 : 0);
		}
		return 0;
	}
	return 99;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_status_is_told),
		cmocka_unit_test(signal_is_told),
		cmocka_unit_test(the_target_finds_what_was_promised),
		cmocka_unit_test(environment_can_be_undone),
		cmocka_unit_test(order_kills_the_whole_tree),
		cmocka_unit_test(who_only_forks_is_killed),
		cmocka_unit_test(orphans_do_not_outlive_the_target),
		cmocka_unit_test(late_children_may_finish),
		cmocka_unit_test(nothing_survives_the_cli),
		cmocka_unit_test(what_cannot_run_is_refused),
		cmocka_unit_test(a_missing_library_is_said),
	};
	Dl_info info;
	ssize_t n;

	if (argc == 3)
		return be(argv[1], atoi(argv[2]));
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0 || !dladdr(dlsym(RTLD_DEFAULT, "getpid"), &info))
		return 1;
	snprintf(library, sizeof(library), "%s", info.dli_fname);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
