/*
 * Rewriting the compiled filter: see trap_filter.h.
 */
#include "preload/trap_filter.h"

#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

/* ld hi; jne next; ld lo; jlt start next; jlt end -> the program */
#define PER_RANGE 5
#define LOCKS_ONLY 5
#define OFFSET_LOW offsetof(struct seccomp_data, instruction_pointer)
#define OFFSET_HIGH (offsetof(struct seccomp_data, instruction_pointer) + 4)

static struct sock_filter statement(uint16_t code, uint32_t k)
{
	return (struct sock_filter){ .code = code, .k = k };
}

static struct sock_filter branch(uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	return (struct sock_filter){ .code = code, .jt = yes, .jf = no, .k = k };
}

uint32_t trap_filter_scope(const struct sock_filter *program, uint32_t count,
			   const struct trap_range *ranges, uint32_t range_count,
			   struct sock_filter *out, uint32_t room)
{
	uint32_t prefix = range_count * PER_RANGE + 1 + LOCKS_ONLY, i, at = 0;

	if (prefix + count > room || !range_count || prefix > UINT8_MAX)
		return 0;
	for (i = 0; i < range_count; i++) {
		uint32_t target = ranges[i].locks_only ? prefix - LOCKS_ONLY : prefix;
		uint32_t to_program = target - (at + PER_RANGE);

		out[at++] = statement(BPF_LD | BPF_W | BPF_ABS, OFFSET_HIGH);
		out[at++] =
			branch(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(ranges[i].start >> 32), 0, 3);
		out[at++] = statement(BPF_LD | BPF_W | BPF_ABS, OFFSET_LOW);
		out[at++] = branch(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)ranges[i].start, 0, 1);
		out[at++] = branch(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)ranges[i].end, 0,
				   (uint8_t)to_program);
	}
	out[at++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	/* A lock of a runtime, and the mask, which must not keep us from being called for it. */
	out[at++] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	out[at++] = branch(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 2, 0);
	out[at++] = branch(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 1, 0);
	out[at++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	out[at++] = statement(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
	for (i = 0; i < count; i++)
		out[at++] = program[i];
	return at;
}
