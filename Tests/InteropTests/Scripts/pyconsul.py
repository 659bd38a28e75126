"""Performs the calls of py-consul (a Python client of Consul's API) against an agent.

    python3 pyconsul.py PORT

Prints a line for each call: its name, and what came of it, with all that differs from run to run
masked. Two agents do alike when they print the same. A name in brackets names the section of
DifferencesFromHashiCorpConsul.md that says why this outcome differs; then only the name is printed.
"""

import base64
import json
import re
import sys
import threading
import time
import urllib.request

import consul

PORT = int(sys.argv[1])
c = consul.Consul(host="127.0.0.1", port=PORT)
INDEX_NAMES = {"CreateIndex", "ModifyIndex", "LTime", "Index", "LockIndex", "ContentHash"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def masked(value, name=""):
    """Without what differs from run to run: indexes, IDs, ports."""
    if name in INDEX_NAMES:
        return "#"
    if isinstance(value, dict):
        return {k: masked(v, k) for k, v in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [masked(v) for v in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        if value.isdigit() and name == "":
            return "#"
        text = UUID.sub("<uuid>", value)
        text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:<port>", text)
        return re.sub(r"\bindex \d+|index=\d+", "index #", text)
    return value


def call(name, body):
    mark = re.match(r"\[(.+)\] ", name)
    try:
        outcome = json.dumps(masked(body()), sort_keys=True)
    except Exception as error:  # the outcome of a call that fails
        outcome = f"{type(error).__name__}: {masked(str(error), 'error')}"
    print(name if mark else f"{name} -> {outcome}", flush=True)


def eventually(body):
    for _ in range(200):
        try:
            if body():
                return
        except Exception:
            pass
        time.sleep(0.05)


def kv():
    call("kv.get of nothing", lambda: c.kv.get("none"))
    call("kv.put", lambda: c.kv.put("a", "one"))
    call("kv.put bytes", lambda: c.kv.put("bytes", b"\x00\xff"))
    call("kv.put none", lambda: c.kv.put("empty", None))
    call("kv.put flags", lambda: c.kv.put("flags", "f", flags=42))
    call("kv.get", lambda: c.kv.get("a"))
    call("kv.get empty", lambda: c.kv.get("empty"))
    call("kv.get flags", lambda: c.kv.get("flags"))
    call("kv.put unicode", lambda: c.kv.put("ключ/é", "значение"))
    call("kv.get unicode", lambda: c.kv.get("ключ/é"))
    for key in ("t/a", "t/b", "t/c/d"):
        call(f"kv.put {key}", lambda: c.kv.put(key, key))
    call("kv.get recurse", lambda: c.kv.get("t/", recurse=True))
    call("kv.get keys", lambda: c.kv.get("t/", keys=True))
    call("kv.get keys separator", lambda: c.kv.get("t/", keys=True, separator="/"))
    call("kv.get stale", lambda: c.kv.get("a", consistency="stale"))
    call("kv.get consistent", lambda: c.kv.get("a", consistency="consistent"))
    index = int(c.kv.get("a")[1]["ModifyIndex"])
    call("kv.put cas wrong", lambda: c.kv.put("a", "two", cas=index + 1))
    call("kv.put cas 0", lambda: c.kv.put("a", "two", cas=0))
    call("kv.put cas", lambda: c.kv.put("a", "two", cas=index))
    call("kv.put cas new", lambda: c.kv.put("new", "two", cas=0))
    call("kv.get index wait", lambda: c.kv.get("a", index=c.kv.get("a")[0], wait="10ms"))

    def blocking():
        index = c.kv.get("a")[0]
        later = consul.Consul(host="127.0.0.1", port=PORT)
        timer = threading.Timer(0.2, lambda: later.kv.put("a", "three"))
        timer.start()
        found = c.kv.get("a", index=index, wait="30s")
        timer.join()
        return found[0] != index, found[1]["Value"]

    call("kv.get blocks", blocking)
    call("kv.delete", lambda: c.kv.delete("a"))
    call("kv.delete nothing", lambda: c.kv.delete("a"))
    call("kv.delete cas", lambda: c.kv.delete("flags", cas=1))
    call("kv.delete recurse", lambda: c.kv.delete("t", recurse=True))
    call("kv.get after", lambda: c.kv.get("", keys=True))
    call("kv.put other dc", lambda: c.kv.put("x", "y", dc="nowhere"))
    call("kv.get other dc", lambda: c.kv.get("x", dc="nowhere"))
    call("kv.put too large", lambda: c.kv.put("large", "x" * (600 << 10)))


def sessions():
    made = {}

    def create(name, **options):
        made[name] = c.session.create(**options)
        return made[name]

    call("session.create", lambda: create("plain"))
    call("session.create named", lambda: create(
        "named", name="n", lock_delay=1, behavior="delete", ttl=20))
    call("session.create node", lambda: create("node", node="interop"))
    call("session.create other node", lambda: create("other", node="nobody"))
    call("session.create checks", lambda: create("checks", checks=["serfHealth"]))
    call("session.create bad check", lambda: create("bad", checks=["nope"]))
    call("session.info", lambda: c.session.info(made["named"]))
    call("session.info none", lambda: c.session.info(
        "00000000-0000-0000-0000-000000000000"))
    call("session.info odd", lambda: c.session.info("odd"))
    call("session.list", lambda: sorted(
        (masked(s) for s in c.session.list()[1]), key=json.dumps))
    call("session.node", lambda: len(c.session.node("interop")[1]))
    call("session.renew", lambda: c.session.renew(made["named"]))
    call("session.renew odd", lambda: c.session.renew("11111111-1111-1111-1111-111111111111"))
    call("kv.put acquire", lambda: c.kv.put("lock", "v", acquire=made["plain"]))
    call("kv.put acquire taken", lambda: c.kv.put("lock", "w", acquire=made["named"]))
    call("kv.get locked", lambda: c.kv.get("lock"))
    call("kv.put release other", lambda: c.kv.put("lock", "w", release=made["named"]))
    call("kv.put release", lambda: c.kv.put("lock", "w", release=made["plain"]))
    call("kv.put acquire odd", lambda: c.kv.put("lock", "w", acquire="odd"))
    call("kv.put acquire delete", lambda: c.kv.put("gone", "v", acquire=made["named"]))
    call("session.destroy", lambda: [c.session.destroy(made[n]) for n in sorted(made)])
    call("kv.get gone", lambda: c.kv.get("gone"))
    call("session.list empty", lambda: c.session.list())


def transactions():
    def step(verb, key, value=None, **more):
        line = {"Verb": verb, "Key": key, **more}
        if value is not None:
            line["Value"] = base64.b64encode(value.encode()).decode()
        return {"KV": line}

    call("txn.put", lambda: c.txn.put([step("set", "t1", "x"), step("get", "t1")]))
    call("txn.put read", lambda: c.txn.put([step("get", "t1"), step("get-tree", "t")]))
    call("txn.put rolled back", lambda: c.txn.put([step("set", "t2", "x"), step("get", "no")]))
    call("txn.put cas", lambda: c.txn.put([step("cas", "t1", "y", Index=1)]))
    call("txn.put check", lambda: c.txn.put([step("check-not-exists", "t1")]))
    call("txn.put odd verb", lambda: c.txn.put([step("odd", "t1")]))
    call("txn.put empty", lambda: c.txn.put([]))
    call("txn.put many", lambda: c.txn.put([step("get", "t1")] * 65))
    call("txn.put delete", lambda: c.txn.put([step("delete-tree", "t")]))


def agent():
    call("agent.self", lambda: c.agent.self()["Config"]["Datacenter"])
    call("agent.services", lambda: c.agent.services())
    call("agent.checks", lambda: c.agent.checks())
    call("agent.members", lambda: [(m["Name"], m["Status"]) for m in c.agent.members()])
    call("agent.members wan", lambda: [m["Name"] for m in c.agent.members(wan=True)])
    call("agent.service.register", lambda: c.agent.service.register("web"))
    call("agent.service.register full", lambda: c.agent.service.register(
        "api", service_id="api1", address="10.0.0.1", port=80, tags=["a", "b"],
        meta={"k": "v"}, weights={"Passing": 3, "Warning": 1}, enable_tag_override=True,
        check=consul.Check.ttl("60s"),
        tagged_addresses={"lan": {"address": "10.0.0.2", "port": 81}}))
    call("agent.service.register tcp", lambda: c.agent.service.register(
        "db", port=PORT, check=consul.Check.tcp("127.0.0.1", PORT, "1s", timeout="1s")))
    call("agent.service.register http", lambda: c.agent.service.register(
        "page", port=PORT, check=consul.Check.http(
            f"http://127.0.0.1:{PORT}/v1/status/leader", "1s", deregister="10m",
            header={"X": ["y"]})))
    call("agent.service.register extra", lambda: c.agent.service.register(
        "two", check=consul.Check.ttl("60s"), extra_checks=[consul.Check.ttl("30s")]))
    call("agent.service.register again", lambda: c.agent.service.register(
        "two", check=consul.Check.ttl("60s"), replace_existing_checks=True))
    call("agent.service.register nameless", lambda: c.agent.service.register(""))
    call("agent.service.register script", lambda: c.agent.service.register(
        "s", check=consul.Check.script(["true"], "1s")))
    call("agent.services all", lambda: {
        k: v for k, v in c.agent.services().items() if k not in ("db", "page")})
    call("agent.services filter", lambda: sorted(c.agent.services(
        filter_expr='Service == "api"')))
    call("agent.service_definition", lambda: c.agent.service_definition("api1"))
    call("agent.service_definition none", lambda: c.agent.service_definition("nope"))
    call("agent.check.register", lambda: c.agent.check.register(
        "mem", check=consul.Check.ttl("60s"), notes="some"))
    call("agent.check.register service", lambda: c.agent.check.register(
        "own", check=consul.Check.ttl("60s"), check_id="own1", service_id="web"))
    call("agent.check.register no service", lambda: c.agent.check.register(
        "own", check=consul.Check.ttl("60s"), service_id="nope"))
    call("agent.check.ttl_pass", lambda: c.agent.check.ttl_pass("mem", notes="well"))
    call("agent.check.ttl_warn", lambda: c.agent.check.ttl_warn("service:api1", notes="so so"))
    call("agent.check.ttl_fail", lambda: c.agent.check.ttl_fail("own1", notes="broken"))
    call("agent.check.ttl_pass none", lambda: c.agent.check.ttl_pass("nope"))
    call("agent.checks all", lambda: {
        k: v for k, v in c.agent.checks().items() if not k.startswith("service:")})
    call("agent.checks filter", lambda: sorted(c.agent.checks(filter_expr='Status == "warning"')))
    call("agent.check.deregister", lambda: c.agent.check.deregister("mem"))
    call("agent.service.maintenance", lambda: c.agent.service.maintenance(
        "web", True, "tests"))
    call("agent.checks maintenance", lambda: c.agent.checks()["_service_maintenance:web"])
    call("agent.service.maintenance off", lambda: c.agent.service.maintenance("web", False))
    call("agent.service.maintenance none", lambda: c.agent.service.maintenance("nope", True))
    call("agent.maintenance", lambda: c.agent.maintenance(True, "tests"))
    call("agent.checks node", lambda: c.agent.checks()["_node_maintenance"])
    call("agent.maintenance off", lambda: c.agent.maintenance(False))
    call("[members] agent.join", lambda: c.agent.join("127.0.0.1:1"))
    call("agent.metrics", lambda: sorted(c.agent.metrics()))
    call("agent.metrics gauges", lambda: sorted(c.agent.metrics()["Gauges"][0]))
    call("agent.metrics prometheus", lambda: c.agent.metrics(format_prometheus=True))


def catalog():
    call("catalog.datacenters", lambda: c.catalog.datacenters())
    call("catalog.register", lambda: c.catalog.register(
        "n1", "10.1.1.1", service={"Service": "redis", "ID": "redis1", "Tags": ["m"], "Port": 8000},
        check={"Node": "n1", "CheckID": "redis1:up", "Name": "up", "Status": "passing",
               "ServiceID": "redis1"},
        node_meta={"rack": "1"}))
    call("catalog.register node", lambda: c.catalog.register("n2", "10.1.1.2"))
    call("catalog.register bad", lambda: c.catalog.register("", ""))
    call("catalog.nodes", lambda: [
        n for n in c.catalog.nodes()[1] if n["Node"] in ("n1", "n2")])
    call("catalog.nodes meta", lambda: [
        n["Node"] for n in c.catalog.nodes(node_meta={"rack": "1"})[1]])
    call("catalog.nodes stale", lambda: len(c.catalog.nodes(consistency="stale")[1]))
    eventually(lambda: "two" in c.catalog.services()[1])
    call("catalog.services", lambda: {
        k: sorted(v) for k, v in c.catalog.services()[1].items()})
    call("catalog.node", lambda: c.catalog.node("n1")[1])
    call("catalog.node none", lambda: c.catalog.node("nope")[1])
    call("catalog.service", lambda: c.catalog.service("redis")[1])
    call("catalog.service tag", lambda: c.catalog.service("redis", tag="x")[1])
    call("catalog.service none", lambda: c.catalog.service("nope")[1])
    call("[mesh] catalog.connect", lambda: c.catalog.connect("redis")[1])


def health():
    call("health.service", lambda: c.health.service("redis")[1])
    call("health.service passing", lambda: len(c.health.service("redis", passing=True)[1]))
    call("health.service tag", lambda: len(c.health.service("redis", tag="x")[1]))
    call("health.service none", lambda: c.health.service("nope")[1])
    call("health.checks", lambda: c.health.checks("redis")[1])
    call("health.node", lambda: c.health.node("n1")[1])
    call("health.state", lambda: sorted(
        x["CheckID"] for x in c.health.state("passing")[1] if x["Node"] == "n1"))
    call("health.state any", lambda: sorted(
        x["CheckID"] for x in c.health.state("any")[1] if x["Node"] == "n1"))
    call("health.state odd", lambda: c.health.state("unknown")[1])
    eventually(lambda: all(
        c.health.service(name, passing=True)[1] for name in ("db", "page")))
    call("health.service db", lambda: len(c.health.service("db", passing=True)[1]))
    call("health.service page", lambda: len(c.health.service("page", passing=True)[1]))
    eventually(lambda: c.health.checks("api")[1][0]["Status"] == "warning")
    call("health.checks api", lambda: c.health.checks("api")[1])
    call("catalog.deregister check", lambda: c.catalog.deregister("n1", check_id="redis1:up"))
    call("catalog.deregister service", lambda: c.catalog.deregister("n1", service_id="redis1"))
    call("catalog.deregister node", lambda: c.catalog.deregister("n1"))
    call("catalog.deregister none", lambda: c.catalog.deregister("nope"))
    for service in sorted(c.agent.services()):
        call(f"agent.service.deregister {service}", lambda: c.agent.service.deregister(service))
    call("agent.service.deregister none", lambda: c.agent.service.deregister("nope"))


def events():
    call("event.fire", lambda: c.event.fire("deploy", "v1"))
    call("event.fire node", lambda: c.event.fire("deploy", "v2", node="interop"))
    call("event.fire service", lambda: c.event.fire("other", service="web", tag="x"))
    call("event.fire bad", lambda: c.event.fire("bad", service="["))
    eventually(lambda: len(c.event.list()[1]) >= 2)
    call("event.list", lambda: c.event.list("deploy")[1])
    call("event.list none", lambda: c.event.list("nope")[1])


def servers():
    call("status.leader", lambda: c.status.leader())
    call("status.peers", lambda: c.status.peers())
    call("operator.raft_config", lambda: {
        k: v for s in c.operator.raft_config()["Servers"] for k, v in s.items() if k != "ID"})
    call("operator.raft_remove_peer", lambda: c.operator.raft_remove_peer(peer_id="nope"))
    call("[later] operator.autopilot_configuration",
         lambda: c.operator.autopilot_configuration())
    call("[later] operator.autopilot_health", lambda: c.operator.autopilot_health())
    call("[later] operator.keyring_list", lambda: c.operator.keyring_list())
    call("coordinate.datacenters", lambda: c.coordinate.datacenters())
    # Consul's agent sends this by itself, sooner or later.
    coordinate = {"Vec": [0] * 8, "Error": 1.5, "Height": 0.00001}
    update = json.dumps({"Node": "interop", "Coord": coordinate}).encode()
    urllib.request.urlopen(urllib.request.Request(
        f"http://127.0.0.1:{PORT}/v1/coordinate/update", update, method="PUT"))
    eventually(lambda: c.coordinate.nodes()[1])
    call("coordinate.nodes", lambda: c.coordinate.nodes()[1])
    call("coordinate.node", lambda: c.coordinate.node("interop")[1])
    call("coordinate.node none", lambda: c.coordinate.node("none"))
    call("[later] query.list", lambda: c.query.list())
    call("[later] query.create", lambda: c.query.create("web", name="q"))
    call("[later] query.execute", lambda: c.query.execute("q"))
    call("[mesh] connect.ca.roots", lambda: c.agent.connect.ca.roots())
    # Last: under -dev, a reload removes Consul's registrations through the API.
    call("agent.reload", lambda: c.agent.reload())


kv()
sessions()
transactions()
agent()
catalog()
health()
events()
servers()
