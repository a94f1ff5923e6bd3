/*
 * flock, fcntl(F_SETLKW), open-file-description locks (F_OFD_SETLKW) and lockf: between threads
 * where the lock belongs to the open file, between processes where it belongs to the process.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/wait.h>
#include "tests/targets/check.h"

enum { THREADS = 3, ROUNDS = 20 };

static char path[] = "/tmp/target-locks-XXXXXX";
static int by_description, inside;

static void set_lock(int fd, int cmd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };
	int rc;

	while ((rc = fcntl(fd, cmd, &lock)) == -1 && errno == EINTR)
		;
	CHECK(rc == 0);
}

static void *thread(void *unused)
{
	int fd = open(path, O_RDWR);

	CHECK(fd >= 0);
	for (int i = 0; i < ROUNDS; i++) {
		if (by_description)
			set_lock(fd, F_OFD_SETLKW, F_WRLCK);
		else
			CHECK(flock(fd, LOCK_EX) == 0);
		CHECK(inside++ == 0);
		sched_yield();
		CHECK(--inside == 0);
		if (by_description)
			set_lock(fd, F_OFD_SETLKW, F_UNLCK);
		else
			CHECK(flock(fd, LOCK_UN) == 0);
	}
	CHECK(close(fd) == 0);
	return unused;
}

/* The child holds the lock for a moment; returns when it does. */
static pid_t child_holds(int use_lockf)
{
	int ready[2];
	char c;
	pid_t pid;

	CHECK(pipe(ready) == 0);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		int fd = open(path, O_RDWR);

		if (use_lockf)
			CHECK(lockf(fd, F_LOCK, 0) == 0);
		else
			set_lock(fd, F_SETLKW, F_WRLCK);
		CHECK(write(ready[1], "x", 1) == 1);
		check_sleep(20);
		_exit(0);
	}
	CHECK(read(ready[0], &c, 1) == 1);
	CHECK(close(ready[0]) == 0 && close(ready[1]) == 0);
	return pid;
}

int main(void)
{
	pthread_t tid[THREADS];
	int fd = mkstemp(path), other;
	pid_t pid;

	CHECK(fd >= 0);
	for (by_description = 0; by_description < 2; by_description++) {
		for (int i = 0; i < THREADS; i++)
			CHECK_RC(pthread_create(&tid[i], NULL, thread, NULL), 0);
		for (int i = 0; i < THREADS; i++)
			CHECK_RC(pthread_join(tid[i], NULL), 0);
	}
	other = open(path, O_RDWR);
	CHECK(flock(fd, LOCK_EX) == 0);
	CHECK_ERRNO(flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK(flock(fd, LOCK_UN) == 0);

	pid = child_holds(0);
	set_lock(fd, F_SETLKW, F_WRLCK);
	CHECK(waitpid(pid, NULL, 0) == pid);
	set_lock(fd, F_SETLKW, F_UNLCK);
	pid = child_holds(1);
	CHECK(lockf(fd, F_LOCK, 0) == 0);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(lockf(fd, F_ULOCK, 0) == 0);
	CHECK(close(fd) == 0 && close(other) == 0 && unlink(path) == 0);
	return check_done(__FILE__);
}
