#!/usr/bin/env python3
"""A command "kv-size" for Consul: counts the keys and bytes below a prefix. Python 3, standard library.

Put this file into a folder, executable, and run:

    export CONSUL_PLUGIN_DIR=/etc/consul/plugins
    consul kv-size app/

Without arguments the program answers the hello, as every plugin. With arguments it is the command:
the first word is the command's name, the others are its arguments. It replaces the `consul` process,
so its streams, signals and exit code are its own.
"""
import base64
import http.client
import json
import os
import socket
import ssl
import sys
import urllib.parse

NAME = "kv-size"


def protocol():
    """Answers the hello; ends with the shutdown or the end of input."""
    for line in sys.stdin:
        kind = json.loads(line).get("type")
        if kind == "hello":
            synopsis = "Shows how many keys and bytes are below a prefix"
            commands = [{"name": NAME, "synopsis": synopsis}]
            print(json.dumps({"type": "hello", "protocol": 1, "name": NAME, "version": "1.0.0",
                              "commands": commands}), flush=True)
        elif kind == "shutdown":
            return 0
    return 0


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket: CONSUL_HTTP_ADDR=unix:///run/consul.sock."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def connection():
    """The agent that `consul` itself would ask. The address is always set."""
    address = os.environ["CONSUL_HTTP_ADDR"]
    if address.startswith("unix://"):
        return UnixConnection(address[len("unix://"):])
    url = urllib.parse.urlsplit(address if "://" in address else "http://" + address)
    if url.scheme == "https" or os.environ.get("CONSUL_HTTP_SSL") == "true":
        context = ssl.create_default_context(cafile=os.environ.get("CONSUL_CACERT"))
        return http.client.HTTPSConnection(url.hostname, url.port or 8501, context=context)
    return http.client.HTTPConnection(url.hostname, url.port or 8500)


def command(words):
    if len(words) != 1 or words[0] in ("-h", "-help", "--help"):
        print("Usage: consul %s PREFIX" % NAME, file=sys.stderr)
        return 0 if words[:1] != [] and words[0].startswith("-") else 1
    headers = {}
    if os.environ.get("CONSUL_HTTP_TOKEN"):
        headers["X-Consul-Token"] = os.environ["CONSUL_HTTP_TOKEN"]
    agent = connection()
    agent.request("GET", "/v1/kv/%s?recurse" % urllib.parse.quote(words[0]), headers=headers)
    answer = agent.getresponse()
    if answer.status not in (200, 404):
        print("Error: %s" % answer.read().decode().strip(), file=sys.stderr)
        return 1
    entries = json.load(answer) if answer.status == 200 else []
    size = sum(len(base64.b64decode(entry["Value"] or "")) for entry in entries)
    print("%d keys, %d bytes" % (len(entries), size))
    return 0


if __name__ == "__main__":
    sys.exit(command(sys.argv[2:]) if sys.argv[1:] else protocol())
