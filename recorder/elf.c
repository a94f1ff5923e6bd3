/*
 * elf_inspect(): facts about one program file, by libelf. Finding the file is program.c; names and
 * lines inside it are symbols*.c. Everything read from the file is bounded by libelf or here.
 */
#include "recorder/elf.h"
#include "recorder/alloc.h"
#include "recorder/program.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define HASH_CHUNK (64 * 1024)
#define NEEDED_MAX 4096
#define STRING_MAX 4096

static int hash_fd(int fd, uint64_t *hash)
{
	XXH3_state_t *state = alloc_check(XXH3_createState());
	char *chunk = alloc_check(malloc(HASH_CHUNK));
	off_t at = 0;
	ssize_t n;
	int ret = 0;

	XXH3_64bits_reset(state);
	for (;;) {
		n = pread(fd, chunk, HASH_CHUNK, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		XXH3_64bits_update(state, chunk, (size_t)n);
		at += n;
	}
	if (n < 0)
		ret = -errno;
	else
		*hash = XXH3_64bits_digest(state);
	free(chunk);
	XXH3_freeState(state);
	return ret;
}

static int open_regular(const char *path, struct stat *st, struct err *err)
{
	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int error;

	if (fd < 0) {
		error = errno;
		return err_set(err, error, "cannot open %s: %s", path, strerror(error));
	}
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
		close(fd);
		return err_set(err, EACCES, "%s is not a regular file", path);
	}
	return fd;
}

int elf_hash_file(const char *path, uint64_t *hash, struct err *err)
{
	struct stat st;
	int fd = open_regular(path, &st, err);
	int ret;

	if (fd < 0)
		return fd;
	ret = hash_fd(fd, hash);
	close(fd);
	if (ret < 0)
		return err_set(err, -ret, "cannot read %s: %s", path, strerror(-ret));
	return 0;
}

/*
 * The string of less than STRING_MAX bytes at file offset `at`, of which at most `size` bytes are
 * its own, or NULL. Not elf_rawfile(): it reads the whole file into memory.
 */
static char *string_at(int fd, uint64_t at, uint64_t size)
{
	char text[STRING_MAX];
	ssize_t n = at > INT64_MAX
			    ? -1
			    : pread(fd, text, size < STRING_MAX ? size : STRING_MAX, (off_t)at);

	if (n <= 0 || !memchr(text, '\0', (size_t)n))
		return NULL;
	return alloc_check(strdup(text));
}

/* File offset of the link-time address `vaddr`, UINT64_MAX when no segment holds it. */
static uint64_t file_offset(Elf *elf, size_t n_segments, uint64_t vaddr)
{
	GElf_Phdr phdr;
	size_t i;

	for (i = 0; i < n_segments; i++)
		if (gelf_getphdr(elf, (int)i, &phdr) && phdr.p_type == PT_LOAD &&
		    vaddr >= phdr.p_vaddr && vaddr - phdr.p_vaddr < phdr.p_filesz)
			return phdr.p_offset + (vaddr - phdr.p_vaddr);
	return UINT64_MAX;
}

static bool starts_with(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}

static void note_needed(struct elf_info *info, char *name)
{
	const char *base = strrchr(name, '/');

	base = base ? base + 1 : name;
	if (starts_with(base, "libasan.so") || starts_with(base, "libclang_rt.asan"))
		info->needs_asan = true;
	if (starts_with(base, "libtsan.so") || starts_with(base, "libclang_rt.tsan"))
		info->needs_tsan = true;
	if (starts_with(base, "libgomp.so") || starts_with(base, "libomp.so") ||
	    starts_with(base, "libiomp5.so"))
		info->needs_openmp = true;
	info->needed =
		alloc_check(realloc(info->needed, (info->n_needed + 1) * sizeof(*info->needed)));
	info->needed[info->n_needed++] = name;
}

/*
 * By program headers, because section headers may have been stripped, and because ld.so goes the
 * same way.
 */
static void read_dynamic(Elf *elf, int fd, size_t n_segments, const GElf_Phdr *dynamic,
			 struct elf_info *info)
{
	size_t entry_size = gelf_fsize(elf, ELF_T_DYN, 1, EV_CURRENT);
	Elf_Data *data =
		elf_getdata_rawchunk(elf, (int64_t)dynamic->p_offset, dynamic->p_filesz, ELF_T_DYN);
	uint64_t strings = UINT64_MAX, strings_size = 0, flags_1 = 0;
	GElf_Dyn dyn;
	size_t i, n;
	char *name;

	if (!data || !entry_size)
		return;
	n = data->d_size / entry_size;
	for (i = 0; i < n && gelf_getdyn(data, (int)i, &dyn) && dyn.d_tag != DT_NULL; i++) {
		if (dyn.d_tag == DT_STRTAB)
			strings = file_offset(elf, n_segments, dyn.d_un.d_ptr);
		else if (dyn.d_tag == DT_STRSZ)
			strings_size = dyn.d_un.d_val;
		else if (dyn.d_tag == DT_FLAGS_1)
			flags_1 = dyn.d_un.d_val;
	}
	if (flags_1 & DF_1_PIE)
		info->is_pie = true;
	if (strings == UINT64_MAX)
		return;
	for (i = 0; i < n && gelf_getdyn(data, (int)i, &dyn) && dyn.d_tag != DT_NULL; i++) {
		if (dyn.d_tag != DT_NEEDED || dyn.d_un.d_val >= strings_size ||
		    info->n_needed == NEEDED_MAX)
			continue;
		name = string_at(fd, strings + dyn.d_un.d_val, strings_size - dyn.d_un.d_val);
		if (name)
			note_needed(info, name);
	}
}

static bool is_go_note(Elf *elf, const GElf_Phdr *phdr)
{
	Elf_Data *data =
		elf_getdata_rawchunk(elf, (int64_t)phdr->p_offset, phdr->p_filesz, ELF_T_NHDR);
	size_t at = 0, name_at, desc_at;
	GElf_Nhdr note;

	while (data && (at = gelf_getnote(data, at, &note, &name_at, &desc_at)) > 0)
		if (note.n_namesz == 4 && memcmp((char *)data->d_buf + name_at, "Go", 3) == 0)
			return true;
	return false;
}

static void read_segments(Elf *elf, int fd, struct elf_info *info)
{
	size_t n_segments, i;
	GElf_Phdr phdr;

	if (elf_getphdrnum(elf, &n_segments) < 0)
		return;
	for (i = 0; i < n_segments; i++) {
		if (!gelf_getphdr(elf, (int)i, &phdr))
			continue;
		if (phdr.p_type == PT_INTERP && !info->interpreter) {
			info->is_dynamic = true;
			info->interpreter = string_at(fd, phdr.p_offset, phdr.p_filesz);
		} else if (phdr.p_type == PT_DYNAMIC) {
			read_dynamic(elf, fd, n_segments, &phdr, info);
		} else if (phdr.p_type == PT_NOTE && is_go_note(elf, &phdr)) {
			info->is_go = true;
		}
	}
}

/* True when the table defines one of the names; sets what it finds. */
static void read_symbols(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct elf_info *info)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t entry_size = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
	const char *name;
	GElf_Sym symbol;
	size_t i, n;

	if (!data || !entry_size)
		return;
	n = data->d_size / entry_size;
	for (i = 1; i < n && gelf_getsym(data, (int)i, &symbol); i++) {
		if (symbol.st_shndx == SHN_UNDEF || GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (!name || name[0] != '_')
			continue;
		if (strcmp(name, "__asan_init") == 0)
			info->defines_asan = true;
		else if (strcmp(name, "__tsan_init") == 0)
			info->defines_tsan = true;
	}
}

static void read_sections(Elf *elf, struct elf_info *info)
{
	Elf_Scn *section = NULL;
	size_t names;
	const char *name;
	GElf_Shdr header;

	if (elf_getshdrstrndx(elf, &names) < 0)
		names = 0;
	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM)
			read_symbols(elf, section, &header, info);
		name = names ? elf_strptr(elf, names, header.sh_name) : NULL;
		if (name && (strcmp(name, ".go.buildinfo") == 0 || strcmp(name, ".note.go."
										"buildid") == 0))
			info->is_go = true;
	}
}

static void read_build_id(Elf *elf, char hex[ELF_BUILD_ID_HEX])
{
	const unsigned char *id;
	const void *found;
	ssize_t length = dwelf_elf_gnu_build_id(elf, &found), i;

	hex[0] = '\0';
	if (length <= 0 || length > (ELF_BUILD_ID_HEX - 1) / 2)
		return;
	id = found;
	for (i = 0; i < length; i++)
		sprintf(hex + 2 * i, "%02x", id[i]);
}

static void read_elf(int fd, struct elf_info *info)
{
	GElf_Ehdr header;
	Elf *elf;

	elf_version(EV_CURRENT);
	/* Not mmap: a file that is rewritten while we look must not end us with SIGBUS. */
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header)) {
		info->is_elf = true;
		info->is_x86_64 = header.e_machine == EM_X86_64 &&
				  header.e_ident[EI_CLASS] == ELFCLASS64 &&
				  header.e_ident[EI_DATA] == ELFDATA2LSB;
		info->is_program = header.e_type == ET_EXEC || header.e_type == ET_DYN;
		read_segments(elf, fd, info);
		if (header.e_type != ET_DYN)
			info->is_pie = false;
		else if (info->is_dynamic)
			info->is_pie = true;
		read_sections(elf, info);
		read_build_id(elf, info->build_id);
	}
	elf_end(elf);
}

/*
 * Secure execution, see "AT_SECURE" in ld.so(8) and execve(2): the effective ids change by the
 * exec, or capabilities are gained. A set-user-id bit that is the user's own, or on a nosuid mount,
 * has no effect.
 */
static void read_privileges(int fd, const struct stat *st, struct elf_info *info)
{
	struct statvfs mount;

	info->is_setuid = st->st_mode & S_ISUID;
	info->is_setgid = (st->st_mode & S_ISGID) && (st->st_mode & S_IXGRP);
	info->has_capabilities = fgetxattr(fd, "security.capability", NULL, 0) > 0;
	if (fstatvfs(fd, &mount) == 0 && (mount.f_flag & ST_NOSUID))
		return;
	info->is_secure = (info->is_setuid && st->st_uid != getuid()) ||
			  (info->is_setgid && st->st_gid != getgid()) ||
			  (info->has_capabilities && getuid() != 0);
}

int elf_build_id(const char *path, char hex[ELF_BUILD_ID_HEX], struct err *err)
{
	struct stat st;
	int fd = open_regular(path, &st, err);
	Elf *elf;

	hex[0] = '\0';
	if (fd < 0)
		return fd;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf)
		read_build_id(elf, hex);
	elf_end(elf);
	close(fd);
	return 0;
}

/* One file of the chain. Returns 1 when it is a script and `next` has its interpreter. */
static int inspect_one(const char *path, struct elf_info *info, bool first, struct err *err)
{
	struct elf_script *script;
	char head[PROGRAM_HEAD];
	struct stat st;
	uint64_t hash;
	ssize_t n;
	int fd = open_regular(path, &st, err);
	int ret;

	if (fd < 0)
		return fd;
	ret = hash_fd(fd, &hash);
	n = ret < 0 ? ret : pread(fd, head, sizeof(head), 0);
	if (n < 0) {
		close(fd);
		ret = ret < 0 ? ret : -EIO;
		return err_set(err, -ret, "cannot read %s: %s", path, strerror(-ret));
	}
	if (first) {
		info->hash = hash;
		info->size = (uint64_t)st.st_size;
	}
	script = info->scripts < ELF_SCRIPT_LEVELS ? &info->script[info->scripts] : NULL;
	ret = program_parse_script(head, (size_t)n, script ? &script->interpreter : NULL,
				   script ? &script->argument : NULL);
	if (ret == 1 && !script) {
		close(fd);
		return err_set(err, ELOOP, "%s: more than %d interpreters in a row", path,
			       ELF_SCRIPT_LEVELS);
	}
	if (ret == 1) {
		info->scripts++;
	} else {
		info->elf_hash = hash;
		info->elf_path = alloc_check(strdup(path));
		read_elf(fd, info);
		read_privileges(fd, &st, info);
	}
	close(fd);
	return ret;
}

int elf_inspect(const char *path, struct elf_info *info, struct err *err)
{
	const struct elf_script *script;
	const char *name = path;
	int ret;

	memset(info, 0, sizeof(*info));
	while ((ret = inspect_one(name, info, name == path, err)) == 1)
		name = info->script[info->scripts - 1].interpreter;
	if (ret == 0 && info->scripts) {
		script = &info->script[info->scripts - 1];
		info->env_program = program_env_name(script->interpreter, script->argument);
	}
	if (ret < 0)
		elf_info_fini(info);
	return ret;
}

void elf_info_fini(struct elf_info *info)
{
	size_t i;

	for (i = 0; i < info->n_needed; i++)
		free(info->needed[i]);
	for (i = 0; i < ELF_SCRIPT_LEVELS; i++) {
		free(info->script[i].interpreter);
		free(info->script[i].argument);
	}
	free(info->needed);
	free(info->interpreter);
	free(info->elf_path);
	free(info->env_program);
	memset(info, 0, sizeof(*info));
}
