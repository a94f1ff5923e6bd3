/*
 * Makes its system calls by instructions of its own, so that nobody answers them but the kernel:
 * writes to FILE, removes OTHER, connects to 127.0.0.1:PORT, and kills the process VICTIM. What of
 * that worked nobody is told. Usage: raw_calls FILE OTHER PORT VICTIM
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/targets/check.h"

static long call(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

#define POINTER(pointer) ((long)(intptr_t)(pointer))

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	long fd;

	CHECK(argc == 5);
	address.sin_port = htons((uint16_t)atoi(argv[3]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = call(SYS_open, POINTER(argv[1]), O_WRONLY | O_CREAT | O_TRUNC, 0666, 0);
	if (fd >= 0)
		call(SYS_write, fd, POINTER("harm\n"), 5, 0);
	call(SYS_unlink, POINTER(argv[2]), 0, 0, 0);
	call(SYS_chmod, POINTER(argv[1]), 0777, 0, 0);
	fd = call(SYS_socket, AF_INET, SOCK_STREAM, 0, 0);
	if (fd >= 0)
		call(SYS_connect, fd, POINTER(&address), sizeof(address), 0);
	call(SYS_kill, atoi(argv[4]), SIGKILL, 0, 0);
	return check_done(__FILE__);
}
