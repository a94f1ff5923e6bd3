/*
 * A plug-in opened with dlopen that has locks and a thread of its own; it is used by two threads,
 * closed and opened again. The library, plugin_counter.so, lies beside the program.
 */
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include "tests/targets/check.h"

static void (*counter_add)(int);

static void *add(void *unused)
{
	for (int i = 0; i < 25; i++)
		counter_add(2);
	return unused;
}

static void *open_again(void *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	CHECK(library && dlsym(library, "counter_add") == (void *)counter_add);
	CHECK(!dlsym(library, "no_such_symbol") && dlerror());
	CHECK(dlclose(library) == 0);
	return NULL;
}

int main(void)
{
	char path[PATH_MAX + 32];
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);
	pthread_t tid[3];

	CHECK(len > 0);
	path[len] = 0;
	strcpy(strrchr(path, '/'), "/plugin_counter.so");
	for (int round = 0; round < 2; round++) {
		void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		int (*counter_stop)(void);

		CHECK(library);
		*(void **)&counter_add = dlsym(library, "counter_add");
		*(void **)&counter_stop = dlsym(library, "counter_stop");
		CHECK(counter_add && counter_stop);
		for (int i = 0; i < 2; i++)
			CHECK_RC(pthread_create(&tid[i], NULL, add, NULL), 0);
		CHECK_RC(pthread_create(&tid[2], NULL, open_again, path), 0);
		for (int i = 0; i < 3; i++)
			CHECK_RC(pthread_join(tid[i], NULL), 0);
		CHECK(counter_stop() == 100);
		CHECK(dlclose(library) == 0);
	}
	return check_done(__FILE__);
}
