"""costs - what a program does for each request, counted and not timed: each machine says the same.

Instructions are counted by valgrind's callgrind, the bytes that memcpy and its kin copy by its
DHAT, and system calls by strace. A program runs twice under each, and is asked more often the
second time: the difference is what the requests took, without its start and its end.
"""
import contextlib
import http.client
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import processes

FEW, MANY = 20, 120
TOOLS = {
    "instructions": (["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"],
                     r"Collected : (\d+)"),
    "bytes copied": (["valgrind", "--tool=dhat", "--mode=copy", "--dhat-out-file=/dev/null"],
                     r"Total: +([\d,]+) bytes"),
    "system calls": (["strace", "-f", "-c", "-U", "calls,name"], r"(\d+) total"),
}
PATIENCE = 120  # a program runs 50 times slower under valgrind


def missing_tool(what):
    """Why `what` cannot be counted here, or "". strace needs a right that containers may lack."""
    try:
        subprocess.run([*TOOLS[what][0], "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as why:
        return f"{TOOLS[what][0][0]} does not work here: {why}"
    return ""


def total(what, command, port, ask, times):
    """Of a whole run of `command`, which listens on `port` and is asked so many times."""
    tool, pattern = TOOLS[what]
    with subprocess.Popen([*tool, *map(str, command)], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        try:
            connection = connect(port, run)
            for number in range(times):
                ask(connection, number)
            connection.close()
            # strace ends with its program; valgrind is the program.
            traced = processes.family(run.pid)[-1] if tool[0] == "strace" else run.pid
            os.kill(traced, signal.SIGTERM)
            said = run.communicate(timeout=PATIENCE)[1]
        except BaseException:
            run.kill()
            raise
    return int(re.search(pattern, re.sub(" +", " ", said))[1].replace(",", ""))


def connect(port, run):
    end = time.monotonic() + PATIENCE
    while run.poll() is None and time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        with contextlib.suppress(OSError):
            connection.connect()
            return connection
        time.sleep(0.02)
    raise RuntimeError(f"{run.args} does not come up")


def each(what, program, ask):
    """What one request takes. `program(port)` is the command, `ask(connection, number)` asks."""
    counts = []
    for times in (FEW, MANY):
        port = processes.free_port()
        counts.append(total(what, program(port), port, ask, times))
    return (counts[1] - counts[0]) / (MANY - FEW)


def asking(method, target, body=None, headers=None, status=200):
    """An `ask`, which sees to it that the answer is the one that is meant. {n} in `body`: which."""
    def ask(connection, number):
        sent = body and body.replace("{n}", str(number))
        connection.request(method, target, sent, headers or {})
        answer = connection.getresponse()
        answer.read()
        if answer.status != status:
            raise RuntimeError(f"{method} {target}: {answer.status}")
    return ask


def nginx(folder, port):
    """The command of one that is a single process."""
    config = Path(folder) / "nginx-alone.conf"
    config.write_text("master_process off;" + processes.NGINX.format(
        port=port, folder=folder, workers=1))
    return processes.nginx_command(folder, config)
