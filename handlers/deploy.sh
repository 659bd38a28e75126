#!/bin/sh
# Started by: custom events named deploy:  consul event -name=deploy v42
# stdin:       an array of the events not handled before, oldest first, each Payload in base64; [] at
#              the agent's start, when there are none.
# environment: of the newest event: CONSUL_EVENT_NAME, CONSUL_EVENT_ID, CONSUL_EVENT_LTIME,
#              CONSUL_EVENT_PAYLOAD (decoded), and CONSUL_EVENT_COUNT; CONSUL_INDEX,
#              CONSUL_EVENT_PAYLOAD_KEY, the key of a reliable event's large payload;
#              CONSUL_WATCH_NAME, CONSUL_WATCH_TYPE, CONSUL_NODE, CONSUL_DATACENTER.
#              DEPLOY_DIR: the folder of the tour's deployed version (default /tmp/consul-deploy).
# exit code:   0 is success; any other code makes the watch retry, as its `retry` defines.
#              A reliable event (consul event -reliable) is acknowledged by it: 0 as done, a failure without
#              a further retry as failed.
# It must tolerate two runs for one event: a retry is a second run, and so is the run of a reliable
# event after the agent's end interrupted the first.
set -eu
cat >/dev/null
if [ -z "${CONSUL_EVENT_ID:-}" ]; then
  echo "no deployment requested yet"
  exit 0
fi
version=$CONSUL_EVENT_PAYLOAD
case $version in
  '' | *[!A-Za-z0-9._-]*) echo "\"$version\" is no version: use letters, digits, . _ -"; exit 1 ;;
esac
dir=${DEPLOY_DIR:-/tmp/consul-deploy}
mkdir -p "$dir"
printf '%s\n' "$version" >"$dir/current.new"
mv "$dir/current.new" "$dir/current"  # readers see the old version or the new one
echo "deployed $version on $CONSUL_NODE (event $CONSUL_EVENT_ID)"
