"""The loads of gossip pools, for `run`: agents on loopback addresses of their own."""
import http.client
import json
import os
import re
import signal
import subprocess
import time

PORT = 18500
MANY = int(os.environ.get("POOL_MEMBERS", "200"))
LOST = MANY // 10
IDLE_SECONDS = int(os.environ.get("IDLE_SECONDS", "20"))
ALIVE, LEFT, FAILED = 1, 3, 4


class Member:
    """A member on an address of its own: a server, or a client agent that joins another member."""

    def __init__(self, binary, scratch, ip, server=False, join=None):
        self.ip = ip
        folder = os.path.join(scratch, f"pool-{os.path.basename(binary)}-{ip}")
        os.makedirs(folder, exist_ok=True)
        words = [binary, "agent", f"-node=m-{ip}", f"-bind={ip}", f"-client={ip}",
                 f"-data-dir={folder}", f"-http-port={PORT}", "-dns-port=-1", "-log-level=err",
                 "-disable-host-node-id", "-retry-interval=1s"]
        words += ["-server", "-bootstrap"] if server else []
        words += [f"-retry-join={join}"] if join else []
        with open(os.path.join(scratch, f"pool-{ip}.log"), "ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log)

    def members(self):
        """Name to status; empty while the agent does not answer."""
        connection = http.client.HTTPConnection(self.ip, PORT, timeout=5)
        try:
            connection.request("GET", "/v1/agent/members")
            return {m["Name"]: m["Status"] for m in json.load(connection.getresponse())}
        except (OSError, ValueError):
            return {}
        finally:
            connection.close()

    def sees(self, status, count):
        return sum(s == status for s in self.members().values()) == count

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) / 1024

    def stop(self):
        self.process.kill()
        self.process.wait()


def wait(seconds, condition):
    """Waits for a condition; returns the seconds that it took, or None."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if condition():
            return time.monotonic() - begun
        time.sleep(0.02)
    return None


def small(name, binary, scratch, results, base):
    """Three members: idle cost of a client agent, and the detection of a kill -9."""
    ips = [f"127.0.{base}.{i}" for i in (1, 2, 3)]
    members = [Member(binary, scratch, ips[0], server=True)]
    try:
        wait(30, lambda: members[0].sees(ALIVE, 1))
        members += [Member(binary, scratch, ip, join=ips[0]) for ip in ips[1:]]
        if wait(60, lambda: all(m.sees(ALIVE, 3) for m in members)) is None:
            return print(f"warning: the pool of three of {name} did not form")
        time.sleep(5)
        before = members[1].cpu_seconds()
        time.sleep(IDLE_SECONDS)
        used = members[1].cpu_seconds() - before
        results.add("pool of 3, idle client's CPU, ms/s", name, used / IDLE_SECONDS * 1e3)
        results.add("pool of 3, idle client's memory, MB", name, members[1].rss_mb())
        members[2].stop()
        took = wait(60, lambda: all(m.sees(FAILED, 1) for m in members[:2]))
        results.add("pool of 3, kill -9 known to all, s", name, took or 60)
    finally:
        for member in members:
            member.stop()


def many(name, binary, scratch, results, base):
    """Many members form one pool, and lose a tenth at once."""
    ips = [f"127.0.{base + i // 200}.{i % 200 + 1}" for i in range(MANY)]
    begun = time.monotonic()
    members = [Member(binary, scratch, ips[0])]
    try:
        members += [Member(binary, scratch, ip, join=ips[0]) for ip in ips[1:]]
        started = time.monotonic()
        # The last member that knows all: asked again only until it does.
        left = list(members)
        while left and time.monotonic() - begun < 120:
            left = [m for m in left if not m.sees(ALIVE, MANY)]
        formed = time.monotonic()
        results.add(f"pool of {MANY}, last start to one pool, s", name, formed - started)
        results.add(f"pool of {MANY}, first start to one pool, s", name, formed - begun)
        dead = members[1:1 + LOST]
        for member in dead:
            member.process.send_signal(signal.SIGKILL)
        alive = [members[0]] + members[1 + LOST:]
        names = {f"m-{m.ip}" for m in dead}
        killed = time.monotonic()
        left = list(alive)
        false = set()
        while left and time.monotonic() - killed < 120:
            still = []
            for member in left:
                failed = {n for n, s in member.members().items() if s == FAILED}
                false |= failed - names
                if not names <= failed:
                    still.append(member)
            left = still
        results.add(f"pool of {MANY}, {LOST} killed, known to all, s", name,
                    time.monotonic() - killed)
        results.add(f"pool of {MANY}, live members declared dead", name, len(false))
    finally:
        for member in members:
            member.stop()


def measure(binaries, scratch, results):
    for number, (name, binary) in enumerate(binaries.items()):
        small(name, binary, scratch, results, 10 + number)
    # HashiCorp's agent needs more memory for 200 of it than most machines have.
    many("ours", binaries["ours"], scratch, results, 20)
