/*
 * The least that a trapped read costs on this machine: a filter that traps it, and a handler that
 * makes the call and nothing else. Reads 16 bytes of FILE, COUNT times, and prints nanoseconds of
 * CPU time of one. seccomp(2), SECCOMP_RET_TRAP.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/bench/targets/bench.h"

static void on_trap(int signal, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signal;
	(void)info;
	registers[REG_RAX] = bench_syscall(SYS_pread64, registers[REG_RDI], registers[REG_RSI],
					   registers[REG_RDX], registers[REG_R10]);
}

/* Traps readv, which stands for a read: the handler's own calls pass. */
static int install(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_readv, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof filter / sizeof *filter, .filter = filter };

	return sigaction(SIGSYS, &action, NULL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[1]) : 0, i;
	int fd = count ? open(argv[2], O_RDONLY) : -1;
	double begin;
	char bytes[16];

	if (fd < 0 || install())
		return 2;
	begin = bench_clock(CLOCK_THREAD_CPUTIME_ID);
	for (i = 0; i < count; i++)
		if (bench_syscall(SYS_readv, fd, (long)bytes, sizeof bytes, i * 16) != sizeof bytes)
			return 3;
	printf("%.1f\n", (bench_clock(CLOCK_THREAD_CPUTIME_ID) - begin) / (double)count);
	return 0;
}
