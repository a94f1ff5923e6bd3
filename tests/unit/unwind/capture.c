/*
 * libcapture.so, the stand-in for an interposer of the runtime library: compiled as that is, with
 * frame pointers, and called through the PLT of the scenarios' objects.
 */
#include "tests/unit/unwind/capture.h"

#include <setjmp.h>

#include "preload/unwind.h"

void (*capture_hook)(struct unwind_start *start);

static __thread jmp_buf *jump_target;

void capture(void)
{
	struct unwind_start start = unwind_here(0);

	if (capture_hook)
		capture_hook(&start);
}

void capture_noreturn(void)
{
	struct unwind_start start = unwind_here(0);

	if (capture_hook)
		capture_hook(&start);
	longjmp(*jump_target, 1);
}

void capture_jump(void (*function)(void))
{
	jmp_buf *outer = jump_target;
	jmp_buf here;

	jump_target = &here;
	if (setjmp(here) == 0)
		function();
	jump_target = outer;
}
