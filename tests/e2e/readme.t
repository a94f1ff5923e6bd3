#!/bin/bash
# The commands in README.md, run as they stand there, say what README.md says.
. "$(dirname "$0")/../lib.sh"

# As at the top of the repository after make.
ln -s "$B" build

# Each block that begins with "$ COMMAND" becomes a file with the command and one with what it prints.
awk '/^```console$/ { inside = 1; n++; next }
	/^```$/ { inside = 0 }
	inside && /^\$ / { print substr($0, 3) > n ".command"; printf "" > n ".expected"; next }
	inside { print > n ".expected" }' "$ROOT/README.md"
# Times differ, and the fingerprint is of places in the program, which the compiler chose. Lines that
# are wrapped at another word then are joined again.
mask() {
	sed -i -E 's/[0-9]+\.[0-9]+ s\b/N s/g; s/[0-9,]+\/s\b/N\/s/g; s/, N\/s//; s/-[0-9a-f]{16}/-FINGERPRINT/g' "$@"
	for masked; do
		sed -i -E -z 's/([^\n]*; found at schedule[^\n]*)\n?/\1/; s/ *\nN s/ N s/' "$masked"
	done
}
count=$(find . -name '*.command' | wc -l)
ok "there are commands in README.md" [ "$count" -ge 4 ]
for ((i = 1; i <= count; i++)); do
	command=$(cat "$i.command")
	COLUMNS=80 bash -c "$command" >"$i.printed" 2>&1 </dev/null
	mask "$i.expected" "$i.printed"
	same_file "$command" "$i.expected" "$i.printed"
done

done_testing
