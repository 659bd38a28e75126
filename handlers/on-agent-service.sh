#!/bin/sh
# Started by: a watch of type agent_service.
# stdin:       the service as registered with this agent; null when it is not registered.
# environment: CONSUL_INDEX (a hash of the content, not a number), CONSUL_WATCH_NAME,
#              CONSUL_WATCH_TYPE, CONSUL_NODE, CONSUL_DATACENTER.
# exit code:   0 is success.
set -eu
echo "$CONSUL_WATCH_NAME: $(cat)"
