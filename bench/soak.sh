#!/usr/bin/env bash
# Runs a gateway in the lab's internet under mixed load, prints its memory every ten seconds, and
# fails where that grows, where an honest app is kept out, or where the gateway ends.
# SOAK_SECONDS: how long (600). CREANCE and LAB: the programs, built where they are not given.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${CREANCE:-}" ] || [ -z "${LAB:-}" ]; then
    cargo build --quiet --release --locked --package creance-cli --package creance-lab --bins
    CREANCE="${CARGO_TARGET_DIR:-$PWD/target}/release/creance"
    LAB="${CARGO_TARGET_DIR:-$PWD/target}/release/creance-lab"
fi
folder="$(mktemp -d "${TMPDIR:-/var/tmp}/creance-soak.XXXXXX")"
trap 'rm -rf "$folder"' EXIT
export CREANCE LAB SOAK_SECONDS="${SOAK_SECONDS:-600}" SOAK_FOLDER="$folder" SOAK_PARTS="$PWD/bench/soak"
ulimit -n "$(ulimit -Hn)"
"$LAB" internet --lan -- bash "$PWD/bench/soak/run.sh"
