/*
 * stdio on a pipe between threads: fgets, fscanf and fread block inside libc, in a read that no
 * wrapper sees; and two threads share one stream under its lock.
 */
#include <pthread.h>
#include "tests/targets/check.h"

enum { LINES = 2000, THREADS = 3 }; /* more than a pipe holds */

static FILE *in, *out, *back_in, *back_out;

static void *answer(void *unused)
{
	char line[100];

	while (fgets(line, sizeof(line), in)) {
		fprintf(back_out, "%d %s", (int)strlen(line), line);
		fflush(back_out);
	}
	CHECK(feof(in) && fclose(back_out) == 0);
	return unused;
}

static void *write_lines(void *unused)
{
	for (int i = 0; i < LINES; i++)
		fprintf(out, "one whole line\n");
	return unused;
}

static void *count_lines(void *count)
{
	char line[100];

	while (fgets(line, sizeof(line), in)) {
		CHECK(strcmp(line, "one whole line\n") == 0);
		++*(int *)count;
	}
	return NULL;
}

static void open_pipe(FILE **read_end, FILE **write_end)
{
	int fd[2];

	CHECK(pipe(fd) == 0);
	*read_end = fdopen(fd[0], "r");
	*write_end = fdopen(fd[1], "w");
	CHECK(*read_end && *write_end);
}

int main(void)
{
	pthread_t tid[THREADS], reader;
	char word[20], rest[20];
	int len, count = 0;

	open_pipe(&in, &out);
	open_pipe(&back_in, &back_out);
	CHECK_RC(pthread_create(&reader, NULL, answer, NULL), 0);
	fputs("knock\n", out);
	fflush(out);
	CHECK(fscanf(back_in, "%d %19s", &len, word) == 2);
	printf("%d %s\n", len, word);
	fputs("knock knock\n", out);
	CHECK(fclose(out) == 0);
	CHECK(fscanf(back_in, "%d %19s %19s", &len, word, rest) == 3);
	printf("%d %s %s\n", len, word, rest);
	CHECK(fread(rest, 1, sizeof(rest), back_in) == 1 && rest[0] == '\n' && feof(back_in));
	CHECK_RC(pthread_join(reader, NULL), 0);
	CHECK(fclose(in) == 0 && fclose(back_in) == 0);

	open_pipe(&in, &out);
	CHECK_RC(pthread_create(&reader, NULL, count_lines, &count), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, write_lines, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(fclose(out) == 0);
	CHECK_RC(pthread_join(reader, NULL), 0);
	CHECK(count == THREADS * LINES);
	return check_done(__FILE__);
}
