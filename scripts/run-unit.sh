#!/bin/sh
# Runs unit test programs one after another and sums them up; a failing one's output is shown whole.
# A test that makes itself a database (tests/unit/test_database.h) runs with SQLite and again with a PostgreSQL server that is started
# for them, unless its name says that it is about one of the two.
# Its last line, "N passed, M failed", counts programs' test cases.
set -u
passed=0 failed=0
temporary=$(mktemp -d)
log=$temporary/log
postgres="" no_postgres=""
trap 'exec 9>&-; [ -z "$postgres" ] || wait "$postgres"; rm -rf "$temporary"' EXIT
trap 'exit 1' HUP INT TERM

# The server ends when its input does, and that is held by this shell alone.
start_postgres() {
    mkfifo "$temporary/input"
    sh "$(dirname "$0")/private-postgres.sh" <"$temporary/input" >"$temporary/postgres" &
    postgres=$!
    exec 9>"$temporary/input"
    until [ -s "$temporary/postgres" ]; do
        kill -0 "$postgres" 2>/dev/null || return 1
        sleep 0.05
    done
}

# run PROGRAM [LABEL]: with HEADWAY_TEST_POSTGRES as it is.
run() {
    t=$1
    name=${t#*/tests/unit/}${2:+ ($2)}
    if "$t" >"$log" 2>&1 9>&-; then
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
}

run_on_postgres() {
    if [ -z "$postgres" ]; then start_postgres || no_postgres=1; fi
    if [ -n "$no_postgres" ]; then
        echo "FAIL ${1#*/tests/unit/} (PostgreSQL): its server can't be started"
        failed=$((failed + 1))
        return
    fi
    HEADWAY_TEST_POSTGRES=$(cat "$temporary/postgres")
    export HEADWAY_TEST_POSTGRES
    run "$1" PostgreSQL
    unset HEADWAY_TEST_POSTGRES
}

unset HEADWAY_TEST_POSTGRES
for program in "$@"; do
    case ${program#*/tests/unit/} in
    */test_postgres*) run_on_postgres "$program" ;;
    */test_sqlite* | store/test_migrations | store/test_query_plans) run "$program" ;;
    *)
        run "$program"
        # The variable's name is in whatever uses test_database.h, so that a new test can't be forgotten here.
        if grep -q HEADWAY_TEST_POSTGRES "$program"; then run_on_postgres "$program"; fi
        ;;
    esac
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
