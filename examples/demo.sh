#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job, live: two versions of a service behind a canary, on this machine. Starts the backends
# and `smic up` over a copy of examples/canary, plays traffic through it (demo_traffic.py), and ends
# all it started. Usage: demo.sh PATH/TO/smic
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
smic=${1:-build/bin/smic}

work=$(mktemp -d)
started=()
end_all() {
  local pid
  for pid in "${started[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2> /dev/null || true; done
  rm -rf "$work"
}
trap end_all EXIT
trap 'exit 130' INT TERM

give_up() {
  echo "demo: $1" >&2
  cat "$work"/*.log >&2
  exit 1
}

wait_for() {  # FILE TEXT PID
  local tries
  for tries in $(seq 200); do
    grep -q -- "$2" "$1" && return 0
    kill -0 "$3" 2> /dev/null || break
    sleep 0.05
  done
  give_up "it did not start"
}

# The pods of the example live on 127.0.0.x. If something else does too, they move to 127.0.N.x.
net=$(python3 - << 'PY'
import socket
def free(n):
    for last in (21, 22):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((f"127.0.{n}.{last}", 9080))
            except OSError:
                return False
    return True
print(next((n for n in range(255) if free(n)), 0))
PY
)
cp -r examples/canary "$work/canary"
sed -i "s/127\.0\.0\./127.0.$net./g" "$work/canary/endpoints.yaml"

for version in 1 2; do
  "$smic" echo --listen "127.0.$net.2$version:9080" --name "reviews-v$version" \
    > "$work/echo$version.log" 2>&1 &
  started+=($!)
  wait_for "$work/echo$version.log" ':9080$' $!
done
"$smic" up "$work/canary" --admin 127.0.0.1:0 > "$work/up.log" 2>&1 &
started+=($!)
wait_for "$work/up.log" 'admin: http://' $!

sed -n '1,/^$/!{/admin:/q;p}' "$work/up.log"
python3 examples/demo_traffic.py --admin "$(sed -n 's/.*admin: http:\/\///p' "$work/up.log" | head -n 1)" \
  --web "127.0.$net.11" --batch "127.0.$net.12" --split "$work/canary/split.yaml" --log "$work/up.log"
