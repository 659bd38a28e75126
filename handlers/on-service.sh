#!/bin/sh
# Started by: a watch of type service; with `passingonly`, for healthy instances alone.
# stdin:       an array of instances, each with its Node, Service and Checks.
# environment: CONSUL_INDEX, CONSUL_WATCH_NAME, CONSUL_WATCH_TYPE, CONSUL_NODE, CONSUL_DATACENTER.
# exit code:   0 is success.
# A real handler would write a load balancer's configuration here, and reload the balancer.
set -eu
echo "$CONSUL_WATCH_NAME: $(grep -o '"Service":{' | wc -l) healthy"
