#!/bin/sh
# Started by: a watch of type key.
# stdin:       the entry as JSON, its Value in base64; null when the key is absent or was deleted.
# environment: CONSUL_INDEX, CONSUL_WATCH_NAME, CONSUL_WATCH_TYPE, CONSUL_NODE, CONSUL_DATACENTER.
# exit code:   0 is success; any other code is logged as an error, and retried if the watch says so.
set -eu
data=$(cat)
if [ "$data" = null ]; then
  echo "$CONSUL_WATCH_NAME: the key is absent (index $CONSUL_INDEX)"
  exit 0
fi
key=$(printf '%s' "$data" | sed -n 's/.*"Key":"\([^"]*\)".*/\1/p')
value=$(printf '%s' "$data" | sed -n 's/.*"Value":"\([^"]*\)".*/\1/p' | base64 -d)
echo "$key is now: $value"
