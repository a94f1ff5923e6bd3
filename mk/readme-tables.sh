#!/bin/bash
# The tables of options and exit statuses in README.md, made from recorder/options.def and
# recorder/exit_codes.def: put into the file where its markers stand. `--check` changes nothing and
# says how the file differs. Needs a C preprocessor, as the tables are C.
set -euo pipefail
cd "$(dirname "$0")/.."
begin='<!-- begin: made by make readme-tables -->'
end='<!-- end: made by make readme-tables -->'

# rows FILE DEFINITION: the rows of a table, fields separated by @, strings still in quotes.
rows() {
	printf '%s\n#define IN(command) command\n#include "%s"\n' "$2" "$1" |
		"${CC:-gcc}" -E -P -I. -x c - | grep -E '^ROW@'
}

# In awk: text of a string literal, commands in lower case, and | as Markdown wants it in a table.
functions='
function text(literal) {
	gsub(/^ *"|" *$/, "", literal)
	gsub(/" *"/, "", literal)
	gsub(/\\n/, " ", literal)
	gsub(/\\"/, "\"", literal)
	gsub(/\|/, "\\|", literal)
	return literal
}
function commands(set) {
	gsub(/ /, "", set)
	gsub(/\|/, ", ", set)
	return tolower(set)
}'

options() {
	echo '| option | of | what it does |'
	echo '|---|---|---|'
	rows recorder/options.def \
		'#define OPTION(commands, group, symbol, letter, name, type, argument, help) ROW@commands@letter@name@argument@help' |
		awk -F @ "$functions"'{
			letter = $3
			gsub(/[ \047]/, "", letter)
			argument = text($5) == "" ? "" : " " text($5)
			printf "| `%s--%s%s` | %s | %s |\n", letter == "0" ? "" : "-" letter ", ",
				text($4), argument, commands($2), text($6)
		}'
}

statuses() {
	echo '| command | status | meaning |'
	echo '|---|---|---|'
	rows recorder/exit_codes.def \
		'#define EXIT_CODE(commands, symbol, value, label, meaning) ROW@commands@label@meaning' |
		awk -F @ "$functions"'{ printf "| %s | %s | %s |\n", commands($2), text($3), text($4) }'
}

# tables FILE: README.md with fresh tables, in the order in which the markers stand.
tables() {
	begin=$begin end=$end first=$(options) second=$(statuses) awk '
		BEGIN { begin = ENVIRON["begin"]; end = ENVIRON["end"] }
		$0 == begin {
			inside = 1
			printf "%s\n%s\n%s\n", begin, ENVIRON[++n == 1 ? "first" : "second"], end
			next
		}
		$0 == end { inside = 0; next }
		!inside' "$1"
}

fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
tables README.md >"$fresh"
if [ "${1-}" = --check ]; then
	diff -u --label README.md --label 'the tables' README.md "$fresh"
else
	cat "$fresh" >README.md
fi
