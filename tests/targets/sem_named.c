/*
 * Named semaphores: the same name opened twice is the same semaphore, exclusive creation, two
 * threads that hand a turn to each other, unlink.
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include "tests/targets/check.h"

enum { ROUNDS = 40 };

static sem_t *ping, *pong;
static int turns;

static void down(sem_t *sem)
{
	while (sem_wait(sem) == -1)
		CHECK(errno == EINTR);
}

static void *player(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		down(ping);
		turns++;
		CHECK(sem_post(pong) == 0);
	}
	return unused;
}

int main(void)
{
	char ping_name[64], pong_name[64];
	pthread_t tid;
	sem_t *same;

	snprintf(ping_name, sizeof(ping_name), "/target-sem-ping-%d", getpid());
	snprintf(pong_name, sizeof(pong_name), "/target-sem-pong-%d", getpid());
	ping = sem_open(ping_name, O_CREAT | O_EXCL, 0600, 0);
	pong = sem_open(pong_name, O_CREAT, 0600, 0);
	CHECK(ping != SEM_FAILED && pong != SEM_FAILED);
	errno = 0;
	CHECK(sem_open(ping_name, O_CREAT | O_EXCL, 0600, 0) == SEM_FAILED && errno == EEXIST);
	same = sem_open(ping_name, 0);
	CHECK(same != SEM_FAILED);
	CHECK(sem_unlink(ping_name) == 0 && sem_unlink(pong_name) == 0);
	CHECK_RC(pthread_create(&tid, NULL, player, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(sem_post(same) == 0);
		down(pong);
		CHECK(turns == i + 1);
	}
	CHECK_RC(pthread_join(tid, NULL), 0);
	CHECK(sem_close(same) == 0 && sem_close(ping) == 0 && sem_close(pong) == 0);
	errno = 0;
	CHECK(sem_open(ping_name, 0) == SEM_FAILED && errno == ENOENT);
	return check_done(__FILE__);
}
