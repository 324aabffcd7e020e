#!/usr/bin/env bash
# Runs every check, or those that are named. The first that fails ends it.
set -euo pipefail
cd "$(dirname "$0")/../.."

CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/creance"
target="${CARGO_TARGET_DIR:-target}"

check_format() { cargo fmt --all --check; }

check_architecture() { python3 scripts/check/architecture.py; }

check_deny() { "$CACHE/tools/bin/cargo-deny" --locked check --hide-inclusion-graph bans licenses sources; }

check_lint() { cargo clippy --quiet --workspace --all-targets --locked -- -D warnings; }

# Fuzzing needs more than CI has time for; that the targets still build does not.
check_fuzz_targets() {
    CARGO_TARGET_DIR="$target/fuzz-check" cargo check --quiet --locked --manifest-path fuzz/Cargo.toml
}

check_tests() { cargo test --quiet --workspace --locked; }

check_docs() { RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps --locked; }

# The binaries of the test profile: the tests before have built all that they need.
check_names() {
    cargo build --quiet --workspace --bins --locked --profile test
    python3 scripts/check/names.py --creance "$target/debug/creance" --lab "$target/debug/creance-lab" \
        --corpus "${CREANCE_CORPUS:-../shared/corpus}"
}

if [ "$#" -eq 0 ]; then
    set -- format architecture deny lint fuzz_targets tests docs names
fi
for name in "$@"; do
    echo "== $name"
    started=$SECONDS
    "check_$name"
    echo "== $name: passed in $((SECONDS - started)) s"
done
