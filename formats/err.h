/*
 * Errors below the command layer: a number for code, one sentence for people. Not a log and not a
 * stack of causes: the function that knows most fills it once, and only cmd_*.c print it.
 *
 *	int config_load(const char *path, struct err *err)
 *	{
 *		if (fd < 0)
 *			return err_set(err, errno, "cannot open %s: %s", path, strerror(errno));
 *		...
 *	}
 *
 * Every such function returns 0 (or a count) when it worked and -code when not. A code is an errno
 * value, or a constant of a module's own, all of which are ERR_MODULE or higher, where the caller
 * must tell apart what errno cannot (formats/trace_reader.h).
 */
#ifndef FORMATS_ERR_H
#define FORMATS_ERR_H

enum { ERR_MODULE = 4096 };

struct err {
	int code;       /* 0: nothing wrong; else errno or a module's constant, always positive */
	char text[512]; /* one sentence, no full stop, no control characters */
};

/*
 * Fill `err` (which may be NULL) and return -code. `code` is positive. Text that is too long is
 * cut; control bytes, which may come from a hostile file, become '?'.
 */
int err_set(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Back to "nothing wrong". `err` may be NULL. */
void err_clear(struct err *err);

#endif
