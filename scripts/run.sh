#!/usr/bin/env bash
# Builds Creance and shows what it does: plays a flight in three modes (`creance demo`), or audits a
# capture: CAPTURE, or with SAMPLE=1 the one that the project makes itself.
# Arguments are passed on to `creance demo` or `creance audit`. The reports lie in OUT.
set -euo pipefail
cd "$(dirname "$0")/.."

target="${CARGO_TARGET_DIR:-target}"
creance="$target/release/creance"
lab="$target/release/creance-lab"

if [ -n "${CAPTURE:-}" ] && [ ! -r "$CAPTURE" ]; then
    echo "error: CAPTURE=$CAPTURE is not a file that can be read" >&2
    exit 2
fi
if [ -z "${CAPTURE:-}${SAMPLE:-}" ]; then
    if [ "$(uname -s)" != Linux ]; then
        echo "error: the demo needs Linux: its small internet is made of network namespaces" >&2
        printf '\nhint: `make run SAMPLE=1` audits a made-up capture, `make run CAPTURE=file` your own\n' >&2
        exit 2
    fi
    scripts/ensure.sh demo
fi

echo "Building (the first time takes some minutes) …" >&2
cargo build --quiet --release --locked --package creance-cli --package creance-lab --bins

if [ -z "${CAPTURE:-}${SAMPLE:-}" ]; then
    out="${OUT:-creance-demo}"
    echo "Running: creance demo --out $out${*:+ $*}" >&2
    status=0
    "$creance" demo --out "$out" "$@" || status=$?
    if [ "$status" -eq 2 ]; then
        printf '\nhint: `make run SAMPLE=1` audits a made-up capture, which needs none of this\n' >&2
    fi
    exit "$status"
fi

out="${OUT:-creance-report}"
if [ -n "${CAPTURE:-}" ]; then
    question=("$@")
    set -- "$CAPTURE"
else
    sample="$target/sample.pcapng"
    "$lab" sample --out "$sample"
    question=(--mode local-data --window +60s..+120s --station 192.168.1.23 --exempt mapbox.tiles "$@")
    set -- "$sample"
fi

shown="creance audit $* ${question[*]-} --out $out"
echo "Running: $shown" >&2
status=0
"$creance" audit "$@" ${question[@]+"${question[@]}"} --out "$out" || status=$?

case "$status" in
    0) meaning="every claim that was asked for is upheld, or none was asked for" ;;
    1) meaning="a claim that was asked for is refuted: something left that should not have" ;;
    2) meaning="the audit could not run; the error stands above" ;;
    3) meaning="nothing is refuted, but something could not be decided" ;;
    *) meaning="the program ended in a way that it should not" ;;
esac
echo "Exit status $status: $meaning." >&2
if [ -z "${CAPTURE:-}" ] && [ "$status" -eq 1 ]; then
    echo "That is what the sample is for: a crash report leaves it in the open during Local Data." >&2
fi
case "$status" in
    0 | 1 | 3) exit 0 ;;
    *) exit "$status" ;;
esac
