/*
 * Two tellers look whether there is a ledger file and open one when there is none: both see none,
 * and the file that should be headed once gets two headings.
 * Arguments: threads, padding events.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "size.h"

static const char heading[] = "Ledger\n";
static char directory[200], ledger[220];

static void *teller(void *unused)
{
	size_pad();
	if (access(ledger, F_OK) == 0)
		return unused;
	int file = open(ledger, O_WRONLY | O_CREAT | O_APPEND, 0600);
	write(file, heading, strlen(heading));
	close(file);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));
	const char *tmp = getenv("TMPDIR");
	struct stat written = { 0 };

	snprintf(directory, sizeof(directory), "%s/create_twice-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(directory))
		return 2;
	snprintf(ledger, sizeof(ledger), "%s/ledger", directory);
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, teller, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	stat(ledger, &written);
	unlink(ledger);
	rmdir(directory);
	if (written.st_size != (off_t)strlen(heading)) {
		fprintf(stderr, "create_twice: %ld bytes\n", (long)written.st_size);
		return 1;
	}
	return 0;
}
