#!/usr/bin/env bash
# The soak itself, within the lab's internet. Started by ../soak.sh.
set -uo pipefail
cd "$SOAK_FOLDER"
# What grows by less than this is no growth: caches that fill, and the allocator's slack, in KiB.
SLACK_KIB=8192
NAME=flysafe-api.dji.com

XDG_STATE_HOME="$SOAK_FOLDER/state" "$CREANCE" gateway up --lan lan0 --uplink uplink0 --station s-1=192.168.50.10 --station s-1=fd50::10 \
    --resolver "$CREANCE_LAB_RESOLVER" --mode local-data --exempt dji.flysafe,google.maps \
    --ledger "$SOAK_FOLDER/ledger" 2> up &
gateway=$!
until grep -q "for 1 station" up; do
    kill -0 $gateway 2> /dev/null || { cat up >&2; exit 1; }
    sleep 0.05
done

station() { "$LAB" in station -- "$@"; }
honest() { station "$LAB" app https --host "$NAME" --ca "$CREANCE_LAB_CA" > /dev/null; }
forever() { while kill -0 $gateway 2> /dev/null; do "$@" > /dev/null 2>&1; done; }

short() {
    station "$LAB" load connections --to 0.0.0.0:443 --name "$NAME" --resolver 192.168.50.1 --answer 200 \
        --clients 4 --seconds 5
    sleep 3
}
bulk() {
    station "$LAB" app upload --host "$NAME" --for 8 --ca "$CREANCE_LAB_CA"
    sleep 1
}
denied() {
    for behaviour in https no-sni two-names ssh-on-443 http quic udp-hard-coded; do
        station "$LAB" app "$behaviour" --host mydjiflight.dji.com --other "$NAME" --ca "$CREANCE_LAB_CA"
    done
    sleep 2
}
silent() {
    station timeout 15 python3 "$SOAK_PARTS/silent.py" "$NAME" 10000
    sleep 30
}
questions() {
    station python3 "$SOAK_PARTS/questions.py" 3
    sleep 5
}
modes() {
    sleep 11
    "$CREANCE" mode offline --yes
    sleep 1
    "$CREANCE" mode local-data --exempt dji.flysafe,google.maps --yes
}
for load in short bulk denied silent questions modes; do
    forever "$load" &
done

samples=() held=0 failed=0
until [ "$SECONDS" -ge "$SOAK_SECONDS" ]; do
    sleep 10
    if ! kill -0 $gateway 2> /dev/null; then
        echo "error: the gateway ended by itself" >&2
        cat up >&2
        exit 1
    fi
    rss=$(awk '/VmRSS/ { print $2 }' /proc/$gateway/status)
    samples+=("$rss")
    # A mode that lets nothing out, or thousands that say nothing, may keep it waiting, not for good.
    tries=0
    until honest || [ $tries -ge 5 ]; do tries=$((tries + 1)); sleep 1; done
    [ $tries -lt 5 ] && held=$((held + 1)) || failed=$((failed + 1))
    printf '%5d s  %7d KiB  %6d descriptors  honest app: %d let out, %d kept out\n' \
        "$SECONDS" "$rss" "$(find /proc/$gateway/fd -mindepth 1 | wc -l)" "$held" "$failed"
done
"$CREANCE" gateway down
wait $gateway
tail -n 25 up
"$CREANCE" ledger verify --ledger "$SOAK_FOLDER/ledger" || exit 1

count=${#samples[@]}
[ "$count" -ge 8 ] || { echo "error: a soak needs 80 seconds or more to tell whether memory grows" >&2; exit 2; }
middle() { printf '%s\n' "$@" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
early=$(middle "${samples[@]:count / 4:count / 4}")
late=$(middle "${samples[@]:count * 3 / 4}")
echo "memory: $early KiB in the second quarter, $late KiB in the last; honest app kept out $failed times"
if [ $((late - early)) -gt $((SLACK_KIB + early / 10)) ]; then
    echo "error: memory grows" >&2
    exit 1
fi
[ "$failed" -eq 0 ] || { echo "error: an honest app was kept out" >&2; exit 1; }
