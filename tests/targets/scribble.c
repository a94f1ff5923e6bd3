/*
 * A hostile program: with threads running it writes all ones over every writable shared mapping
 * that it finds in its own address space. Natively there is none but its own. How it ends otherwise
 * is open; a tool that shares memory with it must say so in one sentence, and neither crash nor
 * hang.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sys/mman.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *body(void *unused)
{
	for (int i = 0; i < 100; i++) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
	}
	return unused;
}

static int scribble(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t from[64], to[64];
	char line[600], mode[8];
	int count = 0;

	CHECK(maps);
	while (count < 64 && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from[count], &to[count], mode) ==
			    3 &&
		    mode[1] == 'w' && mode[3] == 's')
			count++;
	CHECK(fclose(maps) == 0);
	for (int i = 0; i < count; i++)
		memset((void *)from[i], 0xff, to[i] - from[i]);
	return count;
}

int main(void)
{
	volatile unsigned char *own =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_t tid[2];

	CHECK(own != MAP_FAILED);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, body, NULL), 0);
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	CHECK(scribble() >= 1);
	CHECK(own[0] == 0xff && own[4095] == 0xff);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	return check_done(__FILE__);
}
