/*
 * recorder/symbols.h against programs compiled here: what a reader is told about places in them,
 * and what is refused. Places are labels in the source, read back with nm(1).
 */
#include "recorder/symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/demangle.h"
#include "recorder/elf.h"
#include "recorder/symbols_user.h"
#include "tests/unit/scratch.h"

/* Line numbers below count from the first line of these texts. */
static const char c_source[] = "#include <pthread.h>\n"
			       "#include <stdio.h>\n"
			       "#define MARK(name) __asm__ volatile(\".globl mark_\" #name "
			       "\"\\nmark_\" #name \": nop\")\n"
			       "struct account { long id; pthread_mutex_t lock; long balance;\n"
			       "	union { int cents; char raw[4]; }; struct { int x, y; } "
			       "pos[2]; };\n"
			       "struct account accounts[4] = {{.id = 1}};\n"
			       "struct { struct account first; int grid[3][5]; char tail; } "
			       "bank = {.tail = 1};\n"
			       "static long total = 7;\n"
			       "__attribute__((noinline)) long next_id(void)\n"
			       "{\n"
			       "	static long counter = 5;\n"
			       "	MARK(next_id);\n"
			       "	return ++counter + bank.tail++;\n"
			       "}\n"
			       "static inline __attribute__((always_inline)) void inner(int i)\n"
			       "{\n"
			       "	accounts[i].balance++;\n"
			       "	MARK(inner);\n"
			       "}\n"
			       "static inline __attribute__((always_inline)) void outer(int i)\n"
			       "{\n"
			       "	inner(i + 1);\n"
			       "	total += i;\n"
			       "}\n"
			       "__attribute__((noinline, noreturn)) void leave(long n)\n"
			       "{\n"
			       "	MARK(leave);\n"
			       "	for (;;)\n"
			       "		printf(\"%ld\\n\", n);\n"
			       "}\n"
			       "__attribute__((noinline)) void deposit(int i)\n"
			       "{\n"
			       "	outer(i);\n"
			       "	if (i > 100)\n"
			       "		leave(total);\n"
			       "}\n"
			       "__attribute__((noinline)) void last_call(void)\n"
			       "{\n"
			       "	leave(3);\n"
			       "}\n"
			       "void after_last_call(void)\n"
			       "{\n"
			       "}\n"
			       "int main(int argc, char **argv)\n"
			       "{\n"
			       "	(void)argv;\n"
			       "	deposit(argc);\n"
			       "	if (argc > 1000)\n"
			       "		last_call();\n"
			       "	return next_id() > 9;\n"
			       "}\n";

static const char cxx_source[] = "#include <array>\n"
				 "#include <atomic>\n"
				 "#include <mutex>\n"
				 "#include <vector>\n"
				 "#include <time.h>\n"
				 "#define MARK(name) __asm__ volatile(\".globl mark_\" #name "
				 "\"\\nmark_\" #name \": nop\")\n"
				 "namespace acme {\n"
				 "struct Account { long id; std::mutex lock; long balance; };\n"
				 "struct Base { long base; };\n"
				 "class Bank : public Base {\n"
				 "public:\n"
				 "	static std::mutex lock;\n"
				 "	static long total;\n"
				 "	Account accounts[2];\n"
				 "	std::array<Account, 3> more;\n"
				 "	std::array<int, 4> counts;\n"
				 "	std::vector<int> list;\n"
				 "	struct timespec when;\n"
				 "	void deposit(int i, long n);\n"
				 "	template <class T> __attribute__((noinline)) T get(T x) { "
				 "MARK(get); return x; }\n"
				 "};\n"
				 "std::mutex Bank::lock;\n"
				 "long Bank::total = 3;\n"
				 "namespace { Bank hidden; }\n"
				 "Bank bank;\n"
				 "std::atomic<long> hits{1};\n"
				 "__attribute__((noinline)) void Bank::deposit(int i, long n)\n"
				 "{\n"
				 "	std::lock_guard<std::mutex> guard(accounts[i].lock);\n"
				 "	accounts[i].balance += n + hidden.when.tv_nsec;\n"
				 "	auto add = [&](long k) { total += k; MARK(lambda); };\n"
				 "	add(n);\n"
				 "}\n"
				 "}\n"
				 "int main(int argc, char **)\n"
				 "{\n"
				 "	static int runs;\n"
				 "	acme::bank.deposit(argc, ++runs);\n"
				 "	return acme::bank.get(argc) + acme::hits > 99;\n"
				 "}\n";

static int set_up(void **state)
{
	(void)state;
	scratch_text("bank.c", c_source);
	scratch_text("bank.cc", cxx_source);
	return 0;
}

/* Address of a symbol in a compiled file; the test fails when there is none. */
static uint64_t address_of(const char *file, const char *symbol)
{
	char command[600], line[256];
	uint64_t address = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "nm %s | awk '$3 == \"%s\" { print $1 }'",
		 scratch_path(file), symbol);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	if (fgets(line, sizeof(line), pipe))
		address = strtoull(line, NULL, 16);
	pclose(pipe);
	if (!address)
		fail_msg("no symbol %s in %s", symbol, file);
	return address;
}

static struct symbols *open_file(const char *file)
{
	struct symbols *s = symbols_new();

	assert_int_equal(symbols_module(s, 3, scratch_path(file), NULL), 0);
	return s;
}

static struct symbol_location at(struct symbols *s, uint64_t offset)
{
	struct symbol_location location;

	symbols_lookup(s, 3, offset, 0, &location);
	assert_int_equal(location.module, 3);
	assert_int_equal(location.offset, offset);
	assert_in_range(location.n_frames, 1, SYMBOLS_FRAMES_MAX);
	return location;
}

static void check_frame(const struct symbol_location *location, unsigned index,
			const char *function, const char *file, uint32_t line)
{
	const struct symbol_frame *frame = &location->frames[index];

	assert_true(index < location->n_frames);
	assert_non_null(frame->function);
	assert_string_equal(frame->function, function);
	assert_non_null(frame->file);
	assert_string_equal(frame->file, file);
	assert_int_equal(frame->line, line);
	assert_int_equal(frame->is_inlined, index + 1 < location->n_frames);
	assert_int_equal(frame->path[0], '/');
	assert_string_equal(frame->path, scratch_path(file));
	assert_string_equal(frame->comp_dir, scratch_dir());
}

static void check_data(struct symbols *s, uint64_t offset, const char *expected)
{
	const char *name = symbols_data(s, 3, offset);

	if (!expected) {
		assert_null(name);
		return;
	}
	assert_non_null(name);
	assert_string_equal(name, expected);
}

/* Every way to lay out and describe the same C program gives the same answers. */
static void check_c_program(const char *file)
{
	struct symbols *s = open_file(file);
	struct symbol_location location = at(s, address_of(file, "mark_next_id"));
	uint64_t accounts = address_of(file, "accounts"), bank = address_of(file, "bank");

	check_frame(&location, location.n_frames - 1, "next_id", "bank.c", 12);
	assert_int_equal(location.n_frames, 1);
	assert_string_equal(location.symbol, "next_id");
	assert_null(location.reason);
	assert_true(symbols_is_user(s, 3, &location));
	assert_int_equal(symbols_user_frame(s, &location), 0);

	location = at(s, address_of(file, "mark_inner"));
	assert_int_equal(location.n_frames, 3);
	check_frame(&location, 0, "inner", "bank.c", 18);
	check_frame(&location, 1, "outer", "bank.c", 22);
	check_frame(&location, 2, "deposit", "bank.c", 33);

	check_data(s, accounts, "accounts[0].id");
	check_data(s, accounts + 80 * 3 + 8, "accounts[3].lock");
	check_data(s, accounts + 80 * 3 + 8 + 16, "accounts[3].lock+0x10");
	check_data(s, accounts + 80 * 2 + 48, "accounts[2].balance");
	check_data(s, accounts + 80 * 2 + 50, "accounts[2].balance+0x2");
	check_data(s, accounts + 80 + 56, "accounts[1].cents");
	check_data(s, accounts + 80 + 60 + 12, "accounts[1].pos[1].y");
	check_data(s, accounts + 80 + 76, "accounts[1]+0x4c");
	check_data(s, bank + 8, "bank.first.lock");
	check_data(s, bank + 80 + 4 * 7, "bank.grid[1][2]");
	check_data(s, bank + 80 + 60, "bank.tail");
	symbols_free(s);
}

static void test_c(void **state)
{
	static const char *const flags[] = {
		"-O0 -pie -fPIE",
		"-O0 -no-pie",
		"-O2 -pie -fPIE",
		"-O2 -no-pie",
		"-O2 -gdwarf-2",
		"-O2 -gdwarf-3",
		"-O2 -gdwarf-4",
		"-O2 -gdwarf-5",
		"-O0 -gsplit-dwarf",
		"-O2 -gdwarf-4 -gsplit-dwarf",
		"-O2 -gdwarf-4 -fdebug-types-section",
		"-O2 -gz=zlib",
		"-O2 -flto",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		print_message("flags %s\n", flags[i]);
		scratch_run("rm -f *.dwo && gcc -g %s bank.c -o bank", flags[i]);
		check_c_program("bank");
	}
}

static void test_cxx(void **state)
{
	static const char *const flags[] = { "-O0", "-O2", "-O2 -gdwarf-4", "-O2 -gsplit-dwarf",
					     "-O2 -no-pie" };
	struct symbol_location location;
	const struct symbol_frame *frame;
	struct symbols *s;
	uint64_t bank, lock;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		print_message("flags %s\n", flags[i]);
		scratch_run("rm -f *.dwo && g++ -std=c++17 -g %s bank.cc -o cxx", flags[i]);
		s = open_file("cxx");
		bank = address_of("cxx", "_ZN4acme4bankE");
		check_data(s, bank, "acme::bank.base");
		check_data(s, bank + 8 + 64, "acme::bank.accounts[1].lock");
		check_data(s, bank + 8 + 64 + 40, "acme::bank.accounts[1].balance");
		check_data(s, bank + 120 + 56 * 2, "acme::bank.more[2].id");
		check_data(s, bank + 120 + 56 * 2 + 8, "acme::bank.more[2].lock");
		check_data(s, bank + 288 + 12, "acme::bank.counts[3]");
		check_data(s, bank + 304, "acme::bank.list");
		check_data(s, bank + 312, "acme::bank.list+0x8");
		check_data(s, bank + 328 + 8, "acme::bank.when.tv_nsec");
		check_data(s, address_of("cxx", "_ZN4acme12_GLOBAL__N_16hiddenE") + 336,
			   "acme::(anonymous namespace)::hidden.when.tv_nsec");
		check_data(s, address_of("cxx", "_ZN4acme4Bank4lockE"), "acme::Bank::lock");
		check_data(s, address_of("cxx", "_ZN4acme4Bank5totalE"), "acme::Bank::total");
		check_data(s, address_of("cxx", "_ZN4acme4hitsE"), "acme::hits");
		check_data(s, address_of("cxx", "_ZZ4mainE4runs"), "main::runs");

		location = at(s, address_of("cxx", "mark_get"));
		check_frame(&location, 0, "acme::Bank::get<int>", "bank.cc", 20);

		location = at(s, address_of("cxx", "mark_lambda"));
		frame = &location.frames[0];
		assert_string_equal(frame->function, "acme::Bank::deposit::{lambda}");
		assert_int_equal(frame->line, 31);
		if (location.n_frames == 2)
			check_frame(&location, 1, "acme::Bank::deposit", "bank.cc", 32);

		/* At -O0 std::mutex::lock is a function, above it is inlined in deposit. */
		lock = address_of("cxx", strstr(flags[i], "-O0") ? "_ZNSt5mutex4lockEv"
								 : "_ZN4acme4Bank7depositEil");
		location = at(s, lock);
		frame = &location.frames[0];
		assert_string_equal(frame->function,
				    strstr(flags[i], "-O0") ? "std::mutex::lock" : frame->function);
		if (strstr(flags[i], "-O0")) {
			assert_int_equal(symbols_user_frame(s, &location), -1);
			assert_false(symbols_is_user(s, 3, &location));
		}
		symbols_free(s);
	}
}

/*
 * The call of pthread_mutex_lock in optimised code: three inlined functions of the C++ library, and
 * the user's behind them.
 */
static void test_user_frame(void **state)
{
	struct symbol_location location;
	struct symbols *s;
	char line[256];
	uint64_t address;
	FILE *pipe;
	int user;

	(void)state;
	scratch_run("g++ -std=c++17 -g -O2 bank.cc -o cxx && objdump -d --no-show-raw-insn cxx |"
		    " awk '/<_ZN4acme4Bank7depositEil>:/ { on = 1 }"
		    " on && /call.*pthread_mutex_lock@plt/ { getline; print $1; exit }' > call");
	pipe = fopen(scratch_path("call"), "re");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	fclose(pipe);
	address = strtoull(line, NULL, 16);
	assert_int_not_equal(address, 0);
	s = open_file("cxx");
	symbols_lookup(s, 3, address, SYMBOLS_RETURN_ADDRESS, &location);
	assert_string_equal(location.frames[0].function, "__gthread_mutex_lock");
	assert_true(symbols_is_system_path(location.frames[0].path));
	user = symbols_user_frame(s, &location);
	assert_true(user >= 2);
	assert_int_equal(user, (int)location.n_frames - 1);
	assert_string_equal(location.frames[user].function, "acme::Bank::deposit");
	assert_int_equal(location.frames[user].line, 29);
	assert_string_equal(location.frames[user].file, "bank.cc");
	symbols_free(s);
}

static void test_clang(void **state)
{
	struct symbol_location location;
	struct symbols *s;

	(void)state;
	if (scratch_try("clang --version") != 0)
		skip();
	scratch_run("clang -g -O1 bank.c -o bank");
	check_c_program("bank");
	/* No .debug_aranges, units with relocated paths. */
	scratch_run("clang++ -std=c++17 -g -O0 bank.cc -o cxx");
	s = open_file("cxx");
	location = at(s, address_of("cxx", "_ZNSt5mutex4lockEv"));
	assert_string_equal(location.frames[0].function, "std::mutex::lock");
	assert_int_equal(symbols_user_frame(s, &location), -1);
	symbols_free(s);
}

static void test_shared_library(void **state)
{
	(void)state;
	scratch_run("gcc -g -O2 -shared -fPIC bank.c -o bank.so");
	check_c_program("bank.so");
}

/* The call is the last instruction of last_call(): what is at the return address is not in it. */
static void test_return_address(void **state)
{
	struct symbol_location location;
	struct symbols *s;
	uint64_t after;

	(void)state;
	scratch_run("gcc -g -O2 -fno-reorder-functions -fno-toplevel-reorder -falign-functions=1"
		    " -fno-ipa-cp -fno-ipa-icf bank.c -o bank");
	s = open_file("bank");
	after = address_of("bank", "after_last_call");
	location = at(s, after);
	assert_string_equal(location.frames[0].function, "after_last_call");
	symbols_lookup(s, 3, after, SYMBOLS_RETURN_ADDRESS, &location);
	check_frame(&location, 0, "last_call", "bank.c", 39);
	assert_int_equal(location.offset, after);
	assert_string_equal(location.symbol, "last_call");
	assert_int_equal(location.symbol_offset, after - address_of("bank", "last_call"));
	location = at(s, after);
	assert_string_equal(location.frames[0].function, "after_last_call");
	symbols_free(s);
}

static void test_without_debug_info(void **state)
{
	struct symbol_location location;
	uint64_t mark, accounts, counter;
	struct symbols *s;

	(void)state;
	scratch_run("gcc -O0 bank.c -o bank");
	mark = address_of("bank", "mark_next_id");
	accounts = address_of("bank", "accounts");
	counter = address_of("bank", "counter.0");
	s = open_file("bank");
	location = at(s, mark);
	assert_string_equal(location.frames[0].function, "next_id");
	assert_null(location.frames[0].file);
	assert_int_equal(location.frames[0].line, 0);
	assert_string_equal(location.reason, "no debug information");
	assert_true(symbols_is_user(s, 3, &location));
	check_data(s, accounts, "accounts");
	check_data(s, accounts + 0x18, "accounts+0x18");
	check_data(s, counter, "counter");
	check_data(s, mark, NULL);
	symbols_free(s);

	scratch_run("strip -o bare bank");
	s = open_file("bare");
	location = at(s, mark);
	assert_null(location.frames[0].function);
	assert_null(location.symbol);
	assert_string_equal(location.module_name, "bare");
	assert_string_equal(location.reason, "no debug information and no symbol");
	assert_true(symbols_is_user(s, 3, &location));
	check_data(s, accounts, NULL);
	location = at(s, 1 << 30);
	assert_string_equal(location.reason, "the offset is outside of the file's sections");
	symbols_free(s);

	scratch_run("gcc -O0 -rdynamic bank.c -o bank && strip bank");
	s = open_file("bank");
	location = at(s, mark);
	assert_int_equal(location.n_frames, 1);
	symbols_free(s);
}

/* Exported names survive strip(1). */
static void test_dynamic_symbols(void **state)
{
	struct symbol_location location;
	uint64_t mark, accounts;
	struct symbols *s;

	(void)state;
	scratch_run("gcc -O0 -shared -fPIC bank.c -o bank.so");
	mark = address_of("bank.so", "mark_next_id");
	accounts = address_of("bank.so", "accounts");
	scratch_run("strip bank.so");
	s = open_file("bank.so");
	location = at(s, mark);
	assert_string_equal(location.symbol, "next_id");
	check_data(s, accounts + 8, "accounts+0x8");
	symbols_free(s);
}

static void check_separate(const char *file, uint64_t mark, uint64_t accounts, bool found)
{
	struct symbols *s = open_file(file);
	struct symbol_location location = at(s, mark);

	if (found) {
		check_frame(&location, 0, "next_id", "bank.c", 12);
		check_data(s, accounts + 8, "accounts[0].lock");
	} else {
		assert_int_equal(location.frames[0].line, 0);
		assert_non_null(location.reason);
		check_data(s, accounts + 8, NULL);
	}
	symbols_free(s);
}

static void test_separate_debug_file(void **state)
{
	static const char *const ids[] = { "sha1", "none" };
	uint64_t mark, accounts;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		scratch_run("gcc -g -O2 -Wl,--build-id=%s bank.c -o full && rm -rf .debug "
			    "bank.debug"
			    " && objcopy --only-keep-debug full bank.debug"
			    " && objcopy -S --add-gnu-debuglink=bank.debug full bank",
			    ids[i]);
		mark = address_of("full", "mark_next_id");
		accounts = address_of("full", "accounts");
		check_separate("bank", mark, accounts, true);
		scratch_run("mkdir .debug && mv bank.debug .debug/");
		check_separate("bank", mark, accounts, true);

		/* That of another build: by its build id, or by its checksum. */
		scratch_run("gcc -g -O1 -DOTHER=1 -Wl,--build-id=%s bank.c -o other"
			    " && objcopy --only-keep-debug other .debug/bank.debug",
			    ids[i]);
		check_separate("bank", mark, accounts, false);
		scratch_run("rm -r .debug");
		check_separate("bank", mark, accounts, false);
	}
}

static void test_identity(void **state)
{
	char identity[64], hex[ELF_BUILD_ID_HEX];
	struct symbol_location location;
	const char *path;
	struct symbols *s;
	uint64_t hash, mark;

	(void)state;
	scratch_run("gcc -g -O0 bank.c -o bank");
	path = scratch_path("bank");
	mark = address_of("bank", "mark_next_id");
	assert_int_equal(elf_build_id(path, hex, NULL), 0);
	assert_int_equal(strlen(hex), 40);
	assert_int_equal(elf_hash_file(path, &hash, NULL), 0);

	s = symbols_new();
	symbols_module(s, 3, path, hex);
	location = at(s, mark);
	check_frame(&location, 0, "next_id", "bank.c", 12);

	snprintf(identity, sizeof(identity), "xxh3:%016llx", (unsigned long long)hash);
	symbols_module(s, 3, path, identity);
	location = at(s, mark);
	check_frame(&location, 0, "next_id", "bank.c", 12);

	identity[20] ^= 1;
	symbols_module(s, 3, path, identity);
	location = at(s, mark);
	assert_null(location.frames[0].function);
	assert_non_null(strstr(location.reason, "changed since the recording"));
	check_data(s, address_of("bank", "accounts"), NULL);

	hex[5] ^= 1;
	symbols_module(s, 3, path, hex);
	location = at(s, mark);
	assert_null(location.frames[0].function);
	assert_null(location.symbol);
	assert_string_equal(location.module_name, "bank");
	assert_non_null(strstr(location.reason, hex));
	symbols_free(s);
}

static void test_missing(void **state)
{
	struct symbol_location location;
	struct symbols *s = open_file("gone");

	(void)state;
	location = at(s, 0x1234);
	assert_string_equal(location.module_name, "gone");
	assert_int_equal(location.n_frames, 1);
	assert_null(location.frames[0].function);
	assert_non_null(strstr(location.reason, "No such file"));
	check_data(s, 0x1234, NULL);

	symbols_lookup(s, 9, 0x1234, 0, &location);
	assert_string_equal(location.module_name, "?");
	assert_non_null(location.reason);
	assert_null(symbols_data(s, 9, 0x1234));
	assert_null(symbols_module_path(s, 9));
	assert_int_equal(symbols_user_frame(s, &location), -1);
	assert_true(symbols_module(s, SYMBOLS_MODULES_MAX, "x", NULL) < 0);

	/* Neither a FIFO nor a directory may block or confuse. */
	scratch_run("mkfifo fifo");
	symbols_module(s, 3, scratch_path("fifo"), NULL);
	location = at(s, 1);
	assert_non_null(location.reason);
	symbols_module(s, 3, scratch_dir(), NULL);
	location = at(s, 1);
	assert_non_null(location.reason);
	symbols_free(s);
}

/* Registering a module touches nothing: the file may come later. Answers stay when it goes. */
static void test_lazy(void **state)
{
	struct symbol_location location;
	struct symbols *s;
	uint64_t mark;

	(void)state;
	scratch_run("gcc -g -O0 bank.c -o bank && rm -f late");
	mark = address_of("bank", "mark_next_id");
	s = open_file("late");
	scratch_run("cp bank late");
	location = at(s, mark);
	check_frame(&location, 0, "next_id", "bank.c", 12);
	scratch_run("rm late");
	location = at(s, mark);
	check_frame(&location, 0, "next_id", "bank.c", 12);
	/* The same once more keeps what is open. */
	assert_int_equal(symbols_module(s, 3, scratch_path("late"), NULL), 0);
	location = at(s, address_of("bank", "main"));
	check_frame(&location, 0, "main", "bank.c", 45);
	symbols_free(s);
}

/* Paths below a system directory stay whole, so that whoever sees them can tell. */
static void test_system_source(void **state)
{
	struct symbol_location location;
	struct symbols *s;

	(void)state;
	scratch_run("gcc -g -O0 -fdebug-prefix-map=%s=/rustc/0123/library bank.c -o bank",
		    scratch_dir());
	s = open_file("bank");
	location = at(s, address_of("bank", "mark_next_id"));
	assert_string_equal(location.frames[0].file, "/rustc/0123/library/bank.c");
	assert_string_equal(location.frames[0].comp_dir, "/rustc/0123/library");
	assert_int_equal(symbols_user_frame(s, &location), -1);
	symbols_free(s);
}

/* Of a system library only the symbol table is read, though this one has debug information. */
static void test_system_library(void **state)
{
	struct symbol_location location;
	struct symbols *s;

	(void)state;
	scratch_run("gcc -g -O0 -shared -fPIC bank.c -o libc.so.6");
	s = open_file("libc.so.6");
	location = at(s, address_of("libc.so.6", "mark_next_id"));
	assert_string_equal(location.frames[0].function, "next_id");
	assert_int_equal(location.frames[0].line, 0);
	assert_non_null(strstr(location.reason, "system library"));
	assert_false(symbols_is_user_module(s, 3));
	assert_false(symbols_is_user(s, 3, &location));
	symbols_free(s);
}

static void test_start_code(void **state)
{
	struct symbol_location location;
	struct symbols *s;
	char line[64];
	FILE *file;

	(void)state;
	scratch_run("gcc -g -O0 bank.c -o bank && readelf -SW bank |"
		    " awk '{ for (i = 1; i < NF; i++) if ($i == \".plt\") print $(i + 2) }' > plt");
	s = open_file("bank");
	location = at(s, address_of("bank", "_start"));
	assert_false(symbols_is_user(s, 3, &location));
	location = at(s, address_of("bank", "frame_dummy"));
	assert_false(symbols_is_user(s, 3, &location));
	location = at(s, address_of("bank", "main"));
	assert_true(symbols_is_user(s, 3, &location));
	file = fopen(scratch_path("plt"), "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	location = at(s, strtoull(line, NULL, 16) + 4);
	assert_false(symbols_is_user(s, 3, &location));
	symbols_free(s);
}

static void test_policy(void **state)
{
	static const struct {
		const char *path;
		bool is_system;
	} paths[] = {
		{ "/usr/include/c++/12/bits/std_mutex.h", true },
		{ "/usr/include/x86_64-linux-gnu/bits/stdio2.h", true },
		{ "/usr/bin/../lib/gcc/x86_64-linux-gnu/12/../../../../include/c++/12/mutex",
		  true },
		{ "/usr/lib/gcc/x86_64-linux-gnu/12/include/emmintrin.h", true },
		{ "/opt/gcc-13/include/c++/13.1.0/mutex", true },
		{ "/rustc/0123abcd/library/std/src/sync/mutex.rs", true },
		{ "/home/me/.rustup/toolchains/x/lib/rustlib/src/rust/library/core/src/mem.rs",
		  true },
		{ "/home/me/usr/include/bank.h", false },
		{ "/usr/src/bank/bank.c", false },
		{ "bank.c", false },
	};
	static const struct {
		const char *name;
		bool is_system;
	} modules[] = {
		{ "libc.so.6", true },
		{ "libc-2.31.so", true },
		{ "libcrypto.so.3", false },
		{ "ld-linux-x86-64.so.2", true },
		{ "libstdc++.so.6.0.30", true },
		{ "libm.so.6", true },
		{ "libmine.so", false },
		{ "libtsan.so.2", true },
		{ "libclang_rt.asan-x86_64.so", true },
		{ "libfrontrun.so", true },
		{ "libfrontrun-python3.11.so", true },
		{ "libpthread.so.0", true },
		{ "libgomp.so.1", true },
		{ "libc", true },
		{ "ld", true },
		{ "python3.11", false },
		{ "libcounter.so", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (symbols_is_system_path(paths[i].path) != paths[i].is_system)
			fail_msg("%s", paths[i].path);
	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (symbols_is_system_module(modules[i].name) != modules[i].is_system)
			fail_msg("%s", modules[i].name);
	assert_true(symbols_is_runtime_function("__interceptor_pthread_create"));
	assert_true(symbols_is_runtime_function("_start"));
	assert_false(symbols_is_runtime_function("start"));
	assert_false(symbols_is_runtime_function("main"));
}

static void test_demangle(void **state)
{
	static const struct {
		const char *symbol, *function;
	} functions[] = {
		{ "deposit", "deposit" },
		{ "deposit.part.0", "deposit" },
		{ "deposit.constprop.0.cold", "deposit" },
		{ "realpath@@GLIBC_2.3", "realpath" },
		{ "_ZN4Bank7depositEi", "Bank::deposit" },
		{ "_ZNK4Bank3getEv", "Bank::get" },
		{ "_Z3maxIiET_S0_S0_", "max<int>" },
		{ "_ZN4BankclEi", "Bank::operator()" },
		{ "_ZlsRSoRK4Bank", "operator<<" },
		{ "_ZN4BankcviEv", "Bank::operator int" },
		{ "_ZNSt5mutex4lockEv", "std::mutex::lock" },
		{ "_ZN12_GLOBAL__N_14workEv", "(anonymous namespace)::work" },
		{ "_ZN4Bank7depositEi.cold", "Bank::deposit" },
		{ "_Z", "_Z" },
		{ "_ZN4Bank", "_ZN4Bank" },
		{ "", "" },
		{ ".hidden", ".hidden" },
		{ "_ZN1x4main17h2790c4996fa9a298E", "x::main" },
		{ "_ZN4core3ptr85drop_in_place$LT$std..rt..lang_start$LT$$LP$$RP$$GT$..$u7b$$u7b$"
		  "closure$u7d$$u7d$$GT$17h0123456789abcdefE",
		  "core::ptr::drop_in_place<std::rt::lang_start<()>::{{closure}}>" },
		{ "_ZN55_$LT$bank..Account$u20$as$u20$core..ops..drop..Drop$GT$"
		  "4drop17h0123456789abcde"
		  "fE",
		  "<bank::Account as core::ops::drop::Drop>::drop" },
	};
	size_t i;
	char *name;

	(void)state;
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		name = demangle_function(functions[i].symbol);
		assert_string_equal(name, functions[i].function);
		free(name);
	}
	name = demangle_data("_ZN4Bank5totalE");
	assert_string_equal(name, "Bank::total");
	free(name);
	name = demangle_data("_ZZL7next_idvE7counter");
	assert_string_equal(name, "next_id()::counter");
	free(name);
}

/* libdw would read on behind a table of strings that does not end. */
static void test_endless_string(void **state)
{
	struct symbol_location location;
	struct symbols *s;

	(void)state;
	scratch_run("gcc -g -O0 -gdwarf-5 bank.c -o bank"
		    " && objcopy --dump-section .debug_line_str=strings bank"
		    " && truncate -s -1 strings"
		    " && objcopy --update-section .debug_line_str=strings bank cut");
	s = open_file("cut");
	location = at(s, address_of("bank", "mark_next_id"));
	assert_string_equal(location.reason, "the debug information is damaged");
	assert_string_equal(location.frames[0].function, "next_id");
	check_data(s, address_of("bank", "accounts") + 8, "accounts+0x8");
	symbols_free(s);
}

/* Asks about every 32nd byte of the damaged file, as far as the sound one reached. */
static void ask_everything(const char *path, uint64_t end)
{
	struct symbols *s = symbols_new();
	struct symbol_location location;
	uint64_t offset;

	symbols_module(s, 3, path, NULL);
	for (offset = 0; offset < end; offset += 32) {
		location = at(s, offset);
		symbols_user_frame(s, &location);
		symbols_data(s, 3, offset);
	}
	symbols_free(s);
}

static void test_damaged(void **state)
{
	unsigned char *bytes, *copy;
	size_t size, cut, i, j;
	uint64_t seed = 7;

	(void)state;
	scratch_run("gcc -g -O2 bank.c -o bank");
	bytes = scratch_read("bank", &size);
	copy = malloc(size);
	assert_non_null(copy);
	for (cut = 0; cut < size; cut += cut < 64 ? 1 : 601)
		ask_everything(scratch_bytes("cut", bytes, cut, 0644), 0x4200);
	for (i = 0; i < 150; i++) {
		memcpy(copy, bytes, size);
		for (j = 0; j < 1 + i % 16; j++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			/* Debug information and section headers are the second half. */
			copy[size / 2 + (seed >> 33) % (size / 2)] = (unsigned char)(seed >> 24);
		}
		ask_everything(scratch_bytes("cut", copy, size, 0644), 0x4200);
	}
	free(copy);
	free(bytes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_c),
		cmocka_unit_test(test_cxx),
		cmocka_unit_test(test_user_frame),
		cmocka_unit_test(test_clang),
		cmocka_unit_test(test_shared_library),
		cmocka_unit_test(test_return_address),
		cmocka_unit_test(test_without_debug_info),
		cmocka_unit_test(test_dynamic_symbols),
		cmocka_unit_test(test_separate_debug_file),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_lazy),
		cmocka_unit_test(test_system_source),
		cmocka_unit_test(test_system_library),
		cmocka_unit_test(test_start_code),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_demangle),
		cmocka_unit_test(test_endless_string),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
