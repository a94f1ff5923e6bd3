/*
 * Reads 16 bytes at a time of a file, COUNT times, through libc's exported read (plt) or from
 * inside of libc: stdio without a buffer (trapped). Prints nanoseconds of CPU time of one.
 * Arguments: way, count, file; with a fourth one nothing is printed: the time is never the same.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/targets/bench.h"

int main(int argc, char **argv)
{
	long count = argc > 3 ? atol(argv[2]) : 0, i;
	FILE *stream = count ? fopen(argv[3], "r") : NULL;
	double begin;
	char bytes[16];

	if (!stream)
		return 2;
	setvbuf(stream, NULL, _IONBF, 0);
	begin = bench_clock(CLOCK_THREAD_CPUTIME_ID);
	for (i = 0; i < count; i++)
		if ((argv[1][0] == 'p'
			     ? read(fileno(stream), bytes, sizeof bytes)
			     : (ssize_t)fread(bytes, 1, sizeof bytes, stream)) != sizeof bytes)
			return 3;
	if (argc == 4)
		printf("%.1f\n", (bench_clock(CLOCK_THREAD_CPUTIME_ID) - begin) / (double)count);
	return 0;
}
