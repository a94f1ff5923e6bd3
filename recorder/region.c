/*
 * The CLI's side of the shared region, see region.h. No process is started or watched here, and
 * records are not looked at: that is target.c and drain.c.
 */
#include "recorder/region.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

int region_create(struct region_handle *handle, struct err *err)
{
	const unsigned seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	struct region_header *header;
	uint64_t nonce;
	int code;

	handle->map = NULL;
	if (getrandom(&nonce, sizeof(nonce), 0) != sizeof(nonce))
		return err_set(err, errno, "no random numbers: %s", strerror(errno));
	handle->fd = memfd_create("frontrun", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (handle->fd < 0)
		return err_set(err, errno, "cannot create the shared region: %s", strerror(errno));
	/* The limit on files (ulimit -f) holds for this one, and would send SIGXFSZ. */
	sigaction(SIGXFSZ, &ignore, &before);
	code = ftruncate(handle->fd, sizeof(struct region));
	sigaction(SIGXFSZ, &before, NULL);
	if (code || fcntl(handle->fd, F_ADD_SEALS, seals))
		goto failed;
	handle->map = mmap(NULL, sizeof(struct region), PROT_READ | PROT_WRITE, MAP_SHARED,
			   handle->fd, 0);
	if (handle->map == MAP_FAILED)
		goto failed;

	header = &handle->map->header;
	header->abi = REGION_ABI;
	header->cli_pid = (uint32_t)getpid();
	header->size = sizeof(struct region);
	header->nonce = nonce;
	__atomic_store_n(&header->magic, REGION_MAGIC, __ATOMIC_RELEASE);
	return 0;

failed:
	code = err_set(err, errno, "cannot set up the shared region of %zu bytes: %s%s",
		       sizeof(struct region), strerror(errno),
		       errno == EFBIG ? " (raise ulimit -f)" : "");
	close(handle->fd);
	handle->fd = -1;
	handle->map = NULL;
	return code;
}

void region_destroy(struct region_handle *handle)
{
	if (handle->map)
		munmap(handle->map, sizeof(struct region));
	if (handle->fd >= 0)
		close(handle->fd);
	handle->map = NULL;
	handle->fd = -1;
}

/*
 * The environment lies above the stack: where that begins depends on its size, so paths of all
 * lengths are made equally long.
 */
#define ENV_PATH 36
#define SLASHES "////////////////////////////////////"

void region_env(const struct region_handle *handle, char *text, size_t size)
{
	char path[ENV_PATH + 1];
	int n = snprintf(path, sizeof(path), "%d/fd/%d", (int)getpid(), handle->fd);

	snprintf(text, size, REGION_ENV "=/proc%.*s%s:%016llx", ENV_PATH - (int)strlen("/proc") - n,
		 SLASHES, path, (unsigned long long)handle->map->header.nonce);
}

void region_env_open(const struct region_handle *handle, int number, char *text, size_t size)
{
	snprintf(text, size, REGION_ENV "=" REGION_OPEN "%0*d:%016llx",
		 ENV_PATH - (int)strlen(REGION_OPEN), number,
		 (unsigned long long)handle->map->header.nonce);
}

void region_reset(struct region *region)
{
	struct region_header *header = &region->header;
	char *start = (char *)&region->mailbox;
	char *plan = (char *)&region->plan, *after = (char *)&region->lane;
	struct region_ring *ring = &region->ring[0];

	header->boot = 0;
	header->boot_count = 0;
	memset(header->boot_detail, 0, sizeof(header->boot_detail));
	memset(start, 0, (size_t)(plan - start));
	memset(after, 0, sizeof(region->lane));
	/* The bytes of the ring may stay: nothing beyond `head` is read. */
	memset(ring, 0, offsetof(struct region_ring, bytes));
}

/* A section with its head, padded so that the next one is aligned. */
static uint64_t plan_bytes(uint64_t length)
{
	return sizeof(struct plan_section) + ((length + 7) & ~7ull);
}

void region_plan_begin(struct region *region)
{
	region->plan.length = 0;
}

uint32_t region_plan_room(const struct region *region)
{
	uint64_t used = region->plan.length + 2 * plan_bytes(0);

	return used < REGION_PLAN_BYTES ? (uint32_t)(REGION_PLAN_BYTES - used) & ~7u : 0;
}

void *region_plan_reserve(struct region *region, enum plan_type type, unsigned version,
			  unsigned flags, uint32_t length, struct err *err)
{
	struct region_plan *plan = &region->plan;
	struct plan_section *section = (struct plan_section *)(plan->bytes + plan->length);

	if (length > region_plan_room(region)) {
		err_set(err, ENOSPC, "the plan of the run is larger than %u bytes",
			REGION_PLAN_BYTES);
		return NULL;
	}
	memset(section, 0, plan_bytes(length));
	section->type = (uint16_t)type;
	section->version = (uint16_t)version;
	section->flags = flags;
	section->length = length;
	plan->length += (uint32_t)plan_bytes(length);
	return section + 1;
}

int region_plan_add(struct region *region, enum plan_type type, unsigned version, unsigned flags,
		    const void *payload, uint32_t length, struct err *err)
{
	void *place = region_plan_reserve(region, type, version, flags, length, err);

	if (!place)
		return -ENOSPC;
	memcpy(place, payload, length);
	return 0;
}

void region_plan_end(struct region *region)
{
	struct region_plan *plan = &region->plan;

	/* region_plan_room() keeps this much free. */
	memset(plan->bytes + plan->length, 0, sizeof(struct plan_section));
	plan->length += sizeof(struct plan_section);
	__atomic_add_fetch(&plan->version, 1, __ATOMIC_RELEASE);
}

void region_ring(struct region *region)
{
	struct region_header *header = &region->header;

	__atomic_add_fetch(&header->doorbell, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&header->cli_asleep, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &header->doorbell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

bool region_mailbox_take(struct region *region, struct region_mailbox *request)
{
	if (__atomic_load_n(&region->mailbox.state, __ATOMIC_ACQUIRE) != 1)
		return false;
	memcpy(request, &region->mailbox, sizeof(*request));
	if (request->type == MAILBOX_NONE || request->type > MAILBOX_INTERN ||
	    request->length > sizeof(request->payload)) {
		region_mailbox_answer(region, -EINVAL, NULL, 0);
		return false;
	}
	return true;
}

void region_mailbox_answer(struct region *region, int32_t answer, const void *payload,
			   uint32_t length)
{
	struct region_mailbox *mailbox = &region->mailbox;

	if (length > sizeof(mailbox->payload))
		length = sizeof(mailbox->payload);
	if (length)
		memcpy(mailbox->payload, payload, length);
	mailbox->length = length;
	mailbox->answer = answer;
	__atomic_store_n(&mailbox->state, 2, __ATOMIC_RELEASE);
	syscall(SYS_futex, &mailbox->state, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void region_copy_failure(const struct region *region, struct region_failure *failure)
{
	uint32_t kind = __atomic_load_n(&region->failure.kind, __ATOMIC_ACQUIRE);

	memcpy(failure, &region->failure, sizeof(*failure));
	failure->kind = kind < VERDICT_COUNT ? kind : VERDICT_NONE;
	failure->text[sizeof(failure->text) - 1] = '\0';
	if (failure->edge_count > REGION_EDGES)
		failure->edge_count = REGION_EDGES;
	if (failure->cycle_length > failure->edge_count)
		failure->cycle_length = failure->edge_count;
	if (failure->frame_count > REGION_FRAMES)
		failure->frame_count = REGION_FRAMES;
}

void region_copy_process(const struct region *region, unsigned index,
			 struct region_process *process)
{
	memcpy(process, &region->process[index], sizeof(*process));
}

unsigned region_processes(const struct region *region)
{
	unsigned n = 0;

	while (n < REGION_PROCESSES && region->process[n].state)
		n++;
	return n;
}

bool region_copy_lane(const struct region *region, unsigned slot, struct region_lane *lane)
{
	memcpy(lane, &region->lane[slot], sizeof(*lane));
	return lane->number && lane->state != LANE_FREE && lane->state <= LANE_DONE;
}

enum boot_code region_boot(const struct region *region, char *detail, size_t size)
{
	uint32_t boot = __atomic_load_n(&region->header.boot, __ATOMIC_ACQUIRE);
	size_t n = sizeof(region->header.boot_detail) - 1;

	if (size) {
		if (n > size - 1)
			n = size - 1;
		memcpy(detail, region->header.boot_detail, n);
		detail[n] = '\0';
	}
	return boot < BOOT_COUNT ? (enum boot_code)boot : BOOT_NONE;
}

size_t region_copy_stderr(const struct region *region, char *text)
{
	const struct region_stderr *errors = &region->errors;
	uint64_t written = __atomic_load_n(&errors->written, __ATOMIC_ACQUIRE);
	size_t end = (size_t)(written % REGION_STDERR_BYTES);

	if (written <= REGION_STDERR_BYTES && (written < REGION_STDERR_BYTES || !end)) {
		memcpy(text, errors->bytes, (size_t)written);
		return (size_t)written;
	}
	memcpy(text, errors->bytes + end, REGION_STDERR_BYTES - end);
	memcpy(text + REGION_STDERR_BYTES - end, errors->bytes, end);
	return REGION_STDERR_BYTES;
}
