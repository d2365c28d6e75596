#!/bin/sh
# Installs what is missing on Debian 12, and says what: `setup.sh build` for building and the demo, `setup.sh test` for the tests,
# `setup.sh dev` for make check, fmt, fuzz and coverage, `setup.sh bench` for what the benchmarks compare with.
# Uses root, or sudo. Does nothing, and needs no network, when all is there.
# Of PostgreSQL the tests use the programs alone, each with a server of its own. Where its package isn't there yet, it is installed
# without the server that Debian would make and start with it ("main"); one that is there already is left alone.
set -eu

case "${1:-}" in
build) packages="gcc make pkg-config libc6-dev libuv1-dev libjansson-dev libsqlite3-dev libpq-dev libopenblas-dev libpcre2-dev zlib1g-dev libssl-dev libcurl4-openssl-dev" ;;
test) packages="libcmocka-dev postgresql chromium python3 python3-socketio python3-aiohttp python3-requests python3-websocket" ;;
dev) packages="clang clang-format clang-tidy libclang-rt-14-dev gcovr" ;;
bench) packages="python3-sqlalchemy python3-socketio python3-uvicorn python3-uvloop python3-httptools python3-websockets" ;;
*)
    echo "usage: setup.sh build|test|dev|bench" >&2
    exit 2
    ;;
esac

missing=""
for p in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
done
# Node.js may come from elsewhere than Debian's package.
if ! command -v node >/dev/null 2>&1; then missing="$missing nodejs"; fi
if ! command -v npm >/dev/null 2>&1; then missing="$missing npm"; fi
# Of Prometheus the tests use promtool alone, which looks for mistakes in what GET /metrics says: it is taken out of Debian's package,
# which as a whole would start a server.
here=$(cd "$(dirname "$0")/.." && pwd)
promtool=""
if [ "$1" = test ] && ! command -v promtool >/dev/null 2>&1 && [ ! -x "$here/build/tools/promtool" ]; then promtool="$here/build/tools/promtool"; fi
[ -n "$missing$promtool" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: this machine has no apt-get. Install what these Debian packages hold, then try again:$missing${promtool:+ prometheus}" >&2
    exit 1
fi
get_promtool() {
    [ -n "$promtool" ] || return 0
    echo "Taking promtool out of Debian's package prometheus into build/tools (nothing is installed)"
    unpacked=$(mktemp -d)
    mkdir -p "$here/build/tools"
    (cd "$unpacked" && apt-get download -qq prometheus 2>/dev/null && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xO ./usr/bin/promtool >promtool)
    chmod +x "$unpacked/promtool"
    mv "$unpacked/promtool" "$promtool"
    rm -rf "$unpacked"
}

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "setup: these Debian packages are missing, and installing them needs root or sudo:$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
# sudo keeps no environment: what apt-get is to see is said behind it.
install="$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends"
# The lists of packages may be there already.
if [ -z "$missing" ] && apt-cache show prometheus >/dev/null 2>&1; then
    get_promtool
    exit 0
fi
[ -z "$missing" ] || echo "Installing Debian packages:$missing"
$as_root apt-get update -qq
case "$missing " in
*" postgresql "*)
    # What postgresql-15 asks when it is installed, for as long as that takes. The file is postgresql-common's, which comes first.
    settings=/etc/postgresql-common/createcluster.conf
    $install postgresql-common </dev/null >/dev/null
    trap '$as_root mv $settings.before-headway $settings' EXIT
    trap 'exit 1' HUP INT TERM
    # One that is there already was left by an installation that was killed, and is the true one.
    [ -e $settings.before-headway ] || $as_root cp -p $settings $settings.before-headway
    echo "create_main_cluster = false" | $as_root tee -a $settings >/dev/null
    echo "(PostgreSQL without a server that runs: the tests start their own)"
    ;;
esac
[ -z "$missing" ] || $install $missing </dev/null >/dev/null
get_promtool
