/*
 * Children whose programs cannot be controlled: a static one, and one that changes the user.
 * Arguments: their command lines.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static void *run(void *command)
{
	FILE *pipe = popen(command, "r");
	char line[200], text[1000] = "";
	int status;

	while (pipe && fgets(line, sizeof line, pipe))
		strncat(text, line, sizeof text - strlen(text) - 1);
	status = pipe ? pclose(pipe) : -1;
	printf("status %d: %s", WEXITSTATUS(status), text);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[8];
	int i;

	for (i = 1; i < argc && i < 9; i++)
		pthread_create(&threads[i - 1], NULL, run, argv[i]);
	for (i = 1; i < argc && i < 9; i++)
		pthread_join(threads[i - 1], NULL);
	return 0;
}
