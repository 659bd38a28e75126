#!/bin/sh
# Started by: a watch of type checks, of one state or one service.
# stdin:       an array of checks with their Status and Output.
# environment: CONSUL_INDEX, CONSUL_WATCH_NAME, CONSUL_WATCH_TYPE, CONSUL_NODE, CONSUL_DATACENTER.
# exit code:   0 is success.
# A real handler would send a message to the operator on duty here.
set -eu
names=$(tr ',{' '\n\n' | sed -n 's/^"CheckID":"\([^"]*\)".*/\1/p' | tr '\n' ' ')
echo "$CONSUL_WATCH_NAME: ${names:-none}"
