#!/usr/bin/env python3
"""A check type "disk" for Consul: the used space of a file system. Python 3, standard library only.

Put this file into plugin_dir, executable, and write:

    check:
      name: root disk
      type: disk
      config: {path: /, warn_percent: 80, critical_percent: 90}
      interval: 30s

It passes below warn_percent, warns from there on, and is critical from critical_percent on.

The agent starts the program once and exchanges lines of JSON with it (Plugins/External has the
protocol). The main thread reads requests, and each has a thread of its own: a file system that hangs,
such as a network share, then delays no other probe.
"""
import json
import os
import sys
import threading

writing = threading.Lock()

HELLO = {
    "type": "hello",
    "protocol": 1,
    "name": "disk-space",
    "version": "1.0.0",
    "checks": [
        {
            "type": "disk",
            "config": {
                "type": "object",
                "required": ["path"],
                "properties": {
                    "path": {"type": "string", "description": "any file on the file system"},
                    "warn_percent": {"type": "number", "default": 80},
                    "critical_percent": {"type": "number", "default": 90},
                },
            },
        }
    ],
}


def say(message):
    """One message, one line, at once: without flush the agent would wait."""
    with writing:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def probe(request):
    config = request["config"]
    path = config["path"]
    try:
        found = os.statvfs(path)
    except OSError as error:
        return "critical", "%s: %s" % (path, error.strerror)
    # Counts as df does: space reserved for root is neither used nor available.
    used = found.f_blocks - found.f_bfree
    usable = used + found.f_bavail
    percent = 100.0 * used / usable if usable else 0.0
    free = found.f_bavail * found.f_frsize / 2**30
    output = "%s is %.1f%% full, %.1f GiB free" % (path, percent, free)
    if percent >= config["critical_percent"]:
        return "critical", output
    if percent >= config["warn_percent"]:
        return "warning", output
    return "passing", output


def answer(request):
    status, output = probe(request)
    say({"type": "result", "id": request["id"], "status": status, "output": output})


def main():
    # The end of the input means that the agent is gone: the program ends too.
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "hello":
            say(HELLO)
        elif message["type"] == "probe":
            threading.Thread(target=answer, args=(message,), daemon=True).start()
        elif message["type"] == "shutdown":
            break
        # "cancel": a statvfs cannot be interrupted; the agent ignores its late answer.


if __name__ == "__main__":
    main()
