#!/usr/bin/env bash
# Runs each fuzz target for FUZZ_SECONDS, or those that are named as arguments.
# What it finds stays in fuzz/artifacts, what it learnt in fuzz/corpus.
# FUZZ_SANITIZER=address looks for wrong uses of memory as well; no code of ours is unsafe.
set -euo pipefail
cd "$(dirname "$0")/.."

CARGO_FUZZ=0.13.2
CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/creance"
seconds="${FUZZ_SECONDS:-60}"
sanitizer="${FUZZ_SANITIZER:-none}"
# The coverage that guides a fuzzer is built with options of rustc that are not stable.
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR="$CACHE/fuzz-target"

fuzz="$CACHE/tools/bin/cargo-fuzz"
if [ ! -x "$fuzz" ] || [ "$("$fuzz" --version)" != "cargo-fuzz $CARGO_FUZZ" ]; then
    echo "creance: building cargo-fuzz $CARGO_FUZZ once, into $CACHE/tools" >&2
    cargo install --quiet --locked --root "$CACHE/tools" --target-dir "$CACHE/tools-target" "cargo-fuzz@$CARGO_FUZZ" || {
        echo "error: cargo-fuzz $CARGO_FUZZ could not be built; crates.io must be reachable the first time" >&2
        exit 1
    }
    rm -rf "$CACHE/tools-target"
fi
if ! command -v c++ >/dev/null; then
    echo "error: libFuzzer is C++, and no \`c++\` is installed" >&2
    exit 1
fi

targets=("$@")
if [ "${#targets[@]}" -eq 0 ]; then
    mapfile -t targets < <(sed -n 's/^name = "\(.*\)"/\1/p' fuzz/Cargo.toml | grep -v '^creance-fuzz$')
fi

# What a target starts from, where the project has examples.
seed() {
    mkdir -p "fuzz/corpus/$1"
    case "$1" in
        capture)
            cargo run --quiet --locked --package creance-lab -- scenarios --out fuzz/corpus/capture >/dev/null
            rm -f fuzz/corpus/capture/scenarios.tsv
            ;;
        catalogue) cp catalogue/*.toml fuzz/corpus/catalogue/ ;;
        policy) cp policies/*.cedar fuzz/corpus/policy/ ;;
    esac
}

for target in "${targets[@]}"; do
    (cd fuzz && "$fuzz" build --sanitizer "$sanitizer" "$target")
done

failed=()
for target in "${targets[@]}"; do
    echo "== fuzz $target, $seconds s"
    seed "$target"
    (cd fuzz && "$fuzz" run --sanitizer "$sanitizer" "$target" -- \
        -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1) ||
        failed+=("$target")
done
if [ "${#failed[@]}" -gt 0 ]; then
    echo "error: found something in: ${failed[*]} (fuzz/artifacts)" >&2
    exit 1
fi
echo "fuzz: nothing found in ${#targets[@]} targets"
