/*
 * Waits for something that only the world outside can bring, after the line "waiting" on stdout;
 * then says what came. The argument says what: sigsuspend, sigwait, signalfd, pause (all SIGUSR1;
 * for pause it may have to be sent again, because it can come just before), stdin (a line), poll
 * (stdin readable). Main waits for the thread that waits, so that nobody can run.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include "tests/targets/check.h"

static const char *what;
static sigset_t set, none;

static void handler(int unused)
{
	(void)unused;
}

static void *await(void *unused)
{
	struct signalfd_siginfo info;
	char line[100];
	int got;

	printf("waiting\n");
	fflush(stdout);
	if (strcmp(what, "sigwait") == 0) {
		CHECK_RC(sigwait(&set, &got), 0);
		printf("signal %s\n", sigabbrev_np(got));
	} else if (strcmp(what, "sigsuspend") == 0) {
		CHECK_ERRNO(sigsuspend(&none), EINTR);
		printf("interrupted\n");
	} else if (strcmp(what, "pause") == 0) {
		/* The signal stays blocked up to here in every other thread. */
		CHECK_RC(pthread_sigmask(SIG_SETMASK, &none, NULL), 0);
		CHECK_ERRNO(pause(), EINTR);
		printf("interrupted\n");
	} else if (strcmp(what, "signalfd") == 0) {
		int fd = signalfd(-1, &set, 0);

		CHECK(fd >= 0 && read(fd, &info, sizeof(info)) == sizeof(info));
		printf("signal %s\n", sigabbrev_np((int)info.ssi_signo));
	} else {
		if (strcmp(what, "poll") == 0)
			CHECK(poll(&(struct pollfd){ 0, POLLIN, 0 }, 1, -1) == 1);
		if (fgets(line, sizeof(line), stdin))
			printf("line %s", line);
		else
			printf("end of file\n");
	}
	return unused;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = handler };
	pthread_t tid;

	what = argc > 1 ? argv[1] : "sigsuspend";
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	CHECK_RC(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	CHECK_RC(pthread_create(&tid, NULL, await, NULL), 0);
	CHECK_RC(pthread_join(tid, NULL), 0);
	return check_done(__FILE__);
}
