/*
 * See the header. No cache: a story asks for a few dozen lines, and files stay in the page cache.
 */
#include "recorder/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorder/alloc.h"

#define CHUNK 65536

struct builder {
	char *buf;
	size_t length, size;
	bool is_absolute;
};

/* One component; "." and "" vanish, ".." takes the one before it away. */
static void add_component(struct builder *b, const char *text, size_t n)
{
	size_t last = b->length;

	if (n == 0 || (n == 1 && text[0] == '.'))
		return;
	if (n == 2 && text[0] == '.' && text[1] == '.') {
		while (last > 0 && b->buf[last - 1] != '/')
			last--;
		if (b->length > last && strcmp(b->buf + last, "..") != 0) {
			b->length = last > 0 ? last - 1 : 0;
			b->buf[b->length] = '\0';
			return;
		}
		if (b->is_absolute)
			return;
	}
	if (b->length + n + 2 > b->size)
		return;
	if (b->length || b->is_absolute)
		b->buf[b->length++] = '/';
	memcpy(b->buf + b->length, text, n);
	b->length += n;
	b->buf[b->length] = '\0';
}

static void add_path(struct builder *b, const char *path)
{
	const char *end;

	for (;; path = end + 1) {
		end = strchrnul(path, '/');
		add_component(b, path, (size_t)(end - path));
		if (*end == '\0')
			return;
	}
}

void source_path(const char *path, const char *directory, char *buf, size_t size)
{
	struct builder b = { .buf = buf, .size = size };

	if (size == 0)
		return;
	buf[0] = '\0';
	if (path[0] == '/')
		directory = NULL;
	b.is_absolute = (directory ? directory : path)[0] == '/';
	if (directory)
		add_path(&b, directory);
	add_path(&b, path);
	if (b.length == 0 && size > 1)
		strcpy(buf, b.is_absolute ? "/" : ".");
}

static int open_source(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		ret = -errno;
	else if (!S_ISREG(st.st_mode))
		ret = -EACCES;
	else if ((size_t)st.st_size > SOURCE_FILE_MAX)
		ret = -EFBIG;
	if (ret < 0) {
		close(fd);
		return ret;
	}
	return fd;
}

static int open_relative(const char *path, const char *directory)
{
	char full[SOURCE_PATH_MAX];

	if (!directory || directory[0] != '/')
		return -ENOENT;
	if (strlen(path) + strlen(directory) + 2 > sizeof(full))
		return -ENAMETOOLONG;
	/* Not source_path(): here ".." after a symbolic link means what the kernel says. */
	strcpy(full, directory);
	strcat(full, "/");
	strcat(full, path);
	return open_source(full);
}

/*
 * The text of the line into `text`, one byte more than is given out, so that the cut can see
 * whether it falls inside a character. Length, or negative.
 */
static int read_line(int fd, unsigned line, char *text)
{
	char *chunk = alloc_check(malloc(CHUNK)), *at, *newline;
	size_t length = 0, total = 0, part;
	unsigned number = 1;
	bool started = false, done = false;
	ssize_t n = 0;
	int ret;

	while (!done && total <= SOURCE_FILE_MAX && (n = read(fd, chunk, CHUNK)) > 0) {
		total += (size_t)n;
		for (at = chunk; at < chunk + n && !done; at = newline + 1) {
			newline = memchr(at, '\n', (size_t)(chunk + n - at));
			part = (size_t)((newline ? newline : chunk + n) - at);
			if (number == line) {
				started = started || part || newline;
				while (length == 0 && part && (*at == ' ' || *at == '\t')) {
					at++;
					part--;
				}
				if (part > SOURCE_LINE_MAX + 1 - length)
					part = SOURCE_LINE_MAX + 1 - length;
				memcpy(text + length, at, part);
				length += part;
				done = newline || length > SOURCE_LINE_MAX;
			}
			if (!newline)
				break;
			number++;
		}
	}
	ret = n < 0 ? -errno : started ? (int)length : -ERANGE;
	free(chunk);
	return ret;
}

/* Cuts to `size`, at a character, and makes it safe to print. Returns the length. */
static int clean_line(char *text, size_t length, char *buf, size_t size)
{
	size_t cut = length < SOURCE_LINE_MAX ? length : SOURCE_LINE_MAX, i;

	if (cut >= size)
		cut = size - 1;
	while (cut > 0 && cut < length && ((unsigned char)text[cut] & 0xc0) == 0x80)
		cut--;
	while (cut > 0 && (text[cut - 1] == ' ' || text[cut - 1] == '\t' || text[cut - 1] == '\r'))
		cut--;
	for (i = 0; i < cut; i++) {
		buf[i] = text[i] == '\t' ? ' ' : text[i];
		if ((unsigned char)buf[i] < ' ' || buf[i] == 0x7f)
			buf[i] = '?';
		/* U+0080 to U+009F are control characters too. */
		if ((unsigned char)buf[i] == 0xc2 && i + 1 < cut &&
		    (unsigned char)text[i + 1] < 0xa0)
			buf[i] = text[i + 1] = '?';
	}
	buf[cut] = '\0';
	return (int)cut;
}

int source_line(const char *path, const char *comp_dir, const char *cwd, unsigned line, char *buf,
		size_t size)
{
	char text[SOURCE_LINE_MAX + 1];
	int fd, length;

	if (size == 0)
		return -EINVAL;
	buf[0] = '\0';
	if (path[0] == '/') {
		fd = open_source(path);
	} else {
		fd = open_relative(path, comp_dir);
		if (fd == -ENOENT)
			fd = open_relative(path, cwd);
	}
	if (fd < 0)
		return fd;
	length = line ? read_line(fd, line, text) : -ERANGE;
	close(fd);
	return length < 0 ? length : clean_line(text, (size_t)length, buf, size);
}
