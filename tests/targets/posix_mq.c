/*
 * POSIX message queues between threads: a receiver that waits, a sender that waits because the
 * queue is full, priorities, time-outs.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include "tests/targets/check.h"

enum { MESSAGES = 20 };

static mqd_t queue;

static void *send_all(void *unused)
{
	for (int i = 0; i < MESSAGES; i++)
		CHECK(mq_send(queue, (char *)&i, sizeof(i), 1) == 0);
	return unused;
}

int main(int argc, char **argv)
{
	int second = check_second(argc, argv), number;
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = sizeof(int) };
	struct timespec at;
	unsigned int priority;
	pthread_t tid;
	char name[64];

	snprintf(name, sizeof(name), "/target-mq-%d", getpid());
	queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
	CHECK(queue != (mqd_t)-1 && mq_unlink(name) == 0);
	at = check_after(CLOCK_REALTIME, second);
	CHECK_ERRNO(mq_timedreceive(queue, (char *)&number, sizeof(number), NULL, &at), ETIMEDOUT);
	CHECK_RC(pthread_create(&tid, NULL, send_all, NULL), 0);
	for (int i = 0; i < MESSAGES; i++) {
		CHECK(mq_receive(queue, (char *)&number, sizeof(number), &priority) ==
		      sizeof(number));
		CHECK(number == i && priority == 1);
	}
	CHECK_RC(pthread_join(tid, NULL), 0);

	number = 1;
	CHECK(mq_send(queue, (char *)&number, sizeof(number), 1) == 0);
	number = 9;
	CHECK(mq_send(queue, (char *)&number, sizeof(number), 9) == 0);
	at = check_after(CLOCK_REALTIME, second);
	CHECK_ERRNO(mq_timedsend(queue, (char *)&number, sizeof(number), 1, &at), ETIMEDOUT);
	CHECK(mq_receive(queue, (char *)&number, sizeof(number), &priority) == sizeof(number));
	CHECK(number == 9 && priority == 9);
	CHECK(mq_close(queue) == 0);
	return check_done(__FILE__);
}
