#!/bin/sh
# Started by: a watch of type keyprefix with `changes: true`.
# stdin:       {"Data": [entries] or null, "Changes": {"Added": [], "Modified": [], "Removed": []}};
#              each change has its Name (the key) with Old and New entries. Without `changes`, the
#              entries alone.
# environment: CONSUL_INDEX, CONSUL_WATCH_ADDED, CONSUL_WATCH_MODIFIED, CONSUL_WATCH_REMOVED (counts),
#              CONSUL_WATCH_NAME, CONSUL_WATCH_TYPE, CONSUL_NODE, CONSUL_DATACENTER.
# exit code:   0 is success.
set -eu
cat >/dev/null
echo "$CONSUL_WATCH_NAME: $CONSUL_WATCH_ADDED added, $CONSUL_WATCH_MODIFIED modified," \
  "$CONSUL_WATCH_REMOVED removed (index $CONSUL_INDEX)"
