/*
 * Scoping of the system call filter, run by a small interpreter of the instructions that filters
 * are made of here: no process is filtered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>
#include <linux/seccomp.h>

#include "preload/trap_filter.h"

#define ROOM 256
#define ERROR_7 (SECCOMP_RET_ERRNO | 7)

/* seccomp(2): what the program answers for this call from this address. */
static uint32_t answer(const struct sock_filter *program, uint32_t count, int number,
		       uint64_t address)
{
	struct seccomp_data data = { .nr = number, .instruction_pointer = address };
	uint32_t a = 0, i = 0;

	for (; i < count; i++) {
		const struct sock_filter *at = &program[i];

		switch (at->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(at->k + sizeof(a) <= sizeof(data));
			memcpy(&a, (const char *)&data + at->k, sizeof(a));
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			i += a == at->k ? at->jt : at->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			i += a >= at->k ? at->jt : at->jf;
			break;
		case BPF_RET | BPF_K:
			return at->k;
		default:
			fail_msg("instruction %u is of code %#x", i, at->code);
		}
	}
	fail_msg("ran off the end");
	return 0;
}

/* read(2) traps, everything else is error 7. */
static const struct sock_filter given[] = {
	{ BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr) },
	{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_read },
	{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRAP },
	{ BPF_RET | BPF_K, 0, 0, ERROR_7 },
};
#define GIVEN (sizeof(given) / sizeof(*given))

static void test_scope(void **state)
{
	static const struct trap_range ranges[] = {
		{ 0x7fff00001000, 0x7fff00003000, false },
		{ 0x7fff00008000, 0x7fff00009000, true },
		{ 0x400000, 0x401000, true },
		{ 0x100400000, 0x100401000, false },
	};
	struct sock_filter out[ROOM];
	uint32_t n = trap_filter_scope(given, GIVEN, ranges, 4, out, ROOM), i;

	(void)state;
	assert_true(n > 0);
	for (i = 0; i < 4; i++) {
		const struct trap_range *range = &ranges[i];
		uint32_t other = range->locks_only ? SECCOMP_RET_ALLOW : ERROR_7;
		uint32_t futex = range->locks_only ? SECCOMP_RET_TRAP : ERROR_7;
		uint32_t read = range->locks_only ? SECCOMP_RET_ALLOW : SECCOMP_RET_TRAP;
		uint64_t inside[] = { range->start, range->end - 1 };
		uint64_t outside[] = { range->start - 1, range->end, range->start + (1ull << 33) };
		int k;

		for (k = 0; k < 2; k++) {
			assert_int_equal(answer(out, n, SYS_read, inside[k]), read);
			assert_int_equal(answer(out, n, SYS_futex, inside[k]), futex);
			assert_int_equal(answer(out, n, SYS_rt_sigprocmask, inside[k]), futex);
			assert_int_equal(answer(out, n, SYS_close, inside[k]), other);
		}
		for (k = 0; k < 3; k++)
			assert_int_equal(answer(out, n, SYS_read, outside[k]), SECCOMP_RET_ALLOW);
	}
}

static void test_limits(void **state)
{
	struct trap_range ranges[64];
	struct sock_filter out[1024];
	uint32_t n;

	(void)state;
	for (n = 0; n < 64; n++)
		ranges[n] =
			(struct trap_range){ 0x1000 * (2 * n + 1), 0x1000 * (2 * n + 2), n % 2 };
	assert_int_equal(trap_filter_scope(given, GIVEN, ranges, 0, out, 1024), 0);
	/* A jump goes over 255 instructions at most: refused, not cut. */
	assert_int_equal(trap_filter_scope(given, GIVEN, ranges, 64, out, 1024), 0);
	/* As many as the trap layer may give. */
	n = trap_filter_scope(given, GIVEN, ranges, 16, out, 1024);
	assert_true(n > 0);
	assert_int_equal(answer(out, n, SYS_read, 0x1000), SECCOMP_RET_TRAP);
	assert_int_equal(answer(out, n, SYS_futex, 0x3000), SECCOMP_RET_TRAP);
	assert_int_equal(trap_filter_scope(given, GIVEN, ranges, 16, out, n), n);
	assert_int_equal(trap_filter_scope(given, GIVEN, ranges, 16, out, n - 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scope),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
