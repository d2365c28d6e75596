#!/bin/sh
# run-fuzz.sh FOLDER SECONDS NAME…: runs each fuzz target on its seeds for so many seconds; what it finds stays in the folder.
set -u
dir=$1 seconds=$2
shift 2
bad=0
for name in "$@"; do
    mkdir -p "$dir/corpus/$name"
    seeds=tests/fuzz/seeds/$name
    [ -d "$seeds" ] || seeds=""
    echo "== $name, $seconds s"
    if ! "$dir/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$dir/$name-" "$dir/corpus/$name" $seeds >"$dir/$name.log" 2>&1; then
        tail -n 40 "$dir/$name.log"
        echo "FOUND $name: see $dir/$name-*"
        bad=1
    else
        grep -E 'number_of_executed_units|new_units_added' "$dir/$name.log"
    fi
done
exit "$bad"
