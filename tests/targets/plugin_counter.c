/* The shared library of plugin.c: a counter under a static lock, and a thread of its own. */
#include <pthread.h>

void counter_add(int n);
int counter_stop(void);

static pthread_mutex_t counter_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t counter_changed = PTHREAD_COND_INITIALIZER;
static pthread_t helper;
static int counter, stopped, seen;

static void *watch(void *unused)
{
	pthread_mutex_lock(&counter_lock);
	while (!stopped || seen != counter) {
		if (seen == counter)
			pthread_cond_wait(&counter_changed, &counter_lock);
		seen = counter;
	}
	pthread_mutex_unlock(&counter_lock);
	return unused;
}

/* Runs inside dlopen, with the loader's lock held. */
__attribute__((constructor)) static void start(void)
{
	pthread_create(&helper, NULL, watch, NULL);
}

void counter_add(int n)
{
	pthread_mutex_lock(&counter_lock);
	counter += n;
	pthread_cond_signal(&counter_changed);
	pthread_mutex_unlock(&counter_lock);
}

int counter_stop(void)
{
	int value;

	pthread_mutex_lock(&counter_lock);
	stopped = 1;
	pthread_cond_signal(&counter_changed);
	pthread_mutex_unlock(&counter_lock);
	pthread_join(helper, NULL);
	pthread_mutex_lock(&counter_lock);
	value = seen;
	pthread_mutex_unlock(&counter_lock);
	return value;
}
