#!/bin/sh
# Builds the dashboard into OUTDIR: scripts/build-dashboard.sh OUTDIR
# Dependencies are installed when they are missing or older than the lock file. Node 18 or later. Fails, and says what is how large, when
# the page's first load has grown beyond its bound.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: $0 OUTDIR" >&2
    exit 2
fi
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/../frontend"

# npm writes .package-lock.json when an installation is complete: an interrupted one counts as missing.
installed=node_modules/.package-lock.json
if [ ! -f "$installed" ] || [ package-lock.json -nt "$installed" ]; then
    npm ci --no-audit --no-fund --loglevel=error
    touch "$installed"
fi
npx --no-install vite build --outDir "$out" --emptyOutDir --logLevel warn
node scripts/check-bundle.mjs "$out"
