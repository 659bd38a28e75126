"""The loads of locks, transactions and sessions, for `run`."""
import base64
import http.client
import json
import os
import statistics
import threading
import time

KEYS = int(os.environ.get("LOADED_KEYS", "100000"))
SESSIONS = int(os.environ.get("SESSIONS", "10000"))
PER_TXN = 64


def prepared(scratch, name, count, request):
    """A script for wrk that makes `count` requests before it begins and sends them in turn: the
    client must not be what is measured. `request` is Lua that gives the i-th."""
    path = os.path.join(scratch, f"{name}.lua")
    with open(path, "w") as f:
        f.write("local requests, n = {}, 0\n"
                "local run = string.format('%x-%s', os.time(), tostring({}):sub(8))\n"
                f"init = function()\n  for i = 1, {count} do\n{request}\n  end\nend\n"
                f"request = function()\n  n = n % {count} + 1\n  return requests[n]\nend\n")
    return path


def cas_script(scratch):
    """Compare-and-set of keys that are new to each run: the first of each two holds."""
    return prepared(scratch, "cas", 200000, (
        '    local key = "/v1/kv/cas/" .. run .. "/" .. math.floor((i + 1) / 2)\n'
        '    requests[i] = wrk.format("PUT", key .. "?cas=0", nil, "v" .. i)'))


def lock_script(scratch, name, session):
    """One session takes a key and lets it go, again and again."""
    return prepared(scratch, f"lock-{name}", 2000, (
        '    local verb = i % 2 == 0 and "release" or "acquire"\n'
        '    local key = "/v1/kv/lock/" .. math.floor((i + 1) / 2)\n'
        f'    requests[i] = wrk.format("PUT", key .. "?" .. verb .. "={session}", nil, "v")'))


def txn_script(scratch):
    """64 sets a transaction."""
    operations = [{"KV": {"Verb": "set", "Key": f"txn/{i}",
                          "Value": base64.b64encode(b"a value of some bytes").decode()}}
                  for i in range(PER_TXN)]
    # The values differ from one transaction to the next, because repeated values would change
    # nothing. Eight digits are base64 of six bytes.
    body = json.dumps(operations).replace('"Value": "', '"Value": "%08d')
    return prepared(scratch, "txn", 200, (
        f'    local text = ([==[{body}]==]):gsub("%%08d", string.format("%08d", i))\n'
        '    text = text:gsub("txn/", "txn/" .. i % 50 .. "/")\n'
        '    requests[i] = wrk.format("PUT", "/v1/txn", nil, text)'))


def measure_operations(agents, scratch, results, rounds, wrk):
    for agent in agents:
        agent.ask("PUT", "/v1/kv/ready", b"1")
    loads = [("KV cas", lambda agent: cas_script(scratch)),
             ("KV acquire and release", lambda agent: lock_script(
                 scratch, agent.name, json.loads(agent.ask(
                     "PUT", "/v1/session/create", b'{"LockDelay":"0s"}'))["ID"])),
             ("txn of 64 sets", lambda agent: txn_script(scratch))]
    scripts = {(name, agent.name): make(agent) for name, make in loads for agent in agents}
    for _ in range(rounds):
        for name, _ in loads:
            for agent in agents:
                rate, cpu = wrk(agent, "/v1/kv/ready", scripts[name, agent.name])
                results.add(f"{name}, 64 connections, 1/s", agent.name, rate)
                results.add(f"{name}, server CPU each, us", agent.name, cpu)


def load_keys(agent):
    """Seconds to write all keys, 64 a transaction, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=60)
    value = base64.b64encode(b"x" * 100).decode()
    bodies = [json.dumps([{"KV": {"Verb": "set", "Key": f"loaded/{i:07}", "Value": value}}
                          for i in range(first, min(first + PER_TXN, KEYS))])
              for first in range(0, KEYS, PER_TXN)]
    begun = time.monotonic()
    for body in bodies:
        connection.request("PUT", "/v1/txn", body)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{agent.name}: {answer.status} to a transaction")
    connection.close()
    return time.monotonic() - begun


def measure_loading(binaries, scratch, results, Agent):
    """100,000 keys: written by transactions, held, listed."""
    for name, binary in binaries.items():
        agent = Agent(name, binary, scratch)
        results.add(f"{KEYS:,} keys by transactions, s", name, load_keys(agent))
        time.sleep(2)
        results.add(f"{KEYS:,} keys, memory, MB", name, agent.rss_mb())
        times = []
        for _ in range(5):
            begun = time.monotonic()
            agent.ask("GET", "/v1/kv/loaded/?recurse")
            times.append(time.monotonic() - begun)
        results.add(f"{KEYS:,} keys, ?recurse, s", name, statistics.median(times))
        agent.stop()


def measure_sessions(binaries, scratch, results, Agent):
    """Sessions with a TTL, each renewed every 5 seconds: the share of one core that takes."""
    for name, binary in binaries.items():
        agent = Agent(name, binary, scratch)
        connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=60)
        ids = []
        for _ in range(SESSIONS):
            connection.request("PUT", "/v1/session/create", b'{"TTL":"30s"}')
            ids.append(json.loads(connection.getresponse().read())["ID"])
        connection.close()
        over = time.monotonic() + 15

        def renew(mine):
            line = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=60)
            due = time.monotonic()
            for number in range(1 << 62):
                if time.monotonic() > over:
                    break
                line.request("PUT", f"/v1/session/renew/{mine[number % len(mine)]}")
                line.getresponse().read()
                due += 5 / len(mine)
                time.sleep(max(0, due - time.monotonic()))
            line.close()

        threads = [threading.Thread(target=renew, args=(ids[i::4],)) for i in range(4)]
        begun, before = time.monotonic(), agent.cpu_seconds()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        share = (agent.cpu_seconds() - before) / (time.monotonic() - begun) * 100
        results.add(f"{SESSIONS:,} sessions renewed every 5 s, % of a core", name, share)
        agent.stop()
