#!/bin/bash
# The frame that all commands share: version, help, completion, manual page, and doctor.
. "$(dirname "$0")/../lib.sh"

fr --version
like "--version" "$out" '^frontrun [0-9]+\.[0-9]+\.[0-9]+$'
fr
is "no command: usage on stderr" "$status/$out" "2/"
fr --help
is "--help: status" "$status" 0
for command in record fuzz pytest unittest replay show explain info doctor help; do
	like "--help: names $command" "$out" "^  $command "
done
for command in record fuzz pytest unittest replay show explain info doctor help; do
	fr $command --help
	is "$command --help: status" "$status" 0
	is "$command --help: as help $command" "$("$FR" help $command)" "$out"
	is "$command --help: at most 80 columns" "$(awk 'length > 80' "$T/out")" ""
	is "$command --help: three examples" "$(grep -cE '^  (frontrun|source) ' "$T/out")" 3
done
fr help nosuch
is "help nosuch" "$status" 2

complete_words() {
	bash -c 'source <("$0" help --completion bash) || exit 1
		COMP_WORDS=("$@") COMPREPLY=()
		COMP_CWORD=$(($# - 1))
		_frontrun
		echo "${COMPREPLY[@]}"' "$FR" "$@"
}
is "completion: commands" "$(complete_words frontrun do)" doctor
is "completion: options" "$(complete_words frontrun record --se)" --seed
is "completion: choices" "$(complete_words frontrun record --strategy ra)" random
is "completion: words are files" "$(complete_words frontrun record x)" ""

fr help --man
like "manual page: begins as one" "$(head -n 1 <<<"$out")" '^\.TH FRONTRUN 1 '
if have groff; then
	is "manual page: groff finds no fault" "$(groff -man -Tutf8 -ww "$T/out" 2>&1 >/dev/null)" ""
else
	skip "manual page: groff finds no fault" "no groff"
fi

fr doctor
is "doctor: status" "$status" 0
fr doctor --json
is "doctor --json: one object" "$(wc -l <"$T/out")" 1
is "doctor --json: agrees" "$(jq -r .ok <<<"$out")" true
is "doctor --json: a remedy for each limit" \
	"$(jq '[.checks[] | select((.state == "limited" or .state == "missing") and (has("remedy") | not))] | length' <<<"$out")" 0
fr doctor --color always
like "--color always" "$out" $'\033\\[32m'
unlike "--color auto: none in a pipe" "$("$FR" doctor)" $'\033'

done_testing
