#!/usr/bin/env bash
# Builds Creance and audits a capture: CAPTURE, or the sample that the project makes itself.
# Arguments are passed on to `creance audit`. The report lies in OUT.
set -euo pipefail
cd "$(dirname "$0")/.."

out="${OUT:-creance-report}"
target="${CARGO_TARGET_DIR:-target}"
creance="$target/release/creance"
lab="$target/release/creance-lab"

if [ -n "${CAPTURE:-}" ] && [ ! -r "$CAPTURE" ]; then
    echo "error: CAPTURE=$CAPTURE is not a file that can be read" >&2
    exit 2
fi

echo "Building (the first time takes some minutes) …" >&2
cargo build --quiet --release --locked --package creance-cli --package creance-lab --bins

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
