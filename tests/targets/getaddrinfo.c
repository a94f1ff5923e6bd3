/* Name resolution in two threads: libc reads files, opens sockets and waits for them by itself. */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include "tests/targets/check.h"

static void *resolve(void *unused)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *list;
	struct sockaddr_in *in;
	char host[256];

	CHECK(getaddrinfo("localhost", "7", &hints, &list) == 0);
	in = (struct sockaddr_in *)list->ai_addr;
	CHECK(ntohl(in->sin_addr.s_addr) >> 24 == 127 && ntohs(in->sin_port) == 7);
	CHECK(getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof(host), NULL, 0,
			  NI_NUMERICHOST) == 0);
	CHECK(strncmp(host, "127.", 4) == 0);
	freeaddrinfo(list);
	hints.ai_flags = AI_NUMERICHOST;
	CHECK(getaddrinfo("not numeric", NULL, &hints, &list) == EAI_NONAME);
	return unused;
}

int main(void)
{
	pthread_t tid[2];

	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, resolve, NULL), 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	return check_done(__FILE__);
}
