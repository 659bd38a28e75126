#!/bin/sh
# Started by: a watch of type nodes.
# stdin:       an array of the catalog's nodes with addresses and metadata.
# environment: CONSUL_INDEX, CONSUL_WATCH_NAME, CONSUL_WATCH_TYPE, CONSUL_NODE, CONSUL_DATACENTER.
# exit code:   0 is success.
set -eu
echo "nodes: $(tr ',{' '\n\n' | sed -n 's/^"Node":"\([^"]*\)".*/\1/p' | tr '\n' ' ')"
