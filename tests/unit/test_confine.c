/*
 * What a confined process can do and what not, with each generation of Landlock that this kernel
 * can be made to look like, down to none. Each question is asked in a child that was confined, and
 * nothing outside the scratch directory may be different afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/confine.h"
#include "tests/unit/scratch.h"

static char victim[4096];  /* a file outside, with the content "as it was" */
static char outside[4096]; /* the directory that it is in */
static char inside[4096];  /* a file of the scratch directory, not there yet */
static pid_t parent;

/* errno of the last call, 0 when it worked. */
#define RESULT(call) ((call) < 0 ? errno : 0)

static const char *beside(const char *name)
{
	static char path[8192];

	snprintf(path, sizeof(path), "%s/%s", outside, name);
	return path;
}

static int opens_for_writing(void)
{
	return RESULT(open(victim, O_WRONLY | O_TRUNC));
}

static int truncates_while_reading(void)
{
	return RESULT(open(victim, O_RDONLY | O_TRUNC));
}

static int creates(void)
{
	return RESULT(open(beside("new"), O_WRONLY | O_CREAT, 0600));
}

static int creates_unnamed(void)
{
	return RESULT(open(outside, O_WRONLY | O_TMPFILE, 0600));
}

static int truncates(void)
{
	return RESULT(truncate(victim, 0));
}

static int removes(void)
{
	return RESULT(unlink(victim));
}

static int renames(void)
{
	return RESULT(rename(victim, beside("renamed")));
}

static int links(void)
{
	return RESULT(link(victim, beside("linked")));
}

static int links_symbolically(void)
{
	return RESULT(symlink(victim, beside("symbolic")));
}

static int makes_directory(void)
{
	return RESULT(mkdir(beside("directory"), 0700));
}

static int changes_mode(void)
{
	return RESULT(chmod(victim, 0777));
}

static int changes_mode_of_descriptor(void)
{
	return RESULT(fchmod(open(victim, O_RDONLY), 0777));
}

static int changes_owner(void)
{
	return RESULT(chown(victim, getuid(), getgid()));
}

static int changes_time(void)
{
	return RESULT(utimensat(AT_FDCWD, victim, NULL, 0));
}

static int changes_flags(void)
{
	unsigned long flags = 0;

	return RESULT(ioctl(open(victim, O_RDONLY), 0x40086602 /* FS_IOC_SETFLAGS */, &flags));
}

static int makes_socket(void)
{
	return RESULT(socket(AF_INET, SOCK_STREAM, 0));
}

static int makes_local_socket(void)
{
	return RESULT(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int makes_datagram_pair(void)
{
	int pair[2];

	return RESULT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
}

static int makes_pair(void)
{
	int pair[2];

	return RESULT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
}

static int asks_parent(void)
{
	return RESULT(kill(parent, 0));
}

static int queues_to_parent(void)
{
	return RESULT(sigqueue(parent, 0, (union sigval){ 0 }));
}

static int signals_itself(void)
{
	signal(SIGUSR1, SIG_IGN);
	return RESULT(raise(SIGUSR1)) | RESULT(kill(getpid(), SIGUSR1));
}

static int traces_parent(void)
{
	return RESULT(ptrace(PTRACE_ATTACH, parent, NULL, NULL));
}

static int is_traced(void)
{
	return RESULT(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int reads_parent(void)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { victim, 1 };

	return RESULT(process_vm_readv(parent, &here, 1, &there, 1, 0));
}

static int limits_parent(void)
{
	struct rlimit limit = { 0, 0 };

	return RESULT(prlimit(parent, RLIMIT_CORE, &limit, NULL));
}

static int limits_itself(void)
{
	struct rlimit limit = { 0, 0 };

	return RESULT(setrlimit(RLIMIT_CORE, &limit));
}

static int becomes_urgent(void)
{
	struct sched_param parameter = { .sched_priority = 1 };

	return RESULT(sched_setscheduler(0, SCHED_FIFO, &parameter));
}

static int moves_parent(void)
{
	cpu_set_t before, cpus, after;

	/* Seems to work and does not. */
	sched_getaffinity(parent, sizeof(before), &before);
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(parent, sizeof(cpus), &cpus))
		return errno;
	sched_getaffinity(parent, sizeof(after), &after);
	return CPU_EQUAL(&before, &after) ? 0 : EINVAL;
}

static int mounts(void)
{
	return RESULT(syscall(SYS_mount, "none", outside, "tmpfs", 0, NULL));
}

static int unshares(void)
{
	return RESULT(unshare(CLONE_NEWUSER));
}

static int clones_namespace(void)
{
	return RESULT(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
}

static int clones_by_structure(void)
{
	return RESULT(syscall(SYS_clone3, NULL, 0));
}

static int uses_uring(void)
{
	return RESULT(syscall(SYS_io_uring_setup, 1, NULL));
}

static int uses_bpf(void)
{
	return RESULT(syscall(SYS_bpf, 0, NULL, 0));
}

static int uses_keys(void)
{
	return RESULT(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
}

static int uses_handle(void)
{
	return RESULT(syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0));
}

static int uses_new_call(void)
{
	return RESULT(syscall(600));
}

static int uses_32_bit_call(void)
{
	long result;

	/* getpid(2) of i386, which is writev(2) of x86_64 */
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	return result < 0 ? (int)-result : 0;
}

static int types(void)
{
	char byte = 'x';

	return RESULT(ioctl(STDIN_FILENO, TIOCSTI, &byte));
}

static int asks_terminal(void)
{
	struct winsize size;

	/* Whatever it is: the question is not refused. */
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && errno == EPERM ? EPERM : 0;
}

static int attaches_memory(void)
{
	return RESULT(syscall(SYS_shmget, 0x1234, 4096, IPC_CREAT | 0600));
}

static int reads(void)
{
	char text[16] = "";
	int fd = open(victim, O_RDONLY);

	return read(fd, text, sizeof(text)) == 9 && !memcmp(text, "as it was", 9) ? 0 : EIO;
}

static int writes_to_null(void)
{
	int fd = open("/dev/null", O_WRONLY | O_TRUNC);

	return fd < 0 ? errno : RESULT(write(fd, "x", 1));
}

static int writes_inside(void)
{
	int fd = open(inside, O_RDWR | O_CREAT | O_TRUNC, 0600);

	return fd < 0 || write(fd, "x", 1) != 1 ? errno : RESULT(unlink(inside));
}

static int uses_pipe(void)
{
	int ends[2];

	return pipe(ends) || write(ends[1], "x", 1) != 1 ? errno : 0;
}

static int executes(void)
{
	return system("exec true") ? ECHILD : 0;
}

static int has_no_limit_of_processes(void)
{
	struct rlimit limit = { 0, 0 };

	getrlimit(RLIMIT_NPROC, &limit);
	return limit.rlim_max == RLIM_INFINITY ? EEXIST : 0;
}

static int has_powers(void)
{
	return prctl(PR_CAPBSET_READ, 21 /* CAP_SYS_ADMIN */) > 0 && !geteuid() ? EEXIST : 0;
}

static const struct question {
	const char *name;
	int (*ask)(void);
	int expected[2]; /* errno with Landlock, and without */
} questions[] = {
	{ "opens for writing", opens_for_writing, { EACCES, EPERM } },
	{ "truncates while reading", truncates_while_reading, { EACCES, EPERM } },
	{ "creates", creates, { EACCES, EPERM } },
	{ "creates unnamed", creates_unnamed, { EACCES, EPERM } },
	{ "truncates", truncates, { EACCES, EPERM } },
	{ "removes", removes, { EACCES, EPERM } },
	{ "renames", renames, { EACCES, EPERM } },
	{ "links", links, { EACCES, EPERM } },
	{ "links symbolically", links_symbolically, { EACCES, EPERM } },
	{ "makes a directory", makes_directory, { EACCES, EPERM } },
	{ "changes a mode", changes_mode, { EPERM, EPERM } },
	{ "changes a mode by descriptor", changes_mode_of_descriptor, { EPERM, EPERM } },
	{ "changes an owner", changes_owner, { EPERM, EPERM } },
	{ "changes a time", changes_time, { EPERM, EPERM } },
	{ "changes flags", changes_flags, { ENOTTY, ENOTTY } },
	{ "makes a socket", makes_socket, { EPERM, EPERM } },
	{ "makes a local socket", makes_local_socket, { EPERM, EPERM } },
	{ "makes a pair for datagrams", makes_datagram_pair, { EPERM, EPERM } },
	{ "makes a pair", makes_pair, { 0, 0 } },
	{ "asks for its parent", asks_parent, { EPERM, EPERM } },
	{ "queues a signal to its parent", queues_to_parent, { EPERM, EPERM } },
	{ "signals itself", signals_itself, { 0, 0 } },
	{ "traces its parent", traces_parent, { EPERM, EPERM } },
	{ "is traced by its parent", is_traced, { EPERM, EPERM } },
	{ "reads its parent's memory", reads_parent, { EPERM, EPERM } },
	{ "limits its parent", limits_parent, { EPERM, EPERM } },
	{ "limits itself", limits_itself, { 0, 0 } },
	{ "becomes urgent", becomes_urgent, { EPERM, EPERM } },
	{ "moves its parent", moves_parent, { 0, 0 } },
	{ "mounts", mounts, { EPERM, EPERM } },
	{ "unshares", unshares, { EPERM, EPERM } },
	{ "clones a namespace", clones_namespace, { EPERM, EPERM } },
	{ "clones by a structure", clones_by_structure, { ENOSYS, ENOSYS } },
	{ "uses io_uring", uses_uring, { ENOSYS, ENOSYS } },
	{ "uses bpf", uses_bpf, { EPERM, EPERM } },
	{ "uses keys", uses_keys, { EPERM, EPERM } },
	{ "uses a handle", uses_handle, { EPERM, EPERM } },
	{ "uses a new call", uses_new_call, { ENOSYS, ENOSYS } },
	{ "uses a 32-bit call", uses_32_bit_call, { ENOSYS, ENOSYS } },
	{ "types for the user", types, { EPERM, EPERM } },
	{ "asks a terminal", asks_terminal, { 0, 0 } },
	{ "reads", reads, { 0, 0 } },
	{ "writes to /dev/null", writes_to_null, { 0, EPERM } },
	{ "writes inside", writes_inside, { 0, EPERM } },
	{ "uses a pipe", uses_pipe, { 0, 0 } },
	{ "executes", executes, { 0, 0 } },
	{ "has no limit of processes", has_no_limit_of_processes, { 0, 0 } },
	{ "has powers of root", has_powers, { 0, 0 } },
};

static int ask(const struct confine *confine, const struct question *question)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(confine_enter(confine) ? 255 : question->ask());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void check_untouched(void)
{
	char text[16] = "";
	struct stat status;
	int fd = open(victim, O_RDONLY);

	assert_int_equal(read(fd, text, sizeof(text)), 9);
	assert_memory_equal(text, "as it was", 9);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(status.st_nlink, 1);
	close(fd);
	assert_int_equal(access(beside("new"), F_OK), -1);
	assert_int_equal(access(beside("directory"), F_OK), -1);
}

static void ask_all(unsigned abi)
{
	struct err err = { 0 };
	struct confine *confine = confine_new(abi, &err);
	unsigned wrong = 0;
	size_t i;

	if (!confine)
		fail_msg("%s", err.text);
	snprintf(inside, sizeof(inside), "%s/file", confine_scratch(confine));
	for (i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
		int expected = questions[i].expected[!abi];
		int got = ask(confine, &questions[i]);

		/* Before Linux 6.2 truncating is the filter's business. */
		if (abi < 3 && expected == EACCES && got == EPERM)
			continue;
		if (got != expected)
			print_error("Landlock %u: %s: %d (%s), not %d\n", abi, questions[i].name,
				    got, strerror(got), expected);
		wrong += got != expected;
	}
	check_untouched();
	assert_int_equal(wrong, 0);
	confine_free(confine);
	assert_int_equal(access(inside, F_OK), -1);
}

static void nothing_outside_changes(void **state)
{
	unsigned abi;

	(void)state;
	if (!confine_landlock())
		skip();
	for (abi = confine_landlock() < CONFINE_ABI ? confine_landlock() : CONFINE_ABI; abi; abi--)
		ask_all(abi);
}

static void nothing_outside_changes_without_landlock(void **state)
{
	(void)state;
	ask_all(0);
}

/* For an own IPC namespace see confine.h: without, memory of other programs could be attached. */
static void shared_memory_is_private_or_refused(void **state)
{
	static const struct question question = { .name = "shmget", .ask = attaches_memory };
	struct confine *confine = confine_new(CONFINE_ABI, NULL);
	int got = ask(confine, &question);

	(void)state;
	confine_free(confine);
	assert_true(got == EPERM || (!geteuid() && got == 0));
	assert_int_equal(shmget(0x1234, 4096, 0), -1);
}

static void gaps_are_named(void **state)
{
	struct confine *confine = confine_new(0, NULL);

	(void)state;
	assert_non_null(confine_gap(confine, 0));
	assert_non_null(strstr(confine_gap(confine, 0), "Landlock"));
	assert_null(confine_gap(confine, 2));
	confine_free(confine);
	if (confine_landlock() < CONFINE_ABI)
		return;
	confine = confine_new(CONFINE_ABI, NULL);
	assert_null(confine_gap(confine, 0));
	confine_free(confine);
}

static void the_scratch_directory_is_removed(void **state)
{
	struct confine *confine = confine_new(CONFINE_ABI, NULL);
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s", confine_scratch(confine));
	assert_int_equal(path[0], '/');
	assert_int_equal(access(path, W_OK), 0);
	confine_free(confine);
	assert_int_equal(access(path, F_OK), -1);
}

static void no_scratch_directory_is_an_error(void **state)
{
	struct err err = { 0 };
	char *before = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;

	(void)state;
	setenv("TMPDIR", "/no/such/directory", 1);
	assert_null(confine_new(CONFINE_ABI, &err));
	assert_non_null(strstr(err.text, "set TMPDIR"));
	if (before)
		setenv("TMPDIR", before, 1);
	else
		unsetenv("TMPDIR");
	free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_outside_changes),
		cmocka_unit_test(nothing_outside_changes_without_landlock),
		cmocka_unit_test(shared_memory_is_private_or_refused),
		cmocka_unit_test(gaps_are_named),
		cmocka_unit_test(the_scratch_directory_is_removed),
		cmocka_unit_test(no_scratch_directory_is_an_error),
	};

	parent = getpid();
	snprintf(outside, sizeof(outside), "%s", scratch_dir());
	snprintf(victim, sizeof(victim), "%s", scratch_bytes("victim", "as it was", 9, 0600));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
