#!/usr/bin/env bash
# Installs what is missing with the system's package manager, saying what it does.
#   ensure.sh build   what a build needs: a C compiler (for ring), Rust
#   ensure.sh test    the same, python3, cargo-deny, what the lab and the jail need, and programs that
#                     tests try as apps
#   ensure.sh demo    what `creance demo` needs: ip and nft
#   ensure.sh lab     what `creance-lab internet` needs: ip, nft, dumpcap, unshare and setpriv
#   ensure.sh bench   what build and lab need, python3, and the programs to compare with
set -euo pipefail

RUST_MIN=1.95
CARGO_DENY=0.20.2
CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/creance"

# Not in everyone's path, and where nft and ip are.
PATH="$PATH:/usr/sbin:/sbin"

say() { echo "creance: $*" >&2; }
stop() {
    echo "error: $1" >&2
    [ -z "${2:-}" ] || printf '\nhint: %s\n' "$2" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

manager() {
    local one
    for one in apt-get dnf pacman apk brew; do
        if have "$one"; then echo "$one" && return; fi
    done
}

# The package of a thing under each manager; nothing where the manager has none.
package() {
    case "$1:$2" in
        apt-get:cc) echo build-essential ;;
        dnf:cc) echo gcc glibc-devel ;;
        pacman:cc) echo base-devel ;;
        apk:cc) echo build-base ;;
        brew:cc) echo gcc ;;
        pacman:python3) echo python ;;
        *:python3) echo python3 ;;
        apt-get:ip | pacman:ip | apk:ip) echo iproute2 ;;
        dnf:ip) echo iproute ;;
        apt-get:nft | dnf:nft | pacman:nft | apk:nft) echo nftables ;;
        apt-get:dumpcap) echo wireshark-common ;;
        dnf:dumpcap | pacman:dumpcap) echo wireshark-cli ;;
        apk:dumpcap) echo wireshark-common ;;
        *:curl) echo curl ;;
        *:git) echo git ;;
        apt-get:mosquitto_pub | apk:mosquitto_pub) echo mosquitto-clients ;;
        dnf:mosquitto_pub | pacman:mosquitto_pub) echo mosquitto ;;
        apt-get:chromium | dnf:chromium | pacman:chromium | apk:chromium) echo chromium ;;
        apt-get:faketime) echo faketime ;;
        dnf:faketime | pacman:faketime | apk:faketime) echo libfaketime ;;
        apt-get:unshare | dnf:unshare | pacman:unshare | apk:unshare) echo util-linux ;;
        apt-get:setpriv | dnf:setpriv | pacman:setpriv) echo util-linux ;;
        apk:setpriv) echo setpriv ;;
        apt-get:tshark) echo tshark ;;
        dnf:tshark | pacman:tshark) echo wireshark-cli ;;
        apk:tshark) echo tshark ;;
        brew:tshark) echo wireshark ;;
        apt-get:ndpiReader) echo libndpi-bin ;;
        dnf:ndpiReader | pacman:ndpiReader | brew:ndpiReader) echo ndpi ;;
        apt-get:haproxy | dnf:haproxy | pacman:haproxy | apk:haproxy) echo haproxy ;;
        apt-get:time | dnf:time | pacman:time | apk:time) echo time ;;
        brew:time) echo gnu-time ;;
        apt-get:nft | dnf:nft | pacman:nft | apk:nft) echo nftables ;;
        dnf:ip) echo iproute ;;
        apt-get:ip | pacman:ip | apk:ip) echo iproute2 ;;
        *:bwrap) echo bubblewrap ;;
        apt-get:rustup) if LC_ALL=C apt-cache policy rustup 2>/dev/null | grep -q 'Candidate: [^(]'; then echo rustup; fi ;;
        *:rustup) echo rustup ;;
    esac
}

# Runs a command as root where the manager needs it.
as_root() {
    if [ "$(id -u)" -eq 0 ] || [ "$(manager)" = brew ]; then
        "$@"
    elif have sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        sudo "$@"
    else
        return 77
    fi
}

# install WHAT PACKAGE…: returns non-zero where it cannot.
install() {
    local what="$1" with status=0
    shift
    with="$(manager)"
    if [ -z "$with" ]; then
        say "no package manager of apt-get, dnf, pacman, apk and brew was found"
        return 1
    fi
    say "$what is missing; installing $* with $with"
    case "$with" in
        apt-get)
            as_root apt-get update -qq || say "apt-get update failed; going on with the lists at hand"
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 || status=$?
            ;;
        dnf) as_root dnf install -y -q "$@" >&2 || status=$? ;;
        pacman) as_root pacman -S --noconfirm --needed "$@" >&2 || status=$? ;;
        apk) as_root apk add -q "$@" >&2 || status=$? ;;
        brew) brew install -q "$@" >&2 || status=$? ;;
    esac
    if [ "$status" -eq 77 ]; then
        say "installing needs root, and sudo is absent or asks for a password where nobody can answer"
    fi
    return "$status"
}

need() {
    local program="$1" names
    have "$program" && return
    names="$(package "$(manager)" "$program")"
    # shellcheck disable=SC2086
    if [ -z "$names" ] || ! install "$program" $names || ! have "$program"; then
        stop "\`$program\` is missing and could not be installed" "install ${names:-$program} by hand, then run this again"
    fi
}

# Installs a program that a comparison or a test uses, or says that it falls away.
want() {
    local program="$1" what="${2:-what is compared with it}" names
    have "$program" && return
    names="$(package "$(manager)" "$program")"
    # shellcheck disable=SC2086
    if [ -z "$names" ] || ! install "$program" $names; then
        say "$program is not there: $what is left out"
    fi
}

rust_version() { { cargo --version 2>/dev/null || true; } | awk '{ print $2 }'; }
rust_is_new() {
    local version
    version="$(rust_version)"
    [ -n "$version" ] && [ "$(printf '%s\n%s\n' "$RUST_MIN" "$version" | sort -V | head -n 1)" = "$RUST_MIN" ]
}

need_rust() {
    rust_is_new && return
    local found names by_hand
    found="$(rust_version)"
    by_hand="install Rust $RUST_MIN or newer as https://rustup.rs says, open a new shell, and run this again"
    if ! have rustup; then
        names="$(package "$(manager)" rustup)"
        if [ -z "$names" ]; then
            stop "Rust $RUST_MIN is needed, ${found:-none} is installed, and this system packages neither it nor rustup" "$by_hand"
        fi
        # shellcheck disable=SC2086
        install "Rust $RUST_MIN (${found:-none} is installed)" $names || stop "rustup could not be installed" "$by_hand"
    fi
    say "installing Rust with rustup"
    if have rustup; then
        rustup toolchain install stable --profile minimal --component clippy --component rustfmt >&2 &&
            rustup default stable >&2 || stop "rustup could not install Rust" "$by_hand"
    elif have rustup-init; then
        rustup-init -y --profile minimal --component clippy --component rustfmt >&2 || stop "rustup could not install Rust" "$by_hand"
    fi
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    rust_is_new || stop "Rust $RUST_MIN is needed and $(rust_version) is what \`cargo\` starts" "$by_hand"
}

need_components() {
    local part
    for part in clippy rustfmt; do
        if ! cargo "${part/rustfmt/fmt}" --version >/dev/null 2>&1; then
            say "$part is missing"
            { have rustup && rustup component add "$part" >&2; } ||
                stop "\`$part\` is missing and could not be installed" "install $part as you installed Rust, then run this again"
        fi
    done
}

need_cargo_deny() {
    local deny="$CACHE/tools/bin/cargo-deny"
    if [ -x "$deny" ] && [ "$("$deny" --version)" = "cargo-deny $CARGO_DENY" ]; then
        return
    fi
    say "building cargo-deny $CARGO_DENY once, into $CACHE/tools"
    # Without optimisation: it looks at one lock file, and builds in a fraction of the time.
    CARGO_TARGET_DIR="$CACHE/tools-target" cargo install --locked --debug --config profile.dev.debug=false \
        --root "$CACHE/tools" "cargo-deny@$CARGO_DENY" >&2 ||
        stop "cargo-deny $CARGO_DENY could not be built: the checks of licences, bans and sources cannot run" \
            "crates.io must be reachable the first time; \`make format lint architecture tests docs names\` runs the other checks"
    rm -rf "$CACHE/tools-target"
}

# Programs of administration lie where users often do not look.
need_lab() {
    [ "$(uname -s)" = Linux ] || return 0
    local program
    PATH="$PATH:/usr/sbin:/sbin"
    for program in ip nft dumpcap unshare setpriv; do
        need "$program"
    done
}

# What `creance run` uses, and what its tests try in it. Other systems than Linux have no such thing.
need_jail() {
    [ "$(uname -s)" = Linux ] || return 0
    need nft
    need ip
    have bwrap || install "bwrap, which a test of the jail runs in it" "$(package "$(manager)" bwrap)" ||
        say "bwrap is not there: its test is left out"
}

# Real programs that the tests try as apps, and one that turns a gateway's clock.
want_apps() {
    [ "$(uname -s)" = Linux ] || return 0
    local program
    for program in curl git mosquitto_pub chromium faketime; do
        want "$program" "its test"
    done
}

case "${1:-}" in
    build)
        need cc
        need_rust
        ;;
    test)
        need cc
        need_rust
        need_components
        need python3
        need_lab
        need_jail
        want_apps
        need_cargo_deny
        ;;
    demo)
        need ip
        need nft
        ;;
    lab) need_lab ;;
    bench)
        need cc
        need_rust
        need python3
        want tshark
        want ndpiReader
        need_lab
        # Others that the gateway is compared with, nginx and sniproxy, listen as soon as their
        # packages are installed: they are taken where they are, and not installed.
        PATH="$PATH:/usr/sbin:/sbin" want haproxy
        ;;
    *) stop "usage: ensure.sh build|test|demo|lab|bench" ;;
esac
