# Members that may not join: another datacenter, a second holder of a name or of an ID.
. "$(dirname "$0")/lib.sh"
real srv 127.0.0.1 -server -bootstrap
until_true has_leader 127.0.0.1
own o2 127.0.0.2 -retry-join 127.0.0.1
for ip in 1 2; do until_members 127.0.0.$ip "o2=alive srv=alive"; done

echo "# another datacenter"
own far 127.0.0.3 -datacenter dc2
until_true curl -s http://127.0.0.3:8500/v1/agent/self
"$OURS" join -http-addr 127.0.0.3:8500 127.0.0.1 2>&1 | grep -o "part of wrong datacenter .*"
"$OURS" join -http-addr 127.0.0.3:8500 127.0.0.2 2>&1 | grep -o "part of wrong datacenter .*"
real far4 127.0.0.4 -datacenter dc2
until_true curl -s http://127.0.0.4:8500/v1/agent/self
"$OURS" join -http-addr 127.0.0.4:8500 127.0.0.2 2>&1 | grep -o "part of wrong datacenter .*"
for ip in 1 2; do until_members 127.0.0.$ip "o2=alive srv=alive"; done

echo "# a second holder of a name"
mkdir -p same && start "$OURS" same 127.0.0.5 -node o2
until_true curl -s http://127.0.0.5:8500/v1/agent/self
"$OURS" join -http-addr 127.0.0.5:8500 127.0.0.1 >/dev/null 2>&1
for ip in 1 2; do until_members 127.0.0.$ip "o2=alive srv=alive"; done
"$OURS" members -http-addr 127.0.0.1:8500 | awk '/o2/ { print $2 }'
until_true has_logged same "name conflict"
