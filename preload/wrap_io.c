/*
 * Descriptors: the exported names of libc. Each becomes its system call in the I/O engine (io.h);
 * errno and cancellation are done here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/sendfile.h>

#include "preload/credentials.h"
#include "preload/direct.h"
#include "preload/interpose.h"
#include "preload/io.h"
#include "preload/process.h"
#include "preload/raw.h"
#include "preload/sockets.h"
#include "preload/threads.h"

/* A blocking call is a cancellation point (pthreads(7)). */
static void act_on_cancel(struct lane *me)
{
	if (me->cancelled)
		threads_testcancel();
}

static long finish(struct lane *me, long result)
{
	thread_leave(me);
	if (result < 0 && result > -4096) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

/* `real_call` is what a thread that is not a lane does. */
#define IO_CALL(real_call, number, a0, a1, a2, a3, a4, a5)                                     \
	do {                                                                                   \
		struct lane *me_;                                                              \
		uint32_t context_;                                                             \
		long a_[6];                                                                    \
		INTERPOSE_ENTER(me_, context_, real_call);                                     \
		act_on_cancel(me_);                                                            \
		a_[0] = (long)(a0);                                                            \
		a_[1] = (long)(a1);                                                            \
		a_[2] = (long)(a2);                                                            \
		a_[3] = (long)(a3);                                                            \
		a_[4] = (long)(a4);                                                            \
		a_[5] = (long)(a5);                                                            \
		return (__typeof__(real_call))finish(me_, io_call(me_, number, a_, context_)); \
	} while (0)

EXPORT ssize_t read(int fd, void *buffer, size_t size)
{
	IO_CALL(REAL(read)(fd, buffer, size), SYS_read, fd, buffer, size, 0, 0, 0);
}

EXPORT ssize_t readv(int fd, const struct iovec *vector, int count)
{
	IO_CALL(REAL(readv)(fd, vector, count), SYS_readv, fd, vector, count, 0, 0, 0);
}

EXPORT ssize_t write(int fd, const void *buffer, size_t size)
{
	IO_CALL(REAL(write)(fd, buffer, size), SYS_write, fd, buffer, size, 0, 0, 0);
}

EXPORT ssize_t writev(int fd, const struct iovec *vector, int count)
{
	IO_CALL(REAL(writev)(fd, vector, count), SYS_writev, fd, vector, count, 0, 0, 0);
}

EXPORT ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
	IO_CALL(REAL(recv)(fd, buffer, size, flags), SYS_recvfrom, fd, buffer, size, flags, 0, 0);
}

EXPORT ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, __SOCKADDR_ARG address,
			socklen_t *length)
{
	IO_CALL(REAL(recvfrom)(fd, buffer, size, flags, address, length), SYS_recvfrom, fd, buffer,
		size, flags, address.__sockaddr__, length);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	long a[6] = { fd, (long)message, flags, 0, 0, 0 }, result;
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(recvmsg)(fd, message, flags));
	act_on_cancel(me);
	result = io_call(me, SYS_recvmsg, a, context);
	if (result >= 0)
		credentials_shown(message);
	return finish(me, result);
}

EXPORT ssize_t send(int fd, const void *buffer, size_t size, int flags)
{
	IO_CALL(REAL(send)(fd, buffer, size, flags), SYS_sendto, fd, buffer, size, flags, 0, 0);
}

EXPORT ssize_t sendto(int fd, const void *buffer, size_t size, int flags,
		      __CONST_SOCKADDR_ARG address, socklen_t length)
{
	IO_CALL(REAL(sendto)(fd, buffer, size, flags, address, length), SYS_sendto, fd, buffer,
		size, flags, address.__sockaddr__, length);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct credentials_copy copy;
	const struct msghdr *real_message = credentials_real(message, &copy);

	IO_CALL(REAL(sendmsg)(fd, real_message, flags), SYS_sendmsg, fd, real_message, flags, 0, 0,
		0);
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
		    struct timespec *timeout)
{
	IO_CALL(REAL(recvmmsg)(fd, messages, count, flags, timeout), SYS_recvmmsg, fd, messages,
		count, flags, timeout, 0);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	IO_CALL(REAL(sendmmsg)(fd, messages, count, flags), SYS_sendmmsg, fd, messages, count,
		flags, 0, 0);
}

EXPORT int accept(int fd, __SOCKADDR_ARG address, socklen_t *length)
{
	IO_CALL(REAL(accept)(fd, address, length), SYS_accept, fd, address.__sockaddr__, length, 0,
		0, 0);
}

EXPORT int accept4(int fd, __SOCKADDR_ARG address, socklen_t *length, int flags)
{
	IO_CALL(REAL(accept4)(fd, address, length, flags), SYS_accept4, fd, address.__sockaddr__,
		length, flags, 0, 0);
}

EXPORT int bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t length)
{
	const struct sockaddr_in *in = address.__sockaddr_in__;
	int result = REAL(bind)(fd, address, length), error = errno;
	struct lane *me;

	if (result != 0 || length < sizeof *in ||
	    (in->sin_family != AF_INET && in->sin_family != AF_INET6))
		return result;
	me = thread_enter();
	if (!me)
		return result;
	sockets_bound(me, fd, !in->sin_port);
	thread_leave(me);
	errno = error;
	return result;
}

EXPORT int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t length)
{
	IO_CALL(REAL(connect)(fd, address, length), SYS_connect, fd, address.__sockaddr__, length,
		0, 0, 0);
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	IO_CALL(REAL(poll)(fds, count, timeout), SYS_poll, fds, count, timeout, 0, 0, 0);
}

/*
 * The mask of ppoll, pselect and epoll_pwait holds while the call waits: it is set around the
 * operation, so that a signal that it lets through interrupts the wait.
 */
static uint64_t set_mask(const sigset_t *mask)
{
	uint64_t old = 0;

	if (mask)
		raw(SYS_rt_sigprocmask, SIG_SETMASK, mask, &old, 8);
	return old;
}

static void restore_mask(const sigset_t *mask, uint64_t old)
{
	if (mask)
		raw(SYS_rt_sigprocmask, SIG_SETMASK, &old, 0, 8);
}

#define IO_CALL_MASKED(real_call, mask, number, a0, a1, a2, a3, a4) \
	do {                                                        \
		struct lane *me_;                                   \
		uint32_t context_;                                  \
		long a_[6], result_;                                \
		uint64_t old_;                                      \
		INTERPOSE_ENTER(me_, context_, real_call);          \
		act_on_cancel(me_);                                 \
		a_[0] = (long)(a0);                                 \
		a_[1] = (long)(a1);                                 \
		a_[2] = (long)(a2);                                 \
		a_[3] = (long)(a3);                                 \
		a_[4] = (long)(a4);                                 \
		a_[5] = 0;                                          \
		old_ = set_mask(mask);                              \
		result_ = io_call(me_, number, a_, context_);       \
		restore_mask(mask, old_);                           \
		return (__typeof__(real_call))finish(me_, result_); \
	} while (0)

EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
		 const sigset_t *mask)
{
	IO_CALL_MASKED(REAL(ppoll)(fds, count, timeout, mask), mask, SYS_ppoll, fds, count, timeout,
		       0, 0);
}

EXPORT int select(int count, fd_set *in, fd_set *out, fd_set *exceptional, struct timeval *timeout)
{
	IO_CALL(REAL(select)(count, in, out, exceptional, timeout), SYS_select, count, in, out,
		exceptional, timeout, 0);
}

EXPORT int pselect(int count, fd_set *in, fd_set *out, fd_set *exceptional,
		   const struct timespec *timeout, const sigset_t *mask)
{
	IO_CALL_MASKED(REAL(pselect)(count, in, out, exceptional, timeout, mask), mask,
		       SYS_pselect6, count, in, out, exceptional, timeout);
}

EXPORT int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
	IO_CALL(REAL(epoll_wait)(fd, events, most, timeout), SYS_epoll_wait, fd, events, most,
		timeout, 0, 0);
}

EXPORT int epoll_pwait(int fd, struct epoll_event *events, int most, int timeout,
		       const sigset_t *mask)
{
	IO_CALL_MASKED(REAL(epoll_pwait)(fd, events, most, timeout, mask), mask, SYS_epoll_pwait,
		       fd, events, most, timeout, 0);
}

EXPORT int epoll_pwait2(int fd, struct epoll_event *events, int most,
			const struct timespec *timeout, const sigset_t *mask)
{
	IO_CALL_MASKED(REAL(epoll_pwait2)(fd, events, most, timeout, mask), mask, SYS_epoll_pwait2,
		       fd, events, most, timeout, 0);
}

/* These block nobody and are no events. */
EXPORT int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	return DIRECT(REAL(epoll_ctl)(epoll, operation, fd, event), SYS_epoll_ctl, epoll, operation,
		      fd, event);
}

EXPORT int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	return DIRECT(REAL(setsockopt)(fd, level, option, value, length), SYS_setsockopt, fd, level,
		      option, value, length);
}

EXPORT int flock(int fd, int operation)
{
	IO_CALL(REAL(flock)(fd, operation), SYS_flock, fd, operation, 0, 0, 0, 0);
}

static int do_fcntl(int fd, int command, long argument)
{
	if (command == F_SETOWN)
		argument = argument < 0 ? -process_real_pid((pid_t)-argument)
					: process_real_pid((pid_t)argument);
	if (command == F_GETOWN)
		return process_shown_pid(REAL(fcntl)(fd, command, argument));
	if (command != F_SETLKW && command != F_OFD_SETLKW)
		return DIRECT(REAL(fcntl)(fd, command, argument), SYS_fcntl, fd, command, argument);
	IO_CALL(REAL(fcntl)(fd, command, argument), SYS_fcntl, fd, command, argument, 0, 0, 0);
}

EXPORT int fcntl(int fd, int command, ...)
{
	va_list list;
	long argument;

	va_start(list, command);
	argument = va_arg(list, long);
	va_end(list);
	return do_fcntl(fd, command, argument);
}

EXPORT int fcntl64(int fd, int command, ...)
{
	va_list list;
	long argument;

	va_start(list, command);
	argument = va_arg(list, long);
	va_end(list);
	return do_fcntl(fd, command, argument);
}

EXPORT ssize_t msgrcv(int id, void *message, size_t size, long type, int flags)
{
	IO_CALL(REAL(msgrcv)(id, message, size, type, flags), SYS_msgrcv, id, message, size, type,
		flags, 0);
}

EXPORT int msgsnd(int id, const void *message, size_t size, int flags)
{
	IO_CALL(REAL(msgsnd)(id, message, size, flags), SYS_msgsnd, id, message, size, flags, 0, 0);
}

EXPORT int semop(int id, struct sembuf *operations, size_t count)
{
	IO_CALL(REAL(semop)(id, operations, count), SYS_semop, id, operations, count, 0, 0, 0);
}

EXPORT int semtimedop(int id, struct sembuf *operations, size_t count,
		      const struct timespec *timeout)
{
	IO_CALL(REAL(semtimedop)(id, operations, count, timeout), SYS_semtimedop, id, operations,
		count, timeout, 0, 0);
}

EXPORT ssize_t splice(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t size,
		      unsigned flags)
{
	IO_CALL(REAL(splice)(in, in_offset, out, out_offset, size, flags), SYS_splice, in,
		in_offset, out, out_offset, size, flags);
}

EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t count)
{
	IO_CALL(REAL(sendfile)(out, in, offset, count), SYS_sendfile, out, in, offset, count, 0, 0);
}

EXPORT ssize_t sendfile64(int out, int in, off64_t *offset, size_t count)
{
	IO_CALL(REAL(sendfile64)(out, in, offset, count), SYS_sendfile, out, in, offset, count, 0,
		0);
}

/* Calls that do not block, but after which others may be able to go on. */
#define IO_SIMPLE(real_call, kind, number, a0, a1)                                                \
	do {                                                                                      \
		struct lane *me_;                                                                 \
		uint32_t context_;                                                                \
		long a_[6] = { (long)(a0), (long)(a1), 0, 0, 0, 0 };                              \
		INTERPOSE_ENTER(me_, context_, real_call);                                        \
		return (__typeof__(real_call))finish(me_,                                         \
						     io_simple(me_, kind, number, a_, context_)); \
	} while (0)

EXPORT int close(int fd)
{
	IO_SIMPLE(REAL(close)(fd), EVENT_CLOSE, SYS_close, fd, 0);
}

EXPORT int shutdown(int fd, int how)
{
	IO_SIMPLE(REAL(shutdown)(fd, how), EVENT_SHUTDOWN, SYS_shutdown, fd, how);
}

/* At a place in a file: never waits. A lane that is alone makes no event. */
#define AT_PLACE(kind, real_call, number, a0, a1, a2, a3)                              \
	do {                                                                           \
		struct lane *me_;                                                      \
		uint32_t context_;                                                     \
		long a_[6] = { (long)(a0), (long)(a1), (long)(a2), (long)(a3), 0, 0 }; \
		long result_;                                                          \
		if (!thread_state.lane || schedule.live <= 1)                          \
			return real_call;                                              \
		INTERPOSE_ENTER(me_, context_, real_call);                             \
		result_ = io_simple(me_, kind, number, a_, context_);                  \
		thread_leave(me_);                                                     \
		if (result_ >= 0)                                                      \
			return (__typeof__(real_call))result_;                         \
		errno = (int)-result_;                                                 \
		return -1;                                                             \
	} while (0)

EXPORT int ftruncate(int fd, off_t length)
{
	AT_PLACE(EVENT_FILE_CHANGE, REAL(ftruncate)(fd, length), SYS_ftruncate, fd, length, 0, 0);
}

EXPORT int ftruncate64(int fd, off64_t length)
{
	AT_PLACE(EVENT_FILE_CHANGE, REAL(ftruncate64)(fd, length), SYS_ftruncate, fd, length, 0, 0);
}

EXPORT ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
	AT_PLACE(EVENT_READ, REAL(pread)(fd, buffer, size, offset), SYS_pread64, fd, buffer, size,
		 offset);
}

EXPORT ssize_t pread64(int fd, void *buffer, size_t size, off64_t offset)
{
	AT_PLACE(EVENT_READ, REAL(pread64)(fd, buffer, size, offset), SYS_pread64, fd, buffer, size,
		 offset);
}

/* What _FORTIFY_SOURCE makes of them. */
ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t room);
ssize_t __pread64_chk(int fd, void *buffer, size_t size, off64_t offset, size_t room);

EXPORT ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t room)
{
	if (size > room)
		return REAL(__pread_chk)(fd, buffer, size, offset, room);
	AT_PLACE(EVENT_READ, REAL(pread)(fd, buffer, size, offset), SYS_pread64, fd, buffer, size,
		 offset);
}

EXPORT ssize_t __pread64_chk(int fd, void *buffer, size_t size, off64_t offset, size_t room)
{
	if (size > room)
		return REAL(__pread64_chk)(fd, buffer, size, offset, room);
	AT_PLACE(EVENT_READ, REAL(pread64)(fd, buffer, size, offset), SYS_pread64, fd, buffer, size,
		 offset);
}

EXPORT ssize_t pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
	AT_PLACE(EVENT_WRITE, REAL(pwrite)(fd, buffer, size, offset), SYS_pwrite64, fd, buffer,
		 size, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *buffer, size_t size, off64_t offset)
{
	AT_PLACE(EVENT_WRITE, REAL(pwrite64)(fd, buffer, size, offset), SYS_pwrite64, fd, buffer,
		 size, offset);
}

EXPORT ssize_t preadv(int fd, const struct iovec *vector, int count, off_t offset)
{
	AT_PLACE(EVENT_READ, REAL(preadv)(fd, vector, count, offset), SYS_preadv, fd, vector, count,
		 offset);
}

EXPORT ssize_t preadv64(int fd, const struct iovec *vector, int count, off64_t offset)
{
	AT_PLACE(EVENT_READ, REAL(preadv64)(fd, vector, count, offset), SYS_preadv, fd, vector,
		 count, offset);
}

EXPORT ssize_t pwritev(int fd, const struct iovec *vector, int count, off_t offset)
{
	AT_PLACE(EVENT_WRITE, REAL(pwritev)(fd, vector, count, offset), SYS_pwritev, fd, vector,
		 count, offset);
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *vector, int count, off64_t offset)
{
	AT_PLACE(EVENT_WRITE, REAL(pwritev64)(fd, vector, count, offset), SYS_pwritev, fd, vector,
		 count, offset);
}
