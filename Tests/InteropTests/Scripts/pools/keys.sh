# An encrypted datacenter: rotation of the key from either side, and who may not join.
. "$(dirname "$0")/lib.sh"
old=$("$OURS" keygen)
new=$("$REAL" keygen)
newest=$("$OURS" keygen)
masked() { sed "s|$old|OLD|; s|$new|NEW|; s|$newest|NEWEST|" | sort; }
real srv 127.0.0.1 -server -bootstrap -encrypt "$old"
until_true has_leader 127.0.0.1
own o2 127.0.0.2 -retry-join 127.0.0.1 -encrypt "$old"
own o3 127.0.0.3 -retry-join 127.0.0.1 -encrypt "$old"
for ip in 1 2 3; do until_members 127.0.0.$ip "o2=alive o3=alive srv=alive"; done

echo "# rotation by the real command"
"$REAL" keyring -http-addr 127.0.0.1:8500 -install "$new"
"$REAL" keyring -http-addr 127.0.0.1:8500 -use "$new"
"$REAL" keyring -http-addr 127.0.0.1:8500 -remove "$old"
"$REAL" keyring -http-addr 127.0.0.1:8500 -list | masked
echo "# rotation by the own command"
"$OURS" keyring -http-addr 127.0.0.1:8500 -install "$newest"
"$OURS" keyring -http-addr 127.0.0.1:8500 -use "$newest"
"$OURS" keyring -http-addr 127.0.0.1:8500 -list -relay-factor 1 | masked
"$OURS" keyring -http-addr 127.0.0.1:8500 -list-primary | masked
"$OURS" keyring -http-addr 127.0.0.1:8500 -remove "$newest" 2>&1 | sort; echo "exit ${PIPESTATUS[0]}"
"$OURS" keyring -http-addr 127.0.0.2:8500 -list 2>&1; echo "exit $?"
for name in o2 o3; do stat -c '%a' "$name/serf/local.keyring"; masked <"$name/serf/local.keyring"; echo; done

echo "# a restarted agent has the new keys"
ended o2 KILL
own o2 127.0.0.2 -encrypt "$old"
for ip in 1 2 3; do until_members 127.0.0.$ip "o2=alive o3=alive srv=alive"; done
until_true has_logged o2 "keyring doesn't include key provided with -encrypt, using keyring"

echo "# strangers stay outside"
own plain 127.0.0.4
until_true curl -s http://127.0.0.4:8500/v1/agent/self
"$OURS" join -http-addr 127.0.0.4:8500 127.0.0.1 2>&1 | grep -o 'Encryption is.*\|EOF\|Failed to join any.*'
"$OURS" join -http-addr 127.0.0.4:8500 127.0.0.2 2>&1 | grep -o 'Encryption is.*\|EOF\|Failed to join any.*'
own wrong 127.0.0.5 -encrypt "$old"
until_true curl -s http://127.0.0.5:8500/v1/agent/self
"$REAL" join -http-addr 127.0.0.5:8500 127.0.0.2 2>&1 | tail -1
"$OURS" join -http-addr 127.0.0.2:8500 127.0.0.5 2>&1 | tail -1
for ip in 1 2; do until_members 127.0.0.$ip "o2=alive o3=alive srv=alive"; done
