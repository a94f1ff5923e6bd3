/*
 * A program that has a handler of its own for SIGSYS, raises it, and blocks all signals; two
 * threads use stdio all the while. Argument: a file.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t caught;
static const char *file;

static void on_sigsys(int number)
{
	caught += number == SIGSYS;
}

static void *reader(void *who)
{
	FILE *stream = fopen(file, "r");
	char line[100];
	int count = 0;

	while (stream && fgets(line, sizeof line, stream))
		count++;
	printf("%s: %d lines\n", (char *)who, count);
	if (stream)
		fclose(stream);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_sigsys };
	pthread_t threads[2];
	sigset_t all;

	if (argc < 2)
		return 2;
	file = argv[1];
	sigaction(SIGSYS, &action, NULL);
	raise(SIGSYS);
	printf("caught: %d\n", caught);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	pthread_create(&threads[0], NULL, reader, "first");
	pthread_create(&threads[1], NULL, reader, "second");
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	pthread_sigmask(SIG_BLOCK, NULL, &all);
	printf("blocked: %d\n", sigismember(&all, SIGUSR1));
	return 0;
}
