/* `make demo`: alice and bob move money out of one account. Each access to a balance is locked, but
 * reading it and writing it back are two critical sections: what comes in between is lost. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>

struct account {
	pthread_mutex_t lock;
	int balance;
};

static struct account savings = { PTHREAD_MUTEX_INITIALIZER, 100 };
static struct account checking = { PTHREAD_MUTEX_INITIALIZER, 0 };

static int account_read(struct account *account)
{
	pthread_mutex_lock(&account->lock);
	int balance = account->balance;
	pthread_mutex_unlock(&account->lock);
	return balance;
}

static void account_write(struct account *account, int balance)
{
	pthread_mutex_lock(&account->lock);
	account->balance = balance;
	pthread_mutex_unlock(&account->lock);
}

static void *customer(void *amount)
{
	int cents = *(int *)amount;

	account_write(&savings, account_read(&savings) - cents);
	account_write(&checking, account_read(&checking) + cents);
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
