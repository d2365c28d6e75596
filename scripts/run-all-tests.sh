#!/bin/sh
# Every test: C unit tests, integration against a real server, the Python package, the dashboard's unit tests, the browser. Goes on after a failure and
# ends with one line that sums all up.
set -u
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
passed=0 failed=0

# run NAME COMMAND…: shows the output, and keeps it (without colours) for counting.
run() {
    name=$1
    shift
    echo "== $name"
    { "$@" 2>&1; echo $? >"$log/rc"; } | tee "$log/raw"
    rc=$(cat "$log/rc")
    sed 's/\x1b\[[0-9;]*m//g' "$log/raw" >"$log/out"
}

# The sum over all lines of the number that follows ($1 = "pass") or comes before ($1 = "passed") the word.
sum_after() { sed -nE "s/^(ℹ|#) $1 ([0-9]+)\$/\2/p" "$log/out" | awk '{n += $1} END {print n + 0}'; }
sum_before() { grep -E "$2" "$log/out" | sed -nE "s/.*[^0-9]([0-9]+) $1.*/\1/p; s/^([0-9]+) $1.*/\1/p" | awk '{n += $1} END {print n + 0}'; }

# Adds to the totals; a part that fails without a count is one failure, and so is one in which no test ran.
add() {
    if [ "$rc" -ne 0 ] && [ "$2" -eq 0 ]; then set -- "$1" 1; fi
    if [ "$1" -eq 0 ] && [ "$2" -eq 0 ]; then
        echo "$name: no test ran"
        set -- 0 1
    fi
    passed=$((passed + $1)) failed=$((failed + $2))
}

make="make --no-print-directory BUILD=$BUILD"
run "include directions" $make check-includes
[ "$rc" -eq 0 ] || failed=$((failed + 1))
run "documents" $make check-docs
[ "$rc" -eq 0 ] || failed=$((failed + 1))
run "unit tests" $make unit
add "$(sum_before passed '^[0-9]+ passed, [0-9]+ failed$')" "$(sum_before failed '^[0-9]+ passed, [0-9]+ failed$')"
run "integration tests" $make integration
add "$(sum_after pass)" "$(sum_after fail)"
run "Python package" $make python-test
add "$(sum_before passed '^[0-9]+ passed, [0-9]+ failed$')" "$(sum_before failed '^[0-9]+ passed, [0-9]+ failed$')"
run "dashboard unit tests" $make frontend-test
add "$(sum_before passed '^ *Tests ')" "$(sum_before failed '^ *Tests ')"
run "browser tests" $make e2e
add "$(sum_after pass)" "$(sum_after fail)"

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
