#!/bin/bash
# The options for Python: what needs an interpreter without the GIL is reported, and is a failure only if
# that is asked for; where switches are allowed; without the agent; which code is watched.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"
. "$ROOT/tests/e2e/python_lib.sh"
. "$ROOT/tests/e2e/python_fuzz_lib.sh"

cd "$T" || exit 1
python=/usr/bin/python3 plain=$ROOT/corpus/python/counter_plain.py
rm -rf frontrun-failures
fuzz --iterations 300 --fail-on can-happen -- $python "$plain"
is "--fail-on can-happen: status" "$status" 0
like "... reported" "$out" "only without the GIL"
like "... as what it is" "$out" "not counted as a failure"
fuzz --iterations 300 --gil on -- $python "$plain"
is "--gil on: not found" "$status" 0
fuzz --iterations 300 --gil off -- $python "$plain"
is "--gil off: found" "$status" 1
# Schedules are counted from the first one of the search, whatever the GIL was.
fuzz --iterations 300 --json -- $python "$plain"
is "--gil auto: found" "$(jq -r '.findings[0].gil' out)" off
ok "... behind the half with the GIL" test "$(jq '.findings[0].schedule' out)" -gt 150
is "... at the last schedule" "$(jq '.findings[0].schedule' out)" "$(jq .schedules out)"
fuzz --iterations 300 --no-agent -- $python "$plain"
is "--no-agent: variables are not seen" "$status" 0

# What a library has made is the library's; what has no name may be the program's.
cat >made.py <<'EOF'
import threading
space = {}
source = "def add(cart):\n    cart.items = cart.items + 1\n"
exec(compile(source, "<attrs generated add shop.Cart>", "exec"), space)
class Cart:
    items = 0
cart = Cart()
threads = [threading.Thread(target=space["add"], args=(cart,)) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert cart.items == 2
EOF
fuzz --iterations 60 --gil off -- $python made.py
is "made by a library: not watched" "$status" 0
fuzz --iterations 60 --gil off --include '<attrs*' -- $python made.py
is "... unless it is asked for" "$status" 1
fuzz --iterations 60 --gil off -- $python -c "$(sed 's/<attrs.*Cart>/<string>/' made.py)"
is "-c: watched" "$status" 1
no_orphans
done_testing
