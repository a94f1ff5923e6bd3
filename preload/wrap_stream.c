/*
 * What a program asks about a descriptor to choose how it writes there: the standard streams look
 * as the plan says (streams.h). These functions block nobody and are no events.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include "preload/direct.h"
#include "preload/interpose.h"
#include "preload/streams.h"

/* The kernel's structure, as TCGETS has it: shorter than libc's. */
struct kernel_termios {
	tcflag_t input, output, control, local;
	cc_t line, characters[19];
};

enum { ROWS = 24, COLUMNS = 80 };

/* A terminal as it is after login. */
static const struct kernel_termios usual = {
	.input = ICRNL | IXON,
	.output = OPOST | ONLCR,
	.control = B38400 | CS8 | CREAD,
	.local = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE,
	.characters = { [VINTR] = 3,
			[VQUIT] = 28,
			[VERASE] = 127,
			[VKILL] = 21,
			[VEOF] = 4,
			[VMIN] = 1,
			[VSTART] = 17,
			[VSTOP] = 19,
			[VSUSP] = 26,
			[VREPRINT] = 18,
			[VDISCARD] = 15,
			[VWERASE] = 23,
			[VLNEXT] = 22 },
};

static int no_terminal(void)
{
	errno = ENOTTY;
	return -1;
}

EXPORT int isatty(int fd)
{
	switch (streams_pretend(fd)) {
	case PLAN_STREAM_AS_IS:
		return REAL(isatty)(fd);
	case PLAN_STREAM_TERMINAL:
		return 1;
	default:
		no_terminal();
		return 0;
	}
}

EXPORT int tcgetattr(int fd, struct termios *settings)
{
	switch (streams_pretend(fd)) {
	case PLAN_STREAM_AS_IS:
		return REAL(tcgetattr)(fd, settings);
	case PLAN_STREAM_TERMINAL:
		memset(settings, 0, sizeof *settings);
		settings->c_iflag = usual.input;
		settings->c_oflag = usual.output;
		settings->c_cflag = usual.control;
		settings->c_lflag = usual.local;
		memcpy(settings->c_cc, usual.characters, sizeof usual.characters);
		settings->c_ispeed = settings->c_ospeed = B38400;
		return 0;
	default:
		return no_terminal();
	}
}

EXPORT int tcsetattr(int fd, int actions, const struct termios *settings)
{
	switch (streams_pretend(fd)) {
	case PLAN_STREAM_AS_IS:
		return REAL(tcsetattr)(fd, actions, settings);
	case PLAN_STREAM_TERMINAL:
		return 0;
	default:
		return no_terminal();
	}
}

/* 0 or -1 as ioctl; 1: not a question about a terminal. */
static int terminal_request(enum plan_stream kind, unsigned long request, void *argument)
{
	switch (request) {
	case TCGETS:
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TIOCGWINSZ:
	case TIOCSWINSZ:
		break;
	case TIOCGPGRP:
	case TIOCSPGRP:
		return kind == PLAN_STREAM_TERMINAL ? 1 : no_terminal();
	default:
		return 1;
	}
	if (kind != PLAN_STREAM_TERMINAL)
		return no_terminal();
	if (request == TCGETS)
		memcpy(argument, &usual, sizeof usual);
	else if (request == TIOCGWINSZ)
		*(struct winsize *)argument = (struct winsize){ .ws_row = ROWS, .ws_col = COLUMNS };
	return 0;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	enum plan_stream kind = streams_pretend(fd);
	va_list list;
	void *argument;
	int result = 1;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	if (kind != PLAN_STREAM_AS_IS)
		result = terminal_request(kind, request, argument);
	return result <= 0 ? result
			   : DIRECT(REAL(ioctl)(fd, request, argument), SYS_ioctl, fd, request,
				    argument);
}

/* Positions of a stream that is no file here are none: where it stands is always its beginning. */
EXPORT off_t lseek(int fd, off_t offset, int whence)
{
	switch (streams_pretend(fd)) {
	case PLAN_STREAM_AS_IS:
		return DIRECT(REAL(lseek)(fd, offset, whence), SYS_lseek, fd, offset, whence);
	case PLAN_STREAM_FILE:
	case PLAN_STREAM_DEVICE:
		if (offset == 0 && whence == SEEK_CUR)
			return 0;
		return DIRECT(REAL(lseek)(fd, offset, whence), SYS_lseek, fd, offset, whence);
	default:
		errno = ESPIPE;
		return -1;
	}
}

EXPORT off64_t lseek64(int fd, off64_t offset, int whence)
{
	return lseek(fd, offset, whence);
}

EXPORT int fstat(int fd, struct stat *status)
{
	int result = fd < 0 ? REAL(fstat)(fd, status)
			    : DIRECT(REAL(fstat)(fd, status), SYS_newfstatat, fd, "", status,
				     AT_EMPTY_PATH);

	if (result == 0)
		streams_dress(fd, status);
	return result;
}

/* The two structures are one on this machine. */
EXPORT int fstat64(int fd, struct stat64 *status)
{
	return fstat(fd, (struct stat *)status);
}

int __fxstat(int version, int fd, struct stat *status);
int __fxstat64(int version, int fd, struct stat64 *status);

/* For programs that were linked with a glibc before 2.33. */
EXPORT int __fxstat(int version, int fd, struct stat *status)
{
	int result = REAL(__fxstat)(version, fd, status);

	if (result == 0)
		streams_dress(fd, status);
	return result;
}

EXPORT int __fxstat64(int version, int fd, struct stat64 *status)
{
	return __fxstat(version, fd, (struct stat *)status);
}
