/*
 * Frames into lines: see the header. zstd's own limits are used where it has them; all sizes that
 * the file states are taken as claims.
 */
#include "formats/trace_input.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zstd_errors.h>

#include "formats/trace_lines.h"
#include "formats/trace_reader.h"

enum {
	IN_SIZE = 64 << 10,
	DATA_MIN = 64 << 10,
	DATA_STEP = 32 << 10, /* room that one call of zstd finds at least */
	WINDOW_LOG_MAX = 23,  /* 8 MB */
	SKIPPABLE_HEAD = 8,
};

int trace_input_init(struct trace_input *input, int fd, uint64_t size)
{
	memset(input, 0, sizeof(*input));
	input->fd = fd;
	input->size = size;
	input->dctx = ZSTD_createDCtx();
	input->in = malloc(IN_SIZE);
	input->data = malloc(DATA_MIN);
	input->cap = DATA_MIN;
	if (!input->dctx || !input->in || !input->data ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(input->dctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return -ENOMEM;
	return 0;
}

void trace_input_fini(struct trace_input *input)
{
	ZSTD_freeDCtx(input->dctx);
	free(input->in);
	free(input->data);
	memset(input, 0, sizeof(*input));
}

void trace_input_seek(struct trace_input *input, uint64_t offset)
{
	input->in_pos = 0;
	input->in_len = 0;
	input->in_end = offset;
	input->len = 0;
	input->pos = 0;
	input->scanned = 0;
	input->in_frame = false;
	err_clear(&input->ahead);
}

bool trace_input_more(const struct trace_input *input)
{
	return input->in_frame || input->pos < input->len;
}

uint64_t trace_input_offset(const struct trace_input *input)
{
	return input->in_end - (input->in_len - input->in_pos);
}

/* Have at least `want` packed bytes at hand if the file has them. */
static int in_fill(struct trace_input *input, size_t want)
{
	if (input->in_len - input->in_pos >= want)
		return 0;
	memmove(input->in, input->in + input->in_pos, input->in_len - input->in_pos);
	input->in_len -= input->in_pos;
	input->in_pos = 0;
	while (input->in_len < want && input->in_end < input->size) {
		uint64_t left = input->size - input->in_end;
		size_t room = IN_SIZE - input->in_len;
		ssize_t n = pread(input->fd, input->in + input->in_len, left < room ? left : room,
				  (off_t)input->in_end);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(&input->ahead, errno, "cannot read: %s", strerror(errno));
		if (!n) /* the file became shorter */
			input->size = input->in_end;
		input->in_len += (size_t)n;
		input->in_end += (uint64_t)n;
	}
	return 0;
}

static int cut_short(struct trace_input *input)
{
	return err_set(&input->ahead, TRACE_ERR_CUT,
		       "the file ends inside a frame, at byte %" PRIu64, input->size);
}

static int corrupt(struct trace_input *input, const char *why)
{
	return err_set(&input->ahead, TRACE_ERR_CORRUPT, "damaged frame at byte %" PRIu64 ": %s",
		       input->frame_offset, why);
}

static uint32_t in_u32(const struct trace_input *input, size_t at)
{
	uint32_t value;

	memcpy(&value, input->in + input->in_pos + at, sizeof(value));
	return le32toh(value);
}

/* To the next frame with lines, over skippable ones. 1, 0 at the end of the file, or -code. */
static int frame_begin(struct trace_input *input)
{
	for (;;) {
		uint64_t skip;
		int rc = in_fill(input, SKIPPABLE_HEAD);
		size_t left = input->in_len - input->in_pos;

		if (rc)
			return rc;
		if (!left)
			return 0;
		input->frame_offset = trace_input_offset(input);
		if (left < 4)
			return cut_short(input);
		if (in_u32(input, 0) == ZSTD_MAGICNUMBER)
			break;
		if ((in_u32(input, 0) & ZSTD_MAGIC_SKIPPABLE_MASK) != ZSTD_MAGIC_SKIPPABLE_START)
			return corrupt(input, "not the beginning of a frame");
		if (left < SKIPPABLE_HEAD)
			return cut_short(input);
		skip = (uint64_t)SKIPPABLE_HEAD + in_u32(input, 4);
		if (skip > input->size - input->frame_offset)
			return cut_short(input);
		skip += input->frame_offset;
		input->in_pos = 0;
		input->in_len = 0;
		input->in_end = skip;
	}
	ZSTD_DCtx_reset(input->dctx, ZSTD_reset_session_only);
	input->in_frame = true;
	input->frames++;
	input->len = 0;
	input->pos = 0;
	input->scanned = 0;
	return 1;
}

/* Room behind data[len]; false when the buffer is as big as it may get. */
static bool data_room(struct trace_input *input)
{
	size_t cap = input->cap * 2;
	char *grown;

	if (input->cap - input->len >= DATA_STEP)
		return true;
	if (input->cap >= TRACE_LINE_MAX + DATA_STEP)
		return input->cap > input->len;
	if (cap > TRACE_LINE_MAX + DATA_STEP)
		cap = TRACE_LINE_MAX + DATA_STEP;
	grown = realloc(input->data, cap);
	if (!grown) {
		err_set(&input->ahead, ENOMEM, "out of memory");
		return false;
	}
	input->data = grown;
	input->cap = cap;
	return true;
}

static int zstd_failed(struct trace_input *input, size_t code)
{
	if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge)
		return err_set(&input->ahead, TRACE_ERR_LIMIT,
			       "frame at byte %" PRIu64 " needs a zstd window above %d MB",
			       input->frame_offset, 1 << (WINDOW_LOG_MAX - 20));
	if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
		return err_set(&input->ahead, ENOMEM, "out of memory");
	return corrupt(input, ZSTD_getErrorName(code));
}

/*
 * Decode until the frame ends or the buffer is full. On damage nothing that this call decoded is
 * given out; when the file is cut, all of it is.
 */
static void data_fill(struct trace_input *input)
{
	size_t start;

	memmove(input->data, input->data + input->pos, input->len - input->pos);
	input->len -= input->pos;
	input->scanned -= input->pos;
	input->pos = 0;
	start = input->len;
	while (input->in_frame && data_room(input)) {
		ZSTD_outBuffer out = { input->data, input->cap, input->len };
		ZSTD_inBuffer in;
		size_t left;

		if (in_fill(input, 1))
			return;
		in = (ZSTD_inBuffer){ input->in, input->in_len, input->in_pos };
		left = ZSTD_decompressStream(input->dctx, &out, &in);
		if (ZSTD_isError(left)) {
			zstd_failed(input, left);
			input->len = start;
			return;
		}
		if (out.pos == input->len && in.pos == input->in_pos) {
			cut_short(input);
			return;
		}
		input->in_pos = in.pos;
		input->len = out.pos;
		input->in_frame = left != 0;
	}
}

/* Make progress when no whole line is at hand. 1: look again; 0: end of the file; or -code. */
static int advance(struct trace_input *input)
{
	if (input->ahead.code)
		return -input->ahead.code;
	if (input->len - input->pos >= TRACE_LINE_MAX)
		return err_set(&input->ahead, TRACE_ERR_LIMIT, "a line is longer than %d MB",
			       TRACE_LINE_MAX >> 20);
	if (input->in_frame) {
		data_fill(input);
		return 1;
	}
	if (input->pos < input->len)
		return corrupt(input, "its last line is not whole");
	return frame_begin(input);
}

int trace_input_line(struct trace_input *input, const char **line, size_t *len, struct err *err)
{
	int rc;

	do {
		const char *from = input->data + input->scanned;
		const char *newline = memchr(from, '\n', input->len - input->scanned);

		if (newline && (size_t)(newline - (input->data + input->pos)) < TRACE_LINE_MAX) {
			*line = input->data + input->pos;
			*len = (size_t)(newline - *line);
			input->pos += *len + 1;
			input->scanned = input->pos;
			return 1;
		}
		input->scanned = input->len;
		rc = advance(input);
	} while (rc > 0);
	if (rc < 0 && err)
		*err = input->ahead;
	return rc;
}
