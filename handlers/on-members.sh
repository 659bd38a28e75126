#!/bin/sh
# Started by: a watch of type members: a node joined, left, failed, changed its tags, or was forgotten.
# stdin:       an array of the pool's members: Name, Addr, Port, Tags, Status (1 alive, 2 leaving, 3 left,
#              4 failed).
# environment: CONSUL_INDEX, CONSUL_WATCH_NAME, CONSUL_WATCH_TYPE, CONSUL_NODE, CONSUL_DATACENTER.
# exit code:   0 is success.
set -eu
# One line per member: its name and its status.
tr '{' '\n' | sed -n 's/^"Name":"\([^"]*\)".*/\1/p' | tr '\n' ' ' | sed 's/^/members: /; s/ $/\n/'
