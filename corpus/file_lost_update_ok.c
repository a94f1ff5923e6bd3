/*
 * file_lost_update.c put right: a teller locks the file before reading; closing it unlocks it.
 * Arguments: threads, padding events.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>
#include "size.h"

static char path[200];

static int balance_add(int amount)
{
	char text[20] = "";
	int file = open(path, O_RDWR);

	flock(file, LOCK_EX);
	read(file, text, sizeof(text) - 1);
	int balance = atoi(text) + amount;
	int length = snprintf(text, sizeof(text), "%d\n", balance);
	lseek(file, 0, SEEK_SET);
	write(file, text, length);
	close(file);
	return balance;
}

static void *teller(void *unused)
{
	size_pad();
	balance_add(10);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));
	const char *tmp = getenv("TMPDIR");

	snprintf(path, sizeof(path), "%s/balance-XXXXXX", tmp ? tmp : "/tmp");
	close(mkstemp(path));
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, teller, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	int balance = balance_add(0);
	unlink(path);
	if (balance != 10 * threads) {
		fprintf(stderr, "file: %d deposited, balance %d\n", 10 * threads, balance);
		return 1;
	}
	return 0;
}
