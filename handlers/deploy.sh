#!/bin/sh
# Started by: custom events named deploy:  consul event -name=deploy v42
# stdin:       an array of the events not handled before, oldest first, each Payload in base64; [] at
#              the agent's start, when there are none.
# environment: of the newest event: CONSUL_EVENT_NAME, CONSUL_EVENT_ID, CONSUL_EVENT_LTIME,
#              CONSUL_EVENT_PAYLOAD (decoded), and CONSUL_EVENT_COUNT; CONSUL_INDEX,
#              CONSUL_EVENT_PAYLOAD_KEY, where a large payload of a reliable event lies;
#              CONSUL_WATCH_NAME, CONSUL_WATCH_TYPE, CONSUL_NODE, CONSUL_DATACENTER.
#              DEPLOY_DIR: where the tour keeps what is deployed (default /tmp/consul-deploy).
# exit code:   0 is success; anything else makes the watch try again, as its `retry` says.
#              A reliable event (consul event -reliable) is acknowledged by it: 0 as done, a failure that
#              is not retried as failed.
# It must bear being run twice for one event: a retry is a second run, and so is a reliable event
# whose run was cut short by the agent's end.
set -eu
cat >/dev/null
if [ -z "${CONSUL_EVENT_ID:-}" ]; then
  echo "no deployment asked for yet"
  exit 0
fi
version=$CONSUL_EVENT_PAYLOAD
case $version in
  '' | *[!A-Za-z0-9._-]*) echo "\"$version\" is no version: use letters, digits, . _ -"; exit 1 ;;
esac
dir=${DEPLOY_DIR:-/tmp/consul-deploy}
mkdir -p "$dir"
printf '%s\n' "$version" >"$dir/current.new"
mv "$dir/current.new" "$dir/current"  # readers see the old version or the new one, nothing between
echo "deployed $version on $CONSUL_NODE (event $CONSUL_EVENT_ID)"
