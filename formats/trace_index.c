/*
 * Index lines and seek table: see the header. All numbers of the seek table are little-endian.
 */
#include "formats/trace_index.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/trace_lines.h"

#define SKIPPABLE_MAGIC 0x184D2A5Eu
#define SEEKABLE_MAGIC 0x8F92EAB1u

enum {
	HEAD_SIZE = 8,   /* of a skippable frame: magic, size of the rest */
	ENTRY_SIZE = 12, /* packed size, unpacked size, checksum */
	FOOTER_SIZE = 9, /* number of frames, descriptor, magic */
	FRAME_MIN = 8,   /* the smallest frame there is: an empty skippable one */
	CHECKSUM_FLAG = 0x80,
	RESERVED_BITS = 0x7c,
};

_Static_assert(TRACE_LINE_OTHER == 12, "types of the index are part of the format");

void trace_index_init(struct trace_index *index)
{
	memset(index, 0, sizeof(*index));
}

void trace_index_fini(struct trace_index *index)
{
	free(index->rows);
	memset(index, 0, sizeof(*index));
}

void trace_index_reset(struct trace_index *index)
{
	index->n = 0;
}

/* Computed fields of row i. */
static void row_place(struct trace_index *index, uint32_t i)
{
	struct trace_index_row *row = &index->rows[i];
	const struct trace_index_row *before = row - 1;

	row->first_event = i ? before->first_event + before->events : 0;
	row->first_decision = i ? before->first_decision + before->decisions : 0;
}

int trace_index_add(struct trace_index *index, const struct trace_index_row *row)
{
	struct trace_index_row *rows;
	uint32_t cap;

	if (index->n == TRACE_INDEX_ROWS_MAX)
		return -E2BIG;
	if (index->n == index->cap) {
		cap = index->cap ? index->cap * 2 : 64;
		rows = realloc(index->rows, cap * sizeof(*rows));
		if (!rows)
			return -ENOMEM;
		index->rows = rows;
		index->cap = cap;
	}
	index->rows[index->n] = *row;
	row_place(index, index->n++);
	return 0;
}

uint64_t trace_index_events(const struct trace_index *index)
{
	const struct trace_index_row *last = index->rows + index->n - 1;

	return index->n ? last->first_event + last->events : 0;
}

uint64_t trace_index_decisions(const struct trace_index *index)
{
	const struct trace_index_row *last = index->rows + index->n - 1;

	return index->n ? last->first_decision + last->decisions : 0;
}

/* The three columns that grow from row to row. */
static uint64_t column_offset(const struct trace_index_row *row)
{
	return row->offset;
}

static uint64_t column_event(const struct trace_index_row *row)
{
	return row->first_event;
}

static uint64_t column_decision(const struct trace_index_row *row)
{
	return row->first_decision;
}

/*
 * The last row whose column is at most `value`: of rows with the same value the last, since the
 * others hold nothing of what the column counts.
 */
static const struct trace_index_row *find(const struct trace_index *index,
					  uint64_t (*column)(const struct trace_index_row *),
					  uint64_t value)
{
	uint32_t low = 0, high = index->n;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (column(&index->rows[middle]) <= value)
			low = middle;
		else
			high = middle;
	}
	return index->rows + low;
}

const struct trace_index_row *trace_index_find_offset(const struct trace_index *index,
						      uint64_t offset)
{
	const struct trace_index_row *row = index->n ? find(index, column_offset, offset) : NULL;

	return row && row->offset == offset ? row : NULL;
}

const struct trace_index_row *trace_index_find_event(const struct trace_index *index, uint64_t n)
{
	return n < trace_index_events(index) ? find(index, column_event, n) : NULL;
}

const struct trace_index_row *trace_index_find_decision(const struct trace_index *index, uint64_t n)
{
	return n < trace_index_decisions(index) ? find(index, column_decision, n) : NULL;
}

void trace_index_put_lines(const struct trace_index *index, struct json_out *out)
{
	uint32_t i;

	for (i = 0; i < index->n; i++) {
		const struct trace_index_row *row = &index->rows[i];

		if (i % TRACE_INDEX_ROWS_IN_LINE == 0) {
			json_object_begin(out);
			json_key(out, "index");
			json_uint(out, i);
			json_key(out, "frames");
			json_array_begin(out);
		}
		json_array_begin(out);
		json_uint(out, row->lines);
		json_uint(out, row->events);
		json_uint(out, row->decisions);
		json_uint(out, row->types);
		json_array_end(out);
		if (i + 1 == index->n || (i + 1) % TRACE_INDEX_ROWS_IN_LINE == 0) {
			json_array_end(out);
			json_object_end(out);
			json_newline(out);
		}
	}
}

static void put_u32(struct json_out *out, uint32_t value)
{
	char *p = json_out_reserve(out, sizeof(value));

	if (!p)
		return;
	value = htole32(value);
	memcpy(p, &value, sizeof(value));
	out->len += sizeof(value);
}

void trace_index_put_seek_table(const struct trace_index *index, struct json_out *out)
{
	char *p;
	uint32_t i;

	put_u32(out, SKIPPABLE_MAGIC);
	put_u32(out, index->n * ENTRY_SIZE + FOOTER_SIZE);
	for (i = 0; i < index->n; i++) {
		put_u32(out, index->rows[i].packed);
		put_u32(out, index->rows[i].unpacked);
		put_u32(out, index->rows[i].checksum);
	}
	put_u32(out, index->n);
	p = json_out_reserve(out, 1);
	if (p) {
		*p = (char)CHECKSUM_FLAG;
		out->len++;
	}
	put_u32(out, SEEKABLE_MAGIC);
}

static uint32_t get_u32(const unsigned char *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return le32toh(value);
}

/* All `len` bytes at `offset`; -EIO when the file has become shorter. */
static int read_at(int fd, void *data, size_t len, uint64_t offset)
{
	char *p = data;

	while (len) {
		ssize_t n = pread(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* Rows from the entries; false when their frames are not exactly what is before the table. */
static int take_entries(struct trace_index *index, const unsigned char *entries, uint32_t n,
			size_t entry_size, uint64_t end)
{
	struct trace_index_row row = { 0 };
	uint64_t sum = 0;
	uint32_t i;
	int rc;

	for (i = 0; i < n; i++, entries += entry_size) {
		row.offset = sum;
		row.packed = get_u32(entries);
		row.unpacked = get_u32(entries + 4);
		row.checksum = entry_size == ENTRY_SIZE ? get_u32(entries + 8) : 0;
		sum += row.packed;
		if (row.packed < FRAME_MIN || sum > end)
			return 0;
		rc = trace_index_add(index, &row);
		if (rc)
			return rc;
	}
	return sum == end;
}

int trace_index_read_seek_table(struct trace_index *index, int fd, uint64_t size)
{
	unsigned char footer[FOOTER_SIZE];
	unsigned char *table;
	size_t entry_size;
	uint64_t table_size;
	uint32_t n;
	int rc;

	trace_index_reset(index);
	if (size < HEAD_SIZE + FOOTER_SIZE)
		return 0;
	rc = read_at(fd, footer, sizeof(footer), size - FOOTER_SIZE);
	if (rc)
		return rc;
	n = get_u32(footer);
	if (get_u32(footer + 5) != SEEKABLE_MAGIC || footer[4] & RESERVED_BITS || !n ||
	    n > TRACE_INDEX_ROWS_MAX)
		return 0;
	entry_size = footer[4] & CHECKSUM_FLAG ? ENTRY_SIZE : ENTRY_SIZE - 4;
	table_size = HEAD_SIZE + n * entry_size + FOOTER_SIZE;
	if (table_size + (uint64_t)n * FRAME_MIN > size)
		return 0;
	table = malloc(table_size);
	if (!table)
		return -ENOMEM;
	rc = read_at(fd, table, table_size, size - table_size);
	if (!rc && get_u32(table) == SKIPPABLE_MAGIC &&
	    get_u32(table + 4) == table_size - HEAD_SIZE)
		rc = take_entries(index, table + HEAD_SIZE, n, entry_size, size - table_size);
	free(table);
	if (rc != 1)
		trace_index_reset(index);
	return rc;
}

/* A member of a row: a whole number from 0 to `max`. */
static bool take_number(const cJSON *item, uint64_t max, uint64_t *value)
{
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble > (double)max)
		return false;
	*value = (uint64_t)item->valuedouble;
	return true;
}

static bool take_row(struct trace_index_row *row, const cJSON *item)
{
	uint64_t types;
	const cJSON *n = cJSON_IsArray(item) ? item->child : NULL;

	/* The shortest line is {"e":""} and its newline; the limit keeps sums far from overflow. */
	if (!n || !take_number(n, row->unpacked / 2, &row->lines))
		return false;
	n = n->next;
	if (!take_number(n, row->lines, &row->events))
		return false;
	n = n->next;
	if (!take_number(n, row->lines - row->events, &row->decisions))
		return false;
	n = n->next;
	if (!take_number(n, UINT32_MAX, &types))
		return false;
	row->types = (uint32_t)types;
	return true;
}

bool trace_index_take_line(struct trace_index *index, const cJSON *line, uint32_t *covered)
{
	const cJSON *frames = cJSON_GetObjectItemCaseSensitive(line, "frames");
	const cJSON *item;
	uint64_t first;

	if (!cJSON_IsArray(frames) ||
	    !take_number(cJSON_GetObjectItemCaseSensitive(line, "index"), UINT32_MAX, &first) ||
	    first != *covered)
		return false;
	cJSON_ArrayForEach (item, frames) {
		if (*covered >= index->n || !take_row(&index->rows[*covered], item))
			return false;
		++*covered;
	}
	for (; first < index->n; first++)
		row_place(index, (uint32_t)first);
	return true;
}
