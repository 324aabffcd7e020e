# What real programs get of services that may leave and of one that may not, by one front-end: a
# line for each, with what came last of the program. Arguments: the front-end's name, the scheme,
# and the proxy's address where it is one. `$W` is the folder of what is
# shared, `$PROGRAMS` what is installed.
front=$1 scheme=$2 proxy=${3:-}
mkdir -p "$W/$front" && cd "$W/$front" || exit 9
export HOME=$PWD GIT_TERMINAL_PROMPT=0
# What urllib reads.
case $proxy in http:*) export http_proxy=$proxy https_proxy=$proxy ;; esac

say() {
    local what=$1 limit_ms=$2 began said took
    shift 2
    began=$(date +%s%N)
    said=$("$@" 2>>errors | tail -n 1)
    took=$((($(date +%s%N) - began) / 1000000))
    [ "$took" -le "$limit_ms" ] || said="$said after $took ms"
    echo "$front $what: ${said:-nothing}"
}
with_curl() {
    curl -s -m 15 ${proxy:+-x "$proxy"} --cacert "$CREANCE_LAB_CA" -o /dev/null -w '%{http_code} %{size_download}' "$1"
}
with_python() { timeout 15 /usr/bin/python3 "$W/client.py" "$1" "$proxy"; }
with_git() {
    timeout 15 git -c http.sslCAInfo="$CREANCE_LAB_CA" ${proxy:+-c http.proxy="$proxy"} "$@"
}
heads() { with_git ls-remote "$1" | cut -f 2; }
cloned() { with_git clone -q "$1" "$2" && cat "$2/readme"; }
published() {
    timeout 15 mosquitto_pub -h "$1" -p "$2" ${3:+--cafile "$3"} ${proxy:+--proxy "$proxy"} -t position -m here -q 1 &&
        echo sent
}
with_chromium() {
    timeout "${PATIENCE_S:-15}" chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$PWD/profile" \
        --ignore-certificate-errors ${proxy:+--proxy-server="${proxy/socks5h/socks5}"} \
        --dump-dom "$@" |
        grep -o '<p>page [a-z ]*' | cut -c 4- | paste -s -d ,
}

FILES=$scheme://files.site.example SHUT=$scheme://shut-out.site.example
there() { [[ " $PROGRAMS " == *" $1 "* ]]; }
if there curl; then
    say "curl" 5000 with_curl "$FILES/bytes/100000"
    say "curl shut" 3000 with_curl "$SHUT/bytes/10"
fi
if there python3; then
    say "python" 5000 with_python "$FILES/bytes/100000"
    say "python shut" 3000 with_python "$SHUT/bytes/10"
fi
if there git; then
    say "git" 5000 heads "$FILES/files/repo.git"
    say "git clone" 8000 cloned "$FILES/files/repo.git" cloned
    say "git shut" 3000 heads "$SHUT/files/repo.git"
fi
# It knows no proxy but SOCKS.
if there mosquitto_pub && [[ $proxy != http:* ]]; then
    say "mqtt tls" 5000 published broker.site.example 8883 "$CREANCE_LAB_CA"
    say "mqtt" 5000 published broker.site.example 1883
    say "mqtt tls shut" 3000 published shut-out.site.example 8883 "$CREANCE_LAB_CA"
    say "mqtt shut" 3000 published shut-out.site.example 1883
fi
if there chromium; then
    say "chromium" 15000 with_chromium "$FILES/files/page.html"
    # The far end speaks no QUIC: what counts is that the browser's own hello passes, or does not.
    if [ -z "$proxy" ]; then
        export PATIENCE_S=4
        say "chromium quic" 6000 with_chromium https://files.site.example:443/ --origin-to-force-quic-on=files.site.example:443
        say "chromium quic shut" 6000 with_chromium https://shut-out.site.example/ --origin-to-force-quic-on=shut-out.site.example:443
    fi
fi
