#!/usr/bin/env bash
# run-tidy.sh FLAG… -- FILE…: clang-tidy, quiet but for what it finds.
set -u
flags=()
while [ "$1" != -- ]; do
    flags+=("$1")
    shift
done
shift
clang-tidy --quiet --warnings-as-errors='*' "$@" -- "${flags[@]}" 2> >(grep -v 'warnings\? generated\|Suppressed\|Use -header-filter' >&2)
