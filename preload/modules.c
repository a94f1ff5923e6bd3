/*
 * The table of loaded modules, filled from dl_iterate_phdr(3). Lookups search a
 * sorted array of the live ones that a scan replaces as a whole, so that a
 * signal handler never sees a half-edited table. No symbols, no file is read.
 */
#include "preload/modules.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

#include "preload/raw.h"

enum {
	PATH_POOL = 256 * 1024,
};

struct range {
	uint64_t start, end;
	uint32_t number;
};

/* Ranges of the live modules, ascending. Two, so that one is always whole. */
struct live {
	uint32_t n;
	struct range range[MODULES_MAX];
};

uint32_t modules_epoch_; /* see modules_epoch() */

static struct module table[MODULES_MAX];
static uint32_t n_modules;
static uint32_t n_lost;
static uint32_t n_announced;

static struct live live_sets[2];
static struct live *live = &live_sets[0];
static uint32_t last_hit; /* index into live->range; a hint only */

static unsigned long long seen_adds, seen_subs;
static bool must_scan = true;

static char path_pool[PATH_POOL];
static uint32_t path_used;

static const char *keep_path(const char *name, bool executable)
{
	char *dst = path_pool + path_used;
	size_t room = PATH_POOL - path_used;
	size_t len;

	if (room < 2)
		return "";
	if (executable) {
		long got = raw(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", dst, room - 1);

		if (got <= 0 || (size_t)got >= room - 1)
			return "";
		len = (size_t)got;
	} else {
		len = strlen(name);
		if (len >= room)
			return "";
		memcpy(dst, name, len);
	}
	dst[len] = '\0';
	path_used += (uint32_t)len + 1;
	return dst;
}

/* Find NT_GNU_BUILD_ID in one PT_NOTE segment. */
static void read_notes(struct module *m, const uint8_t *p, uint64_t size, uint64_t align)
{
	uint64_t mask = (align == 8 ? 8 : 4) - 1;

	while (size >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) note;
		uint64_t name_at = sizeof(note);
		uint64_t desc_at, next;

		memcpy(&note, p, sizeof(note));
		desc_at = (name_at + note.n_namesz + mask) & ~mask;
		next = (desc_at + note.n_descsz + mask) & ~mask;
		if (desc_at + note.n_descsz > size)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(p + name_at, "GNU", 4) == 0) {
			m->build_id_len = note.n_descsz < MODULES_BUILD_ID_MAX
						  ? (uint8_t)note.n_descsz
						  : MODULES_BUILD_ID_MAX;
			memcpy(m->build_id, p + desc_at, m->build_id_len);
			return;
		}
		if (next >= size)
			return;
		p += next;
		size -= next;
	}
}

static void read_load(struct module *m, const ElfW(Phdr) * ph)
{
	uint64_t start = m->bias + ph->p_vaddr;
	uint64_t end = start + ph->p_memsz;

	if (ph->p_memsz == 0)
		return;
	if (m->start == 0 || start < m->start)
		m->start = start;
	if (end > m->end)
		m->end = end;
	if (m->n_segments < MODULES_SEGMENTS)
		m->segments[m->n_segments++] = (struct module_segment){
			.start = start,
			.end = end,
			.exec = ph->p_flags & PF_X,
			.write = ph->p_flags & PF_W,
		};
}

static bool is_mapped(const struct module *m, uint64_t start, uint64_t end)
{
	for (int i = 0; i < m->n_segments; i++)
		if (start >= m->segments[i].start && end <= m->segments[i].end && start <= end)
			return true;
	return false;
}

static void read_headers(struct module *m, const struct dl_phdr_info *info)
{
	m->bias = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			read_load(m, &info->dlpi_phdr[i]);

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uint64_t start = m->bias + ph->p_vaddr;

		if (!is_mapped(m, start, start + ph->p_memsz))
			continue;
		if (ph->p_type == PT_GNU_EH_FRAME) {
			m->eh_frame_hdr = start;
			m->eh_frame_hdr_end = start + ph->p_memsz;
		} else if (ph->p_type == PT_DYNAMIC) {
			m->dynamic = start;
		} else if (ph->p_type == PT_NOTE && m->build_id_len == 0) {
			read_notes(m, (const uint8_t *)start, ph->p_memsz, ph->p_align);
		}
	}
}

/* Is this the object that we know under this number, still? */
static bool is_same(const struct module *known, const struct module *seen, const char *name)
{
	return known->bias == seen->bias && known->start == seen->start &&
	       known->end == seen->end && known->dynamic == seen->dynamic &&
	       known->build_id_len == seen->build_id_len &&
	       memcmp(known->build_id, seen->build_id, seen->build_id_len) == 0 &&
	       (name[0] == '\0' || known->path[0] == '\0' || strcmp(known->path, name) == 0);
}

struct scan {
	struct live *next;
	bool changed;
	bool full;
};

static int add_range(struct scan *scan, uint32_t number)
{
	struct live *set = scan->next;
	uint32_t at = set->n++;

	for (; at > 0 && set->range[at - 1].start > table[number].start; at--)
		set->range[at] = set->range[at - 1];
	set->range[at] = (struct range){ table[number].start, table[number].end, number };
	return 0;
}

static int scan_one(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct scan *scan = arg;
	struct module seen = { 0 };
	const char *name = info->dlpi_name ? info->dlpi_name : "";

	if (size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof(info->dlpi_subs)) {
		bool still = info->dlpi_adds == seen_adds && info->dlpi_subs == seen_subs;

		if (still && !must_scan)
			return 1; /* nothing came or went: leave at the first object */
		must_scan = true; /* this scan is for the rest of the objects too */
		seen_adds = info->dlpi_adds;
		seen_subs = info->dlpi_subs;
	}
	read_headers(&seen, info);
	if (seen.start >= seen.end)
		return 0;

	for (uint32_t i = 0; i < live->n; i++) {
		uint32_t number = live->range[i].number;

		if (live->range[i].start == seen.start && is_same(&table[number], &seen, name))
			return add_range(scan, number);
	}
	if (n_modules == MODULES_MAX) {
		scan->full = true;
		return 0;
	}
	seen.number = n_modules;
	seen.path = keep_path(name, n_modules == 0);
	table[n_modules] = seen;
	__atomic_store_n(&n_modules, n_modules + 1, __ATOMIC_RELEASE);
	scan->changed = true;
	return add_range(scan, seen.number);
}

/* What the scan did not find again has been unloaded. */
static bool mark_gone(const struct live *now)
{
	bool any = false;

	for (uint32_t i = 0; i < live->n; i++) {
		uint32_t number = live->range[i].number;
		bool found = false;

		for (uint32_t j = 0; j < now->n && !found; j++)
			found = now->range[j].number == number;
		if (!found) {
			table[number].gone = true;
			any = true;
		}
	}
	return any;
}

int modules_rescan(void)
{
	struct scan scan = {
		.next = live == &live_sets[0] ? &live_sets[1] : &live_sets[0],
	};
	bool gone;

	scan.next->n = 0;
	if (dl_iterate_phdr(scan_one, &scan) != 0)
		return 0;
	must_scan = false;

	gone = mark_gone(scan.next);
	__atomic_store_n(&live, scan.next, __ATOMIC_RELEASE);
	if (gone)
		__atomic_store_n(&modules_epoch_, modules_epoch_ + 1, __ATOMIC_RELEASE);
	if (scan.full) {
		n_lost++;
		return -ENOSPC;
	}
	return scan.changed || gone;
}

void modules_invalidate(void)
{
	must_scan = true;
}

const struct module *modules_find(uint64_t addr)
{
	const struct live *set = __atomic_load_n(&live, __ATOMIC_ACQUIRE);
	uint32_t hint = __atomic_load_n(&last_hit, __ATOMIC_RELAXED);
	uint32_t lo = 0, hi = set->n;

	if (hint < hi &&
	    addr - set->range[hint].start < set->range[hint].end - set->range[hint].start)
		return &table[set->range[hint].number];
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (addr < set->range[mid].start)
			hi = mid;
		else if (addr >= set->range[mid].end)
			lo = mid + 1;
		else {
			__atomic_store_n(&last_hit, mid, __ATOMIC_RELAXED);
			return &table[set->range[mid].number];
		}
	}
	return NULL;
}

const struct module *modules_lookup(uint64_t addr)
{
	const struct module *m = modules_find(addr);

	return m || modules_rescan() == 0 ? m : modules_find(addr);
}

bool module_is_code(const struct module *m, uint64_t addr)
{
	for (int i = 0; i < m->n_segments; i++)
		if (addr >= m->segments[i].start && addr < m->segments[i].end)
			return m->segments[i].exec;
	return false;
}

const struct module *modules_get(uint32_t number)
{
	return number < n_modules ? &table[number] : NULL;
}

uint32_t modules_count(void)
{
	return n_modules;
}

uint32_t modules_lost(void)
{
	return n_lost;
}

uint32_t modules_for_each_new(void (*cb)(const struct module *m, void *arg), void *arg)
{
	uint32_t n = 0;

	for (; n_announced < n_modules; n_announced++, n++)
		cb(&table[n_announced], arg);
	return n;
}

void modules_announce_again(void)
{
	n_announced = 0;
}
