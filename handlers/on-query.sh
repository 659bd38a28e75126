#!/bin/sh
# Started by: a watch of type query: another node asked `consul query NAME [payload]`.
# stdin:       an array of one question: ID, Name, Payload (base64), LTime.
# environment: CONSUL_INDEX, CONSUL_WATCH_NAME, CONSUL_WATCH_TYPE, CONSUL_NODE, CONSUL_DATACENTER.
# stdout:      the answer, about 900 bytes at most; more is cut off.
# exit code:   0 sends the answer; with another code this node does not answer.
set -eu
cat >/dev/null
uptime
