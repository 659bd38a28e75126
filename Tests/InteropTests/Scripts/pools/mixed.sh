# One datacenter of a real server, a real client and two own agents: joins, events both ways,
# reachability, a stopped, a killed and a leaving member.
. "$(dirname "$0")/lib.sh"
real srv 127.0.0.1 -server -bootstrap
until_true has_leader 127.0.0.1
own o2 127.0.0.2 -retry-join 127.0.0.1
own o3 127.0.0.3 -retry-join 127.0.0.2
real r4 127.0.0.4 -retry-join 127.0.0.3
everyone="o2=alive o3=alive r4=alive srv=alive"
for ip in 1 2 3 4; do until_members 127.0.0.$ip "$everyone"; done

echo "# events"
"$REAL" event -http-addr 127.0.0.1:8500 -name from-real payload >/dev/null
"$OURS" event -http-addr 127.0.0.2:8500 -name from-own payload >/dev/null
for ip in 2 3; do
  until_true has_event 127.0.0.$ip from-real
  until_true has_event 127.0.0.$ip from-own
  echo "127.0.0.$ip: $(events 127.0.0.$ip)"
done
until_true has_event 127.0.0.1 from-own
until_true has_event 127.0.0.4 from-own

echo "# reachability"
"$OURS" reachability -http-addr 127.0.0.3:8500

echo "# a member stops for five seconds"
kill -STOP "$pid_o3"
sleep 5
kill -CONT "$pid_o3"
for ip in 1 2 3 4; do until_members 127.0.0.$ip "$everyone"; done

echo "# a member is killed"
ended o3 KILL
for ip in 1 2 4; do until_members 127.0.0.$ip "o2=alive o3=failed r4=alive srv=alive"; done
"$OURS" force-leave -http-addr 127.0.0.2:8500 o3
for ip in 1 2 4; do until_members 127.0.0.$ip "o2=alive o3=left r4=alive srv=alive"; done

echo "# it comes back by its snapshot"
own o3 127.0.0.3
for ip in 1 2 3 4; do until_members 127.0.0.$ip "$everyone"; done

echo "# members leave"
"$REAL" leave -http-addr 127.0.0.2:8500
"$OURS" leave -http-addr 127.0.0.4:8500
for ip in 1 3; do until_members 127.0.0.$ip "o2=left o3=alive r4=left srv=alive"; done
