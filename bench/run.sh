#!/usr/bin/env bash
# Measures everything in one run and writes docs/benchmarks.md.
# BENCH_QUICK=1: small sizes, once each, written beside the inputs and not into docs.
# BENCH_ONLY=gateway: the gateway alone; the rest of the page stays.
# BENCH_DIR: where inputs are made (about 1.3 GB); CREANCE_CORPUS: the captures they are made of.
set -euo pipefail
cd "$(dirname "$0")/.."

target="${CARGO_TARGET_DIR:-target}"
cargo build --quiet --release --locked --package creance-cli --package creance-lab --bins
export PYTHONDONTWRITEBYTECODE=1
folder="${BENCH_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/creance/bench}"
if [ "${BENCH_ONLY:-}" != gateway ]; then
    python3 bench/measure.py --creance "$target/release/creance" --lab "$target/release/creance-lab" \
        --corpus "${CREANCE_CORPUS:-../shared/corpus}" --folder "$folder" ${BENCH_QUICK:+--quick}
fi
if [ "$(uname)" = Linux ]; then
    python3 bench/gateway.py --creance "$target/release/creance" --lab "$target/release/creance-lab" \
        --folder "$folder/gateway" ${BENCH_QUICK:+--quick}
else
    echo "note: the gateway needs Linux and is not measured here" >&2
fi
