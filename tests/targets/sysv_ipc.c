/*
 * System V message queues and semaphores between threads and with a forked child: msgsnd and msgrcv
 * that wait, semop as a lock, semtimedop that times out.
 */
#include <pthread.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include "tests/targets/check.h"

enum { MESSAGES = 20, ROUNDS = 30 };

struct message {
	long type;
	int number;
};

static int queue, sems, counter;

static void sem_add(int change)
{
	struct sembuf op = { .sem_op = (short)change };
	int rc;

	while ((rc = semop(sems, &op, 1)) == -1 && errno == EINTR)
		;
	CHECK(rc == 0);
}

static void *send_all(void *unused)
{
	for (int i = 0; i < MESSAGES; i++) {
		struct message message = { 1, i };

		CHECK(msgsnd(queue, &message, sizeof(message.number), 0) == 0);
	}
	return unused;
}

static void *add(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		sem_add(-1);
		counter++;
		sched_yield();
		sem_add(1);
	}
	return unused;
}

int main(int argc, char **argv)
{
	int second = check_second(argc, argv);
	struct timespec ts = { second / 1000, second % 1000 * 1000000 };
	struct sembuf op = { .sem_op = -1 };
	struct message message;
	struct msqid_ds limits;
	pthread_t tid[2];
	pid_t pid;

	queue = msgget(IPC_PRIVATE, 0600);
	sems = semget(IPC_PRIVATE, 1, 0600);
	CHECK(queue != -1 && sems != -1);
	CHECK(msgctl(queue, IPC_STAT, &limits) == 0);
	limits.msg_qbytes = 3 * sizeof(message.number); /* so that the sender has to wait */
	CHECK(msgctl(queue, IPC_SET, &limits) == 0);
	CHECK_RC(pthread_create(&tid[0], NULL, send_all, NULL), 0);
	for (int i = 0; i < MESSAGES; i++) {
		CHECK(msgrcv(queue, &message, sizeof(message.number), 1, 0) ==
		      sizeof(message.number));
		CHECK(message.number == i);
	}
	CHECK_RC(pthread_join(tid[0], NULL), 0);
	CHECK_ERRNO(msgrcv(queue, &message, sizeof(message.number), 0, IPC_NOWAIT), ENOMSG);

	CHECK_ERRNO(semtimedop(sems, &op, 1, &ts), EAGAIN);
	sem_add(1);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, add, NULL), 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(counter == 2 * ROUNDS);

	sem_add(-1);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		check_sleep(20); /* the parent waits for nobody but us */
		sem_add(1);
		_exit(0);
	}
	sem_add(-1);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(msgctl(queue, IPC_RMID, NULL) == 0 && semctl(sems, 0, IPC_RMID) == 0);
	return check_done(__FILE__);
}
