#!/bin/sh
# Runs the integration tests (node:test) against the programs in $HEADWAY_BUILD; an argument chooses those whose name ends so.
set -eu
cd "$(dirname "$0")/../tests/integration"
files=$(ls ./*"${1:-}".test.mjs)
exec node --test --test-concurrency=1 --test-reporter=spec $files
