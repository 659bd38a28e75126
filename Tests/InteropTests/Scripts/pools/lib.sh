# Functions for the pools of real and own agents. Sourced by each script, which runs in network and
# process namespaces of its own (see PoolTests.swift): all processes end with it.
#
# Environment: OURS, REAL, SERF (programs), WORK (an empty folder).
set -u
ip link set lo up
cd "$WORK"

# own NAME IP FLAG… | real NAME IP FLAG…: starts an agent, in the background.
own() { start "$OURS" "$@"; }
real() { start "$REAL" "$@"; }
start() {
  local program=$1 name=$2 ip=$3
  shift 3
  mkdir -p "$name"
  "$program" agent -node "$name" -bind "$ip" -client "$ip" -data-dir "$name" \
    -retry-interval 1s -log-level debug "$@" >>"$name.log" 2>&1 &
  eval "pid_$name=$!"
}

# ended NAME SIGNAL: ends an agent and waits for it.
ended() {
  local pid
  eval "pid=\$pid_$1"
  kill "-$2" "$pid"
  wait "$pid" 2>/dev/null
}

# Output of `members` as `name=status`, sorted: by either program, it must be the same.
members() { "${2:-$OURS}" members -http-addr "$1:8500" 2>/dev/null |
  awk 'NR > 1 { print $1 "=" $3 }' | sort | tr '\n' ' ' | sed 's/ $//'; }

# until_members IP TEXT: waits for a list, and prints it; prints what there is after a minute.
until_members() {
  local found
  for _ in $(seq 240); do
    found=$(members "$1")
    [ "$found" = "$2" ] && break
    sleep 0.25
  done
  echo "$1: $found"
}

# until_true COMMAND…: waits for a minute at most.
until_true() {
  for _ in $(seq 240); do "$@" >/dev/null 2>&1 && return 0; sleep 0.25; done
  echo "never: $*"
}

# has_event IP NAME, and the events of an agent by name.
events() { curl -s "http://$1:8500/v1/event/list" |
  grep -o '"Name":"[^"]*"' | cut -d'"' -f4 | sort | tr '\n' ' '; }
has_event() { events "$1" | grep -q "$2"; }
has_leader() { curl -s "http://$1:8500/v1/status/leader" | grep -q :; }
has_logged() { grep -q -- "$2" "$1.log"; }
