/*
 * See server_pages.h. A page becomes private by a write of what is there, through /proc/self/mem,
 * which needs no permission to write in the mapping.
 */
#include "preload/server_pages.h"

#include <fcntl.h>
#include <stdint.h>

#include "preload/modules.h"
#include "preload/raw.h"

static void share_segment(long memory, const struct module_segment *segment)
{
	char first;

	if (raw(SYS_pread64, memory, &first, 1, segment->start) == 1)
		raw(SYS_pwrite64, memory, &first, 1, segment->start);
}

void server_pages_share(void)
{
	long memory = raw(SYS_open, "/proc/self/mem", O_RDWR | O_CLOEXEC, 0);
	uint32_t i, j;

	if (memory < 0)
		return;
	for (i = 0; i < modules_count(); i++) {
		const struct module *module = modules_get(i);

		for (j = 0; !module->gone && j < module->n_segments; j++)
			if (!module->segments[j].write)
				share_segment(memory, &module->segments[j]);
	}
	raw(SYS_close, memory);
}
