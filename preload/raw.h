/*
 * System calls of our own: inline, so that they never come from libc's text (the trap layer is
 * scoped to that) and never touch errno. Results are the kernel's: negative errno on failure.
 */
#ifndef PRELOAD_RAW_H
#define PRELOAD_RAW_H

#include <stdint.h>
#include <sys/syscall.h>

static inline long raw_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define raw_pick(_0, _1, _2, _3, _4, _5, _6, name, ...) name
#define raw0(n) raw_syscall6(n, 0, 0, 0, 0, 0, 0)
#define raw1(n, a) raw_syscall6(n, (long)(a), 0, 0, 0, 0, 0)
#define raw2(n, a, b) raw_syscall6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define raw3(n, a, b, c) raw_syscall6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define raw4(n, a, b, c, d) raw_syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define raw5(n, a, b, c, d, e) \
	raw_syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define raw6(n, a, b, c, d, e, f) \
	raw_syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* raw(number, up to six arguments of integer or pointer type) */
#define raw(...) raw_pick(__VA_ARGS__, raw6, raw5, raw4, raw3, raw2, raw1, raw0)(__VA_ARGS__)

#endif
