/*
 * Threads that load a library (./plug.so), call it and unload it, so that its code and its data
 * come and go.
 */
#include <assert.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int calls;

static void *worker(void *unused)
{
	for (int i = 0; i < 3; i++) {
		pthread_mutex_lock(&lock);
		void *library = dlopen("./plug.so", RTLD_NOW);
		assert(library);
		void (*poke)(void) = (void (*)(void))dlsym(library, "poke");
		poke();
		calls++;
		dlclose(library);
		pthread_mutex_unlock(&lock);
	}
	return unused;
}

int main(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, worker, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return calls != 6;
}
