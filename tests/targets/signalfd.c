/* signalfd: a thread reads blocked signals that another thread sends to it and to the process. */
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include "tests/targets/check.h"

static pthread_t receiver;
static sigset_t set;

static void *sender(void *unused)
{
	CHECK(kill(getpid(), SIGUSR1) == 0);
	CHECK_RC(pthread_sigqueue(receiver, SIGUSR2, (union sigval){ .sival_int = 77 }), 0);
	return unused;
}

int main(void)
{
	struct signalfd_siginfo info;
	pthread_t tid;
	int fd, seen = 0;

	receiver = pthread_self();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	CHECK_RC(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_RC(pthread_create(&tid, NULL, sender, NULL), 0);
	for (int i = 0; i < 2; i++) {
		CHECK(read(fd, &info, sizeof(info)) == sizeof(info));
		if (info.ssi_signo == SIGUSR1)
			seen |= 1;
		else if (info.ssi_signo == SIGUSR2 && info.ssi_int == 77)
			seen |= 2;
	}
	CHECK(seen == 3);
	CHECK_RC(pthread_join(tid, NULL), 0);
	return check_done(__FILE__);
}
