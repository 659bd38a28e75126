#!/bin/sh
# Started by: a watch of type services.
# stdin:       an object: each service's name with the list of its tags.
# environment: CONSUL_INDEX, CONSUL_WATCH_NAME, CONSUL_WATCH_TYPE, CONSUL_NODE, CONSUL_DATACENTER.
# exit code:   0 is success.
set -eu
echo "services: $(cat)"
