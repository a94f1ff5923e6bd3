/*
 * Frames into a file: see the header. The format is the zstd seekable format 0.1.0, see
 * contrib/seekable_format/zstd_seekable_compression_format.md in the zstd sources.
 */
#include "formats/trace_pack.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	LEVEL_DEFAULT = 1,
	LEVEL_MAX = 19,
	WINDOW_LOG = 21, /* 2 MB: more than a usual frame, far below what the reader accepts */
};

int trace_pack_fail(struct trace_pack *pack, int code, const char *what)
{
	if (!pack->err.code)
		err_set(&pack->err, code, "cannot %s %s: %s", what, pack->path, strerror(code));
	return -pack->err.code;
}

static int compressor_init(struct trace_pack *pack, int level)
{
	if (level < 0 || level > LEVEL_MAX)
		return -EINVAL;
	pack->cctx = ZSTD_createCCtx();
	if (!pack->cctx)
		return -ENOMEM;
	level = level ? level : LEVEL_DEFAULT;
	if (ZSTD_isError(ZSTD_CCtx_setParameter(pack->cctx, ZSTD_c_compressionLevel, level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(pack->cctx, ZSTD_c_windowLog, WINDOW_LOG)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(pack->cctx, ZSTD_c_checksumFlag, 1)))
		return -EINVAL;
	return 0;
}

int trace_pack_init(struct trace_pack *pack, const char *path, int level, struct err *err)
{
	int rc;

	memset(pack, 0, sizeof(*pack));
	pack->fd = -1;
	strncpy(pack->path, path, sizeof(pack->path) - 1);
	trace_index_init(&pack->index);
	rc = compressor_init(pack, level);
	if (!rc) {
		pack->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
		rc = pack->fd < 0 ? -errno : 0;
	}
	if (rc)
		return err_set(err, -rc, "cannot create %s: %s", path, strerror(-rc));
	return 0;
}

void trace_pack_fini(struct trace_pack *pack)
{
	if (pack->fd >= 0 && close(pack->fd) && errno != EINTR)
		trace_pack_fail(pack, errno, "close");
	pack->fd = -1;
	ZSTD_freeCCtx(pack->cctx);
	pack->cctx = NULL;
	free(pack->packed);
	pack->packed = NULL;
	trace_index_fini(&pack->index);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int append(struct trace_pack *pack, const char *data, size_t len)
{
	int rc = write_all(pack->fd, data, len);

	if (!rc) {
		pack->bytes += len;
		return 0;
	}
	/* Pipes and devices cannot be cut back. */
	if (ftruncate(pack->fd, (off_t)pack->bytes) ||
	    lseek(pack->fd, (off_t)pack->bytes, SEEK_SET) < 0)
		pack->torn = true;
	return trace_pack_fail(pack, -rc, "write");
}

/* Compress into pack->packed and add the row. Does not look at the sticky error. */
static int compress(struct trace_pack *pack, const struct json_out *lines,
		    struct trace_index_row *row)
{
	size_t n, need = ZSTD_compressBound(lines->len);
	char *grown;
	int rc;

	if (need > pack->packed_cap) {
		grown = realloc(pack->packed, need);
		if (!grown)
			return -ENOMEM;
		pack->packed = grown;
		pack->packed_cap = need;
	}
	n = ZSTD_compress2(pack->cctx, pack->packed, pack->packed_cap, lines->data, lines->len);
	if (ZSTD_isError(n))
		return -ENOMEM;
	row->offset = pack->bytes;
	row->packed = (uint32_t)n;
	row->unpacked = (uint32_t)lines->len;
	/* zstd ends a frame with the very checksum that the seek table wants. */
	memcpy(&row->checksum, pack->packed + n - sizeof(row->checksum), sizeof(row->checksum));
	row->checksum = le32toh(row->checksum);
	rc = pack->index_full ? 0 : trace_index_add(&pack->index, row);
	if (rc == -E2BIG) {
		pack->index_full = true;
		rc = 0;
	}
	return rc;
}

int trace_pack_frame(struct trace_pack *pack, const struct json_out *lines,
		     struct trace_index_row *row)
{
	int rc;

	if (pack->err.code || !lines->len)
		return -pack->err.code;
	rc = compress(pack, lines, row);
	if (rc)
		return trace_pack_fail(pack, -rc, "compress");
	rc = append(pack, pack->packed, row->packed);
	if (rc && pack->index.n && !pack->index_full)
		pack->index.n--;
	return rc;
}

void trace_pack_finish(struct trace_pack *pack, const struct json_out *tail)
{
	struct trace_index_row row = { 0 };
	struct json_out out;
	char *p;

	if (pack->torn || !pack->bytes)
		return;
	json_out_init(&out);
	if (!pack->index_full)
		trace_index_put_lines(&pack->index, &out);
	p = json_out_reserve(&out, tail->len);
	if (p && tail->len) {
		memcpy(p, tail->data, tail->len);
		out.len += tail->len;
	}
	if (out.error || compress(pack, &out, &row)) {
		trace_pack_fail(pack, ENOMEM, "finish");
		goto out;
	}
	/* One write for both: a seek table without its frame would be worse than none. */
	json_out_reset(&out);
	p = json_out_reserve(&out, row.packed);
	if (p) {
		memcpy(p, pack->packed, row.packed);
		out.len += row.packed;
	}
	if (!pack->index_full)
		trace_index_put_seek_table(&pack->index, &out);
	if (out.error)
		trace_pack_fail(pack, ENOMEM, "finish");
	else
		append(pack, out.data, out.len);
out:
	json_out_fini(&out);
}
