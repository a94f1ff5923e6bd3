#!/bin/bash
# What the agent remembers of an instruction holds for the class and no longer: one instruction reads,
# one writes, objects of classes that answer in different ways, and of one that is changed meanwhile.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/python_lib.sh"

cd "$T" || exit 1

export TMPDIR=$T PYTHONDONTWRITEBYTECODE=1

read -r -d '' expected <<'END'
writes Plain.x#2 = 10
reads Plain.x#2 = 10
reads Default.x = 2
writes Slots.x = 10
reads Slots.x = 10
writes Property.kept = 10
reads Property.kept = 10
writes Many.x = 10
reads Many.x = 10
reads Default.x = 2
writes Plain.x = 10
reads Plain.x = 10
writes Default.x#2 = 11
reads Default.x#2 = 11
writes Plain.x#3 = <property>
deletes Plain.x#3
reads Plain.x = 10
writes Plain.__dict__['x'] = 13
reads Plain.x = 13
END

found=
while read -r minor python; do
	found=1
	fr record -o "$minor.zst" "$python" "$ROOT/tests/python/one_instruction.py"
	is "$minor: recorded" "$status" 0
	fr show -t T2 "$minor.zst"
	is "$minor: each access is what the class says of it then" \
		"$(sed -nE 's/.*\| (.* )  *one_instruction\.py:[0-9]+$/\1/p' <<<"$out" |
			sed -e 's/ *$//' -e '1,/^writes Many\.x = 7$/d')" "$expected"
	fr replay "$minor.zst"
	is "$minor: replayed" "$status" 0
done < <(interpreters)
[ -n "$found" ] || skip_all "no interpreter that there is an agent for"

done_testing
