# Own agents answer questions by watches of type query, and follow the members by watches of type
# members.
. "$(dirname "$0")/lib.sh"
mkdir -p watches
cat >watches/all.yaml <<'YAML'
watches:
  - type: query
    name: whoami
    args: [sh, -c, 'echo "$CONSUL_NODE"']
  - type: query
    name: payload
    args: [sh, -c, 'tr "," "\n" | sed -n "s/.*\"Payload\":\"\(.*\)\"/\1/p"']
  - type: query
    name: fails
    args: [sh, -c, 'echo no answer; exit 1']
  - type: query
    name: long
    args: [sh, -c, 'head -c 5000 /dev/zero | tr "\0" x']
  - type: members
    changes: true
    args: [sh, -c, 'cat >>members.log']
YAML
for n in 1 2 3; do
  own "own$n" 127.0.0.$n -config-dir watches -enable-local-script-checks -retry-join 127.0.0.1
done
for n in 1 2 3; do until_members 127.0.0.$n "own1=alive own2=alive own3=alive"; done

ask() { "$OURS" query -http-addr 127.0.0.2:8500 "$@" | sort; }
echo "# every node answers"
ask whoami
echo "# one node answers, to one question after the other"
(
  for payload in one two three; do ask -no-ack -node own3 -timeout 2s payload "$payload" & done
  wait
) | sort
echo "# a handler that fails does not answer; a long answer is cut"
ask -no-ack -timeout 1s fails
ask -no-ack -node own1 -timeout 1s long | awk '{ print length($0) }'
echo "# names of Serf itself are refused"
ask _serf_install-key 2>&1
echo "# the watch of the members has seen a failure"
ended own3 KILL
until_members 127.0.0.1 "own1=alive own2=alive own3=failed"
until_true grep -q '"Name":"own3".*"Status":4' members.log
