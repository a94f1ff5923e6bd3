/*
 * posix_spawn and posix_spawnp in two threads: file actions that connect pipes, attributes, the
 * child's output and status, a program that does not exist.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include "tests/targets/check.h"

static void *spawn_cat(void *unused)
{
	char *args[] = { "cat", NULL }, line[64];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int in[2], out[2], status;
	FILE *reply;
	pid_t pid;

	CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	CHECK_RC(posix_spawn_file_actions_init(&actions), 0);
	CHECK_RC(posix_spawn_file_actions_adddup2(&actions, in[0], 0), 0);
	CHECK_RC(posix_spawn_file_actions_adddup2(&actions, out[1], 1), 0);
	CHECK_RC(posix_spawnattr_init(&attr), 0);
	sigemptyset(&none);
	CHECK_RC(posix_spawnattr_setsigmask(&attr, &none), 0);
	CHECK_RC(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK), 0);
	CHECK_RC(posix_spawnp(&pid, "cat", &actions, &attr, args, environ), 0);
	CHECK(close(in[0]) == 0 && close(out[1]) == 0);
	CHECK(write(in[1], "round trip\n", 11) == 11 && close(in[1]) == 0);
	reply = fdopen(out[0], "r");
	CHECK(reply && fgets(line, sizeof(line), reply));
	CHECK(strcmp(line, "round trip\n") == 0 && !fgets(line, sizeof(line), reply));
	CHECK(fclose(reply) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return unused;
}

static void *spawn_sh(void *unused)
{
	char *args[] = { "sh", "-c", "exit 6", NULL };
	int status;
	pid_t pid;

	CHECK_RC(posix_spawn(&pid, "/bin/sh", NULL, NULL, args, environ), 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 6);
	CHECK_RC(posix_spawn(&pid, "/nonexistent", NULL, NULL, args, environ), ENOENT);
	return unused;
}

int main(void)
{
	pthread_t tid[2];

	CHECK_RC(pthread_create(&tid[0], NULL, spawn_cat, NULL), 0);
	CHECK_RC(pthread_create(&tid[1], NULL, spawn_sh, NULL), 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	return check_done(__FILE__);
}
