#!/bin/sh
# Writes a C header that holds the migrations of a folder: sh scripts/embed-migrations.sh DIR > header
# Files are named NNNN_name.sql; they are taken in the order of their numbers, which must count from 1 without gaps.
set -eu
dir=${1:?usage: embed-migrations.sh DIR}

echo "// Made by scripts/embed-migrations.sh from $dir: do not edit."
echo "static const struct migration migrations[] = {"
expected=1
for file in "$dir"/[0-9][0-9][0-9][0-9]_*.sql; do
    [ -f "$file" ] || { echo "embed-migrations.sh: no NNNN_name.sql in $dir" >&2; exit 1; }
    base=$(basename "$file" .sql)
    version=$(echo "$base" | sed 's/^0*//; s/_.*//')
    name=${base#*_}
    if [ "$version" != "$expected" ]; then
        echo "embed-migrations.sh: $file: number $expected was expected" >&2
        exit 1
    fi
    echo "    {$version, \"$name\","
    sed -e 's/[[:space:]]*--.*$//' -e '/^[[:space:]]*$/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/     "/' -e 's/$/\\n"/' "$file"
    echo "    },"
    expected=$((expected + 1))
done
echo "};"
