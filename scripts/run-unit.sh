#!/bin/sh
# Runs unit test programs one after another and sums them up; a failing one's output is shown whole.
# Its last line, "N passed, M failed", counts programs' test cases.
set -u
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for t in "$@"; do
    name=${t#*/tests/unit/}
    if "$t" >"$log" 2>&1; then
        n=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | tail -n 1)
        if [ "${n:-0}" -eq 0 ]; then
            echo "FAIL $name: it ran no test case"
            failed=$((failed + 1))
        else
            echo "ok   $name ($n)"
            passed=$((passed + n))
        fi
    else
        rc=$?
        cat "$log"
        echo "FAIL $name (exit status $rc)"
        ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | tail -n 1)
        bad=$(grep -c '^\[  FAILED  \] [A-Za-z]' "$log")
        passed=$((passed + ${ok:-0}))
        failed=$((failed + (bad > 0 ? bad : 1)))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
