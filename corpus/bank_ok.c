/*
 * bank.c put right: a balance is read and written back in one critical section.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>

struct account {
	pthread_mutex_t lock;
	int balance;
};

static struct account savings = { PTHREAD_MUTEX_INITIALIZER, 100 };
static struct account checking = { PTHREAD_MUTEX_INITIALIZER, 0 };

static void account_add(struct account *account, int amount)
{
	pthread_mutex_lock(&account->lock);
	account->balance += amount;
	pthread_mutex_unlock(&account->lock);
}

static void *customer(void *amount)
{
	int cents = *(int *)amount;

	account_add(&savings, -cents);
	account_add(&checking, cents);
	return NULL;
}

int main(void)
{
	int amounts[] = { 10, 20 };
	pthread_t alice, bob;

	printf("savings %d, checking %d: alice moves %d, bob moves %d\n", savings.balance,
	       checking.balance, amounts[0], amounts[1]);
	pthread_create(&alice, NULL, customer, &amounts[0]);
	pthread_setname_np(alice, "alice");
	sched_yield(); /* a quiet day: as a rule alice has left when bob comes */
	pthread_create(&bob, NULL, customer, &amounts[1]);
	pthread_setname_np(bob, "bob");
	pthread_join(alice, NULL);
	pthread_join(bob, NULL);
	printf("savings %d, checking %d\n", savings.balance, checking.balance);
	if (savings.balance != 70 || checking.balance != 30) {
		fprintf(stderr, "bank: money lost: expected savings 70, checking 30\n");
		return 1;
	}
	return 0;
}
