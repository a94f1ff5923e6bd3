/*
 * Sandboxes: what a run did to the temporary directory and to the copy of the working directory is
 * undone, in place, and nothing outside of them is touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/sandbox.h"
#include "tests/unit/scratch.h"

/* A working directory with a bit of everything, made anew for each test; and it is entered. */
static int begin(void **state)
{
	(void)state;
	assert_int_equal(chdir(scratch_dir()), 0);
	scratch_run("rm -rf work tmp outside && mkdir -p work/dir/below tmp outside");
	scratch_run("echo outside > outside/file");
	scratch_run(
		"cd work && echo one > one && echo two > dir/two && echo three > dir/below/three");
	scratch_run("cd work && ln -s one link && ln -s ../outside out && ln -s nowhere dangling");
	scratch_run(
		"cd work && chmod 750 dir && chmod 640 one && touch -d @1000000000 one dir/two");
	assert_int_equal(setenv("TMPDIR", scratch_path("tmp"), 1), 0);
	assert_int_equal(chdir(scratch_path("work")), 0);
	return 0;
}

static struct sandbox *open_sandbox(const struct sandbox_config *config)
{
	struct err err = { 0 };
	struct sandbox *sandbox = sandbox_new(config, 0, &err);

	if (!sandbox)
		fail_msg("%s", err.text);
	return sandbox;
}

static void prepare(struct sandbox *sandbox)
{
	struct err err = { 0 };

	if (sandbox_prepare(sandbox, &err))
		fail_msg("%s", err.text);
}

static void mark(struct sandbox *sandbox)
{
	struct err err = { 0 };

	if (sandbox_mark(sandbox, &err))
		fail_msg("%s", err.text);
}

static const char *temporary(const struct sandbox *sandbox)
{
	char *const *envp = sandbox_environment(sandbox);
	const char *found = NULL;

	for (; *envp; envp++)
		if (!strncmp(*envp, "TMPDIR=", 7)) {
			assert_null(found);
			found = *envp + 7;
		}
	assert_non_null(found);
	return found;
}

/* Shell commands in the copy. */
#define IN(sandbox, commands) \
	scratch_run("cd '%s' && { %s; }", sandbox_directory(sandbox), commands)

/* The copy is as the working directory, down to modes and times of files. */
static void assert_as_it_was(const struct sandbox *sandbox)
{
	static const char list[] = "find . \\( -type f -printf '%p %m %s %T@\\n' \\) -o "
				   "\\( -type d -printf '%p %m\\n' \\) -o -printf '%p %l\\n'";

	scratch_run("cd work && { %s; } | sort > ../expected", list);
	scratch_run("here=$PWD && cd '%s' && { %s; } | sort > $here/got",
		    sandbox_directory(sandbox), list);
	scratch_run("diff -u expected got >&2");
	scratch_run("diff -r --no-dereference work '%s' >&2", sandbox_directory(sandbox));
}

static ino_t inode(const struct sandbox *sandbox, const char *name)
{
	char path[512];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", sandbox_directory(sandbox), name);
	assert_int_equal(stat(path, &status), 0);
	return status.st_ino;
}

static void a_copy_of_the_working_directory(void **state)
{
	struct sandbox_config config = { .scratch = true };
	struct sandbox *sandbox = open_sandbox(&config);

	(void)state;
	assert_as_it_was(sandbox);
	assert_null(strstr(sandbox_directory(sandbox), "/work"));
	sandbox_free(sandbox);
	/* Nothing is left of it. */
	scratch_run("test -z \"$(ls -A tmp)\"");
}

static void what_a_run_did_is_undone(void **state)
{
	static const char *const deeds[] = {
		"echo more >> one",
		"echo eno > one", /* of the same size */
		"rm one",
		"rm -r dir",
		"echo new > new",
		"echo new > dir/below/new && mkdir -p a/b/c && echo x > a/b/c/d",
		"chmod 600 one && chmod 700 dir",
		"rm one && mkdir one && echo x > one/x",
		"rm -r dir && echo file > dir",
		"rm one && ln -s dir/two one",
		"rm link && echo file > link",
		"rm link dangling",
		"ln -sfn dir/two link",
		"ln -sfn ../outside/file dangling",
		"mv one eno && mv dir rid",
		"rm -rf ./* && mkfifo one",
		"ln -s / root && ln -s .. dir/up",
		"mkfifo pipe",
		"ln one hard",
		"touch one && touch -d @5 dir/two",
	};
	struct sandbox_config config = { .scratch = true };
	struct sandbox *sandbox = open_sandbox(&config);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(deeds) / sizeof(*deeds); i++) {
		prepare(sandbox);
		IN(sandbox, deeds[i]);
		prepare(sandbox);
		assert_as_it_was(sandbox);
	}
	sandbox_free(sandbox);
}

/* The target may have them open since before the fork point. */
static void files_stay_the_same_files(void **state)
{
	struct sandbox_config config = { .scratch = true };
	struct sandbox *sandbox = open_sandbox(&config);
	ino_t one = inode(sandbox, "one"), two = inode(sandbox, "dir/two");
	char path[512], text[16] = "";
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/one", sandbox_directory(sandbox));
	fd = open(path, O_RDWR | O_APPEND);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "more\n", 5), 5);
	IN(sandbox, "echo changed > dir/two");
	prepare(sandbox);
	assert_as_it_was(sandbox);
	assert_int_equal(inode(sandbox, "one"), one);
	assert_int_equal(inode(sandbox, "dir/two"), two);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 4);
	assert_string_equal(text, "one\n");
	close(fd);
	sandbox_free(sandbox);
}

static void links_are_not_followed(void **state)
{
	struct sandbox_config config = { .scratch = true };
	struct sandbox *sandbox = open_sandbox(&config);

	(void)state;
	/* A link of the directory, and ones that a run has made. */
	IN(sandbox, "ln -sfn \"$OLDPWD/outside\" out");
	IN(sandbox, "rm -r dir && ln -s \"$OLDPWD/outside\" dir");
	IN(sandbox, "rm one && ln -s \"$OLDPWD/outside/file\" one");
	scratch_run("ln -s \"$PWD/outside\" '%s/escape'", temporary(sandbox));
	prepare(sandbox);
	assert_as_it_was(sandbox);
	scratch_run("test \"$(cat outside/file)\" = outside && test \"$(ls outside)\" = file");
	IN(sandbox, "ln -s \"$OLDPWD/outside\" escape");
	sandbox_free(sandbox);
	scratch_run("test \"$(cat outside/file)\" = outside && test \"$(ls outside)\" = file");
}

/* At the fork point the target has perhaps written already: that is how each run begins. */
static void a_mark_is_what_each_run_begins_with(void **state)
{
	struct sandbox_config config = { .scratch = true };
	struct sandbox *sandbox = open_sandbox(&config);

	(void)state;
	prepare(sandbox);
	IN(sandbox, "echo booted > booted && rm dir/two && ln -sfn booted link");
	scratch_run("echo t > '%s/t'", temporary(sandbox));
	mark(sandbox);
	IN(sandbox, "echo ran >> booted && echo x > dir/two && rm one");
	scratch_run("echo ran >> '%s/t' && echo u > '%s/u'", temporary(sandbox),
		    temporary(sandbox));
	prepare(sandbox);
	IN(sandbox, "test $(cat booted) = booted && test ! -e dir/two && test $(cat one) = one");
	IN(sandbox, "test $(readlink link) = booted");
	scratch_run("cd '%s' && test $(cat t) = t && test ! -e u", temporary(sandbox));
	/* A change within the same tick of the clock: same size, same time. */
	IN(sandbox, "cp -p booted before && echo dootob > booted && touch -r before booted");
	prepare(sandbox);
	IN(sandbox, "test $(cat booted) = booted");
	/* A mark can be made again. */
	IN(sandbox, "echo again > booted");
	mark(sandbox);
	IN(sandbox, "rm booted");
	prepare(sandbox);
	IN(sandbox, "test $(cat booted) = again");
	sandbox_free(sandbox);
}

static void the_temporary_directory_is_empty(void **state)
{
	struct sandbox_config config = { 0 };
	struct sandbox *sandbox = open_sandbox(&config);
	struct stat status;
	ino_t before;
	unsigned i;

	(void)state;
	assert_null(sandbox_directory(sandbox));
	assert_int_equal(stat(temporary(sandbox), &status), 0);
	before = status.st_ino;
	for (i = 0; i < 3; i++) {
		prepare(sandbox);
		scratch_run("test -z \"$(ls -A '%s')\"", temporary(sandbox));
		scratch_run("cd '%s' && echo a > a && mkdir -p b/c && echo d > b/c/.d && mkfifo f",
			    temporary(sandbox));
	}
	prepare(sandbox);
	assert_int_equal(stat(temporary(sandbox), &status), 0);
	assert_int_equal(status.st_ino, before);
	/* Its time is not now: else what comes within the same tick of the clock is not seen. */
	assert_true(status.st_mtime < time(NULL) - 60);
	/* Also when a run has taken it away, or its permissions. */
	scratch_run("rmdir '%s'", temporary(sandbox));
	prepare(sandbox);
	scratch_run("test -d '%s'", temporary(sandbox));
	scratch_run("cd '%s' && mkdir no && echo x > no/x && chmod 0 no", temporary(sandbox));
	prepare(sandbox);
	scratch_run("test -z \"$(ls -A '%s')\"", temporary(sandbox));
	sandbox_free(sandbox);
}

/* TMPDIR may be below the working directory: the copy is not of itself. */
static void a_copy_does_not_hold_itself(void **state)
{
	struct sandbox_config config = { .scratch = true };
	struct sandbox *sandbox;

	(void)state;
	scratch_run("mkdir work/tmp");
	setenv("TMPDIR", scratch_path("work/tmp"), 1);
	sandbox = open_sandbox(&config);
	scratch_run("test -e '%s/tmp'", sandbox_directory(sandbox));
	scratch_run("test -z \"$(ls -A '%s/tmp')\"", sandbox_directory(sandbox));
	IN(sandbox, "echo x > one");
	prepare(sandbox);
	IN(sandbox, "test $(cat one) = one");
	sandbox_free(sandbox);
	scratch_run("test -z \"$(ls -A work/tmp)\"");
}

/* As nobody, if we are root. */
static uid_t user;

static int as_somebody(void **state)
{
	begin(state);
	user = geteuid();
	scratch_run("chmod 777 . tmp && mkdir work/closed && echo x > work/closed/x");
	scratch_run("chmod 444 work/one && chmod 555 work/closed");
	if (user)
		return 0;
	scratch_run("chown -Rh 65534 work");
	return seteuid(65534);
}

static int as_before(void **state)
{
	(void)state;
	return seteuid(user);
}

/* chmod(1), as whoever we are. */
static void change_mode(const struct sandbox *sandbox, const char *name, mode_t mode)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", sandbox_directory(sandbox), name);
	assert_int_equal(chmod(path, mode), 0);
}

static void write_file(const struct sandbox *sandbox, const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", sandbox_directory(sandbox), name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "xyz\n", 4), 4);
	close(fd);
}

static void what_may_not_be_written_is_put_back(void **state)
{
	struct sandbox_config config = { .scratch = true };
	struct sandbox *sandbox = open_sandbox(&config);

	(void)state;
	prepare(sandbox);
	change_mode(sandbox, "one", 0644);
	write_file(sandbox, "one");
	change_mode(sandbox, "one", 0444);
	change_mode(sandbox, "closed", 0755);
	write_file(sandbox, "closed/x");
	write_file(sandbox, "closed/y");
	change_mode(sandbox, "closed", 0);
	change_mode(sandbox, "dir/below", 0);
	change_mode(sandbox, "dir", 0);
	prepare(sandbox);
	assert_int_equal(seteuid(user), 0);
	assert_as_it_was(sandbox);
	sandbox_free(sandbox);
	scratch_run("test -z \"$(ls -A tmp)\"");
}

static void what_may_not_be_read_is_removed(void **state)
{
	struct sandbox_config config = { .scratch = true };
	struct sandbox *sandbox = open_sandbox(&config);

	(void)state;
	prepare(sandbox);
	change_mode(sandbox, "dir/below", 0);
	change_mode(sandbox, "dir", 0);
	change_mode(sandbox, "closed", 0);
	sandbox_free(sandbox);
	assert_int_equal(seteuid(user), 0);
	scratch_run("test -z \"$(ls -A tmp)\"");
}

static void the_environment_is_the_target_s(void **state)
{
	char *envp[] = { (char[]){ "A=1" }, (char[]){ "TMPDIR=/nowhere" }, (char[]){ "B=2" },
			 NULL };
	struct sandbox_config config = { .envp = envp };
	struct sandbox *sandbox = open_sandbox(&config);
	char *const *made = sandbox_environment(sandbox);

	(void)state;
	assert_string_equal(made[0], "A=1");
	assert_string_equal(made[1], "B=2");
	assert_int_equal(strncmp(temporary(sandbox), scratch_dir(), strlen(scratch_dir())), 0);
	assert_null(made[3]);
	sandbox_free(sandbox);
}

static void reset_runs_before_and_check_after(void **state)
{
	struct sandbox_config config = {
		.scratch = true,
		.reset = "echo reset >> \"$TMPDIR/../../../log\"; echo r > reset",
		.check = "grep -q good \"$FRONTRUN_STDOUT\" && grep -q bad \"$FRONTRUN_STDERR\" "
			 "&& test -f one",
	};
	struct sandbox *sandbox = open_sandbox(&config);
	int output = open(".", O_TMPFILE | O_RDWR, 0600),
	    errors = open(".", O_TMPFILE | O_RDWR, 0600);
	struct err err = { 0 };
	int status = -1;

	(void)state;
	assert_true(output >= 0 && errors >= 0);
	scratch_run("rm -f log");
	prepare(sandbox);
	prepare(sandbox);
	scratch_run("test $(wc -l < log) = 2");
	IN(sandbox, "test -f reset");
	assert_int_equal(access("reset", F_OK), -1);
	assert_int_equal(sandbox_check(sandbox, output, errors, &status, &err), 0);
	assert_int_equal(status, 1);
	assert_int_equal(write(output, "good\n", 5), 5);
	assert_int_equal(write(errors, "bad\n", 4), 4);
	assert_int_equal(sandbox_check(sandbox, output, errors, &status, &err), 0);
	assert_int_equal(status, 0);
	config.check = "kill -9 $$";
	assert_int_equal(sandbox_check(sandbox, output, errors, &status, &err), 0);
	assert_int_equal(status, 128 + 9);
	config.check = NULL;
	assert_int_equal(sandbox_check(sandbox, output, errors, &status, &err), 0);
	assert_int_equal(status, 0);
	config.reset = "exit 5";
	assert_int_equal(sandbox_prepare(sandbox, &err), -EINVAL);
	assert_non_null(strstr(err.text, "--reset"));
	assert_non_null(strstr(err.text, "5"));
	sandbox_free(sandbox);
	close(output);
	close(errors);
}

static void no_place_for_it(void **state)
{
	struct sandbox_config config = { 0 };
	struct err err = { 0 };

	(void)state;
	setenv("TMPDIR", scratch_path("not/there"), 1);
	assert_null(sandbox_new(&config, 0, &err));
	assert_int_equal(err.code, ENOENT);
	assert_non_null(strstr(err.text, "TMPDIR"));
	sandbox_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_copy_of_the_working_directory, begin),
		cmocka_unit_test_setup(what_a_run_did_is_undone, begin),
		cmocka_unit_test_setup(files_stay_the_same_files, begin),
		cmocka_unit_test_setup(links_are_not_followed, begin),
		cmocka_unit_test_setup(a_mark_is_what_each_run_begins_with, begin),
		cmocka_unit_test_setup(the_temporary_directory_is_empty, begin),
		cmocka_unit_test_setup(a_copy_does_not_hold_itself, begin),
		cmocka_unit_test_setup_teardown(what_may_not_be_written_is_put_back, as_somebody,
						as_before),
		cmocka_unit_test_setup_teardown(what_may_not_be_read_is_removed, as_somebody,
						as_before),
		cmocka_unit_test_setup(the_environment_is_the_target_s, begin),
		cmocka_unit_test_setup(reset_runs_before_and_check_after, begin),
		cmocka_unit_test_setup(no_place_for_it, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
