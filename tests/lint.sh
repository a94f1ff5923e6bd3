#!/bin/bash
# House rules as tests (TAP): include direction, headers that compile alone, tables without unused
# rows, what the runtime library may need, formatting. Not a style guide: docs say why.

cd "$(dirname "$0")/.." || exit 1
build=${FRONTRUN_BUILD:-build}
n=0

# result NAME COMPLAINTS: one test, which passes when there are none.
result() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		head -60 <<<"$2" | sed 's/^/# /'
	fi
}

skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

mapfile -t sources < <(find frontrun.c formats recorder replayer fuzz preload tests corpus \
	-name '*.[chS]' -o -name '*.def' 2>/dev/null | sort)
# Every file of the project that is text: what git knows or would add, else everything but build/.
mapfile -t texts < <({ git ls-files -co --exclude-standard 2>/dev/null ||
	find . -path ./build -prune -o -type f -printf '%P\n'; } |
	while read -r f; do [ -f "$f" ] && grep -Iq . "$f" && echo "$f"; done | sort)

#
# Rules about lines
#
said=$(awk -f tests/lint.awk "${sources[@]}")
rule() {
	result "$2" "$(awk -F '\t' -v rule="$1" '$1 == rule { print $2 ": " $3 }' <<<"$said")"
}
rule include "includes go from the root and in one direction"
rule opening "files open with what they are"
rule columns "lines fit in 100 columns"
rule tabs "indentation is tabs"
rule leftover "no left-overs"
rule typedef "no typedef of structs"
rule whitespace "no trailing white space in C"
awk -F '\t' '$1 == "length" { print "# warning: " $2 ": " $3 }' <<<"$said"
result "no trailing white space elsewhere" \
	"$(grep -nE '[[:blank:]]+$' "${texts[@]}" | grep -vE '^[^:]*\.(patch|expected|golden):' |
		grep -vE '^[^:]*\.([chS]|def):')"
# The pattern is written so that it does not find itself.
result "no path of one machine" \
	"$(grep -nE '(^|[^A-Za-z0-9_.~-])/(work|roo[t]|hom[e]/[a-z])/' "${texts[@]}")"

#
# Shell and Python
#
result "shell scripts parse" \
	"$(grep -lE '^#!/bin/(ba)?sh' "${texts[@]}" | while read -r f; do bash -n "$f" 2>&1; done)"
result "scripts with an interpreter line are executable" \
	"$(grep -lE -m1 '^#!/' "${texts[@]}" | while read -r f; do
		[ "$(head -c 2 "$f")" != '#!' ] || [ -x "$f" ] || echo "$f"
	done)"

#
# Headers compile alone, with the flags of the build
#
result "each header compiles alone" "$(printf '%s\n' "${sources[@]}" |
	grep -E '^(formats|recorder|replayer|fuzz|preload|tests/unit)/.*\.h$' |
	grep -v '^preload/python/' | # of the interpreter, whose headers come from elsewhere
	while read -r f; do
		# A header alone defines nothing that it uses: unused statics are fine.
		gcc -std=gnu11 -D_GNU_SOURCE= -I. -Wall -Wextra -Wshadow -Wstrict-prototypes -Wvla \
			-Wno-unused-function -Werror -fsyntax-only -x c -include "$f" /dev/null 2>&1 | head -5
	done)"

#
# Tables: a row of formats/ that no code names is dead. The constants of a table are those of the enum that is
# made of it (#define EVENT(symbol, ...) EVENT_##symbol,); rows of the runtime's tables may name
# them without the prefix. A text for each constant ([EVENT_X] = ...) is no use.
#
unused_rows() {
	local f macro prefix symbol code rows
	code=$(printf '%s\n' "${sources[@]}" | grep '\.[ch]$' | grep -vE '^(tests|corpus)/' |
		xargs -r sed -E 's/\[[A-Z][A-Z0-9_]*\] = //g' | grep -owE '[A-Z][A-Z0-9_]+' | sort -u)
	rows=$(cat preload/*.def 2>/dev/null | grep -owE '[A-Z][A-Z0-9_]+' | sort -u)
	for f in formats/*.def; do
		grep -ohE '^[A-Z][A-Z0-9_]*\(' "$f" | sort -u | tr -d '(' | while read -r macro; do
			prefix=$(sed -nE "s/^#[ \t]*define[ \t]+$macro\(([a-z_]+)[,)].*[ \t]([A-Z][A-Z0-9_]*_)##\1,?\$/\2/p" \
				"${sources[@]}" | head -1)
			[ -n "$prefix" ] || continue
			# Rows that link a function or a struct of their name are used by that.
			grep -qsE "^#[ \t]*define[ \t]+$macro\(.*&[a-z_]+##" "${sources[@]}" && continue
			sed -nE "s/^$macro\(([A-Z][A-Z0-9_]*)[,)].*/\1/p" "$f" | while read -r symbol; do
				grep -qx "$prefix$symbol" <<<"$code" && continue
				grep -qxE "($prefix)?$symbol" <<<"$rows" && continue
				echo "$f: $prefix$symbol"
			done
		done
	done
}
result "every row of the tables in formats/ is used" "$(unused_rows)"

#
# The runtime library: libc only, nothing that allocates, prints or depends on the locale
#
so=$build/libfrontrun.so
if [ ! -f "$so" ]; then
	skip "the runtime library" "not built"
else
	result "the runtime needs libc and ld.so only" "$(readelf -dW "$so" |
		sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p' |
		grep -vxE 'libc\.so\.6|ld-linux-x86-64\.so\.2')"
	# What the table resolves by name is not an undefined symbol; a direct call is. fflush is called
	# once, while there is one thread (server.c).
	result "the runtime calls no allocator, no stdio, no locale" "$(nm -u "$so" |
		sed -E 's/^ *[Uw] //; s/@.*//' |
		grep -xE 'malloc|calloc|realloc|free|reallocarray|posix_memalign|aligned_alloc|strdup|strndup|.*printf(_chk)?|.*scanf|puts|putchar|fput[cs]|fget[cs]|fopen(64)?|fdopen|fclose|fread|fwrite|getline|perror|setlocale|newlocale|strto[a-z]+|ato[if]|strerror|strerror_r|qsort|qsort_r|opendir|readdir|setenv|putenv|syslog|exit|atexit|__cxa_atexit|rand|random|srand|localtime.*|time|gettimeofday')"
	# Behind what compilers call there is no function of libc.
	result "interposers: every row is exported and every exported symbol has a row" "$(diff \
		<(sed -nE 's/^INTERPOSE[A-Z_]*\([^,]*, *([A-Za-z0-9_]+),.*/\1/p' preload/interpose.def | sort -u) \
		<(nm -D --defined-only "$so" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort -u |
			grep -vE '^(__tsan_|Annotate)') |
		sed -nE 's/^< (.*)/\1: a row, not exported/p; s/^> (.*)/\1: exported, no row/p')"
	result "the runtime's TLS never allocates (initial-exec)" \
		"$(nm -u "$so" | grep -F __tls_get_addr)"
	result "the runtime has no text relocations and no executable stack" \
		"$(readelf -dW "$so" | grep -w TEXTREL; readelf -lW "$so" | grep -E 'GNU_STACK.*RWE')"
	result "the runtime's constructors run first" \
		"$(readelf -dW "$so" | grep -q INITFIRST || echo "no DF_1_INITFIRST")"
fi

#
# Documentation: what is made of the tables, and files that it names
#
result "the tables in README.md are those of the code (make readme-tables)" \
	"$(mk/readme-tables.sh --check 2>&1)"
# A path in back quotes, or a C header or source named in the text, has to be there.
result "documents name files that exist" "$(grep -oHE \
	'\b(formats|preload|recorder|replayer|fuzz|tests|corpus|docs|mk)/[A-Za-z0-9_/.-]*[A-Za-z0-9_]\.(c|h|S|def|sh|mk|json|md|t|awk|py)\b' \
	README.md docs/*.md corpus/README.md | grep -vE "NAME|FAMILY|strategy_rotate" |
	while IFS=: read -r document f; do [ -e "$f" ] || echo "$document: $f"; done | sort -u)"

#
# Formatting, only by the version the style file is written for: others differ in details
#
if ! command -v clang-format >/dev/null; then
	skip "clang-format" "no clang-format"
elif ! clang-format --version | grep -q 'version 14\.'; then
	skip "clang-format" "not version 14: $(clang-format --version | grep -o 'version [0-9.]*')"
else
	result "clang-format" "$(printf '%s\n' "${sources[@]}" | grep '\.[ch]$' |
		xargs -r clang-format --dry-run 2>&1 | grep -E '^[^ ]+:[0-9]+:[0-9]+: ' |
		sed -E 's/:[0-9]+:[0-9]+:.*//' | sort | uniq -c |
		awk '{ print $2 ": " $1 " places (make format)" }')"
fi

echo "1..$n"
