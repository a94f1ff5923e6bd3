#!/bin/bash
# Input in a trace, as people see it: info and show --io, what --redact leaves of it, and that a
# replay takes what is there.
. "$(dirname "$0")/../lib.sh"

cat >reads.c <<'END'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *reads(void *name)
{
	char line[64] = "";
	FILE *file = fopen(name, "r");

	if (file && fgets(line, sizeof line, file))
		printf("%s", line);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	pthread_create(&thread, NULL, reads, "credentials");
	pthread_join(thread, NULL);
	reads("notes");
	fprintf(stderr, "argument %s, variable %s\n", argc > 1 ? argv[1] : "", getenv("LOGIN_TOKEN"));
	return 0;
}
END
${CC:-gcc} -g -o reads reads.c -pthread
echo 'user=bob password=hunter2 host=h' >credentials
echo 'nothing special' >notes
export LOGIN_TOKEN=zork77

#
# info and show
#
fr record -o plain.zst ./reads
is "record: status" "$status" 0
is "record: its output" "$out" "$(cat credentials notes)"
fr info plain.zst
is "info: status" "$status" 0
like "info: files and how much came in" "$out" '^ +33 credentials$'
like "info: calls by name" "$out" '^ +[0-9]+ read, [0-9,]+ bytes$'
like "info: which contents are in it" "$out" '^  contents of files: credentials notes$'
like "info: what looks like a password" "$out" '^  what looks like keys and passwords: [0-9]+ passwords$'
unlike "info: but not the password" "$out" 'hunter2'
is "info --json: kept" "$(info plain.zst input.kept)" true
is "info --json: hermetic" "$(info plain.zst input.hermetic)" true
is "info --json: bytes of a file" "$(info plain.zst 'input.files[] | select(.name == "notes") | .in')" 16
ok "info --json: passwords are counted" [ "$(info plain.zst input.secrets.password)" -gt 0 ]
fr show --io plain.zst
like "show --io: in the thread's column" "$out" '^ +T2 reads +\| read\(3, 4096\) = 33 "user=bob password=hunter2 host=h\\n"$'
like "show --io: a file by name" "$out" '^ +T2 reads +\| openat\("credentials"\) = 3$'
unlike "show --io: not what only frontrun asked" "$out" 'readlink'
fr show plain.zst
unlike "show: without" "$out" 'openat\('
fr record --no-input -o none.zst ./reads
fr info none.zst
like "info: no input in the trace" "$out" '^Input is not in the trace'

#
# children
#
fr record -o children.zst sh -c 'echo one two | tr a-z A-Z; (exit 3); ls -d /; exec false'
is "children: status" "$status" 1
fr info --json children.zst
is "children: who ran what" \
	"$(jq -r '.input.children | sort_by(.command) | .[] | "\(.command):\(.of):\(.printed):\(.wait_status)"' <<<"$out" | grep -v '^:')" \
	"$(printf '%s\n' 'ls -d /:0:2:0' 'tr a-z A-Z:0:8:0')"
is "children: one that ran nothing" "$(jq -r '.input.children[] | select(.wait_status == 768) | .command' <<<"$out")" ""
fr info children.zst
like "info: children" "$out" '^Child processes, by number; a replay does not run them$'
like "info: a child" "$out" '^ +[0-9]+ tr a-z A-Z, 8 bytes printed, exit status 0$'
like "info: privacy" "$out" '^  the command lines of child processes: 2$'
fr show --io children.zst
like "show --io: a child comes to be" "$out" 'T0 +\| child [1-4] is forked: [0-9]+$'
like "show --io: what it runs" "$out" 'T0 +\| child [1-4] runs tr a-z A-Z$'
fr replay children.zst
is "children: replayed" "$status" 1
is "children: what they printed" "$out" "$(printf 'ONE TWO\n/')"

echo 'int puts(const char *); int main(void) { return puts("of a static program") < 0; }' | gcc -static -o static -x c -
echo 'echo of a text' >text
chmod +x text
fr record -o static.zst sh -c './text; exit 0'
is "children: a text that a shell runs is seen" "$(info static.zst input.children[0].seen)" true
unlike "children: a text that a shell runs: no note" "$err" uncontrolled
fr record -o static.zst sh -c './static; exit 0'
like "children: a static one is said to be none of ours" "$err" \
	'^frontrun: uncontrolled: a child process runs a static or setuid program: what it prints is not in the trace$'
is "children: a static one is not seen" "$(info static.zst input.children[0].seen)" false

#
# redact
#
fr record --env LOGIN_TOKEN --redact 'hunter[0-9]' --redact 'zork[0-9]+' -o redacted.zst ./reads hunter3
is "redact: status" "$status" 0
is "redact: the program reads what is there" "$(head -n 1 out)" "user=bob password=hunter2 host=h"
is "redact: nothing of it is in the trace" "$(zstdcat -q redacted.zst | grep -cE 'hunter[0-9]|zork[0-9]')" 0
is "redact: the length stays" "$(zstdcat -q redacted.zst | jq -r 'select(.in == "read" and (.got | test("bob"))) | .got')" \
	"user=bob password=******* host=h"
is "redact: the trace says by which patterns" "$(zstdcat -q redacted.zst | jq -r 'select(.redact) | .redact | join(" ")')" \
	"hunter[0-9] zork[0-9]+"
is "redact: arguments and environment" "$(zstdcat -q redacted.zst | jq -r 'select(.argv) | .argv[1] + " " + .environment.LOGIN_TOKEN')" "******* ******"
like "redact: info counts them" "$("$FR" info redacted.zst)" 'with bytes that --redact has overwritten'
rm credentials notes
fr replay redacted.zst
is "redact: the replay is the same run" "$status" 0
is "redact: the replay gives the asterisks" "$(head -n 1 out)" "user=bob password=******* host=h"
like "redact: to all of it" "$err" '^argument \*{7}, variable \*{6}$'
fr record --redact '(' ./reads
is "redact: no regular expression: status" "$status" 125
like "redact: no regular expression: which" "$err" '^frontrun: record: the pattern "\(" is no regular expression'

#
# pack
#
cat >two.c <<'END'
int two(void) { return 2; }
END
cat >main.c <<'END'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

int two(void);

static void *reads(void *unused)
{
	char line[64] = "";
	FILE *file = fopen("given", "r");

	if (file && fgets(line, sizeof line, file))
		printf("%s", line);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	const char *path = getenv("LD_LIBRARY_PATH");

	pthread_create(&thread, NULL, reads, NULL);
	pthread_join(thread, NULL);
	printf("%d %s %d %s\n", two(), argv[0], argc, path ? path : "unset");
	return 0;
}
END
mkdir lib
${CC:-gcc} -g -shared -fPIC -o lib/libtwo.so two.c
${CC:-gcc} -g -o packed main.c -pthread -Llib -ltwo -Wl,-rpath,"$T/lib"
echo 'from a file' >given
fr record --pack -o pack.zst ./packed 1
cp out record.out
is "pack: status" "$status" 0
files=$(zstdcat -q pack.zst | jq -r 'select(.file and .at == 0) | .file')
like "pack: the program" "$files" "^$T/packed\$"
like "pack: its library" "$files" "^$T/lib/libtwo.so\$"
like "pack: the C library" "$files" '/libc\.so\.6$'
like "pack: the dynamic linker" "$files" '/ld-linux-x86-64\.so\.2$'
unlike "pack: not our own" "$files" 'libfrontrun'
rm -r packed lib given
fr replay pack.zst
is "pack: replay without program, library and file" "$status" 0
same_file "pack: the same output" record.out out
like "pack: the same run" "$err" 'identical; exit status 0$'
unlike "pack: no warning" "$err" 'changed|warning'
is "pack: info says that it is packed" "$(info pack.zst input.packed)" true
is "pack: so it is hermetic" "$(info pack.zst input.hermetic)" true
# A directory with a name that is too long to be written into the program: the machine's linker does.
mkdir -p tmp/one-that-is-rather-long
TMPDIR=$T/tmp/one-that-is-rather-long fr replay pack.zst
is "pack: replay in another directory" "$status" 0
same_file "pack: the same output there" record.out out
is "pack: nothing is left behind" "$(find tmp -mindepth 2 | wc -l)" 0

# Libraries that are loaded in the run: by path, and by a name that only the program's RUNPATH leads to.
mkdir plugins
echo 'int value(void) { return 3; }' | gcc -shared -fPIC -o plugins/by-path.so -x c -
echo 'int value(void) { return 4; }' | gcc -shared -fPIC -o plugins/libby-name.so -x c -
cat >host.c <<'END'
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		void *library = dlopen(argv[i], RTLD_NOW);
		int (*value)(void) = library ? dlsym(library, "value") : NULL;

		printf("%d\n", value ? value() : -1);
	}
	return 0;
}
END
gcc -o host host.c -Wl,-rpath,'$ORIGIN/plugins'
fr record --pack -o plugins.zst ./host "$T/plugins/by-path.so" libby-name.so
is "plugins: as without us" "$out" $'3\n4'
fr record -o loaded.zst ./host "$T/plugins/by-path.so"
echo 'int value(void) { return 33; }' | gcc -shared -fPIC -o plugins/by-path.so -x c -
fr replay loaded.zst
is "plugins: another one prints something else behind the last event" "$status" 125
like "plugins: said" "$err" $'^frontrun: diverged after [0-9]+ of [0-9]+ events\nfrontrun:   the program asks for write\\(1, 0, 3\\), the recording has write\\(1, 0, 2\\)$'
rm -r plugins host
fr replay plugins.zst
is "plugins: replay with the ones in the trace" "$out" $'3\n4'
like "plugins: the same run" "$err" 'identical; exit status 0$'

# One bad path among the good ones.
zstdcat -q pack.zst | sed 's#{"file":"[^"]*libtwo.so"#{"file":"../../x"#' | grep -v '^{"index"' | zstd -q >evil.zst
TMPDIR=$T/tmp/one-that-is-rather-long fr replay evil.zst
is "pack: a path that leads outside: status" "$status" 125
like "pack: a path that leads outside: why" "$err" '^frontrun: the path "\.\./\.\./x" of a file packed in the trace is not absolute'
is "pack: a path that leads outside: nothing has run" "$out" ""
is "pack: a path that leads outside: nothing is there" "$(find "$T" -name x | wc -l)" 0
is "pack: a path that leads outside: nothing is left behind" "$(find tmp -mindepth 2 | wc -l)" 0

# The trace of a finding.
cp "$B/corpus/bank" .
fr fuzz --seed 1 --pack --redact 'expected [a-z]+' ./bank
is "fuzz: it finds the failure" "$status" 1
trace=$(find frontrun-failures -name 'exit-*.zst' ! -name '*-passes.zst')
is "fuzz: redacted" "$(zstdcat -q "$trace" | jq -r 'select(.outcome) | .stderr' | grep -c 'lost: \*\{16\} 70')" 1
like "fuzz: packed" "$(zstdcat -q "$trace" | jq -r 'select(.file) | .file')" "^$T/bank\$"
rm bank
fr replay "$trace"
is "fuzz: replay without the program" "$status" 1
like "fuzz: the same run" "$err" 'identical; exit status 1$'

done_testing
