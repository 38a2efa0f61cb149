"""proxy_test - two servers behind HAProxy, restarted in turn under load, and no client notices.

The clients try nothing again: the proxy is always there, and it has one server that is ready. Each
server has a database of its own, for a file is served by one process alone.
"""
import contextlib
import shutil
import socket
import subprocess
import unittest
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from drain_test import Load, stored
from support import PATIENCE, Server, free_port, main, size, until

RESTARTS = size(6, 20)
CONFIGURATION = """
global
    stats socket {folder}/haproxy.sock
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout check 5s
    option redispatch
frontend clients
    bind 127.0.0.1:{port}
    default_backend servers
backend servers
    option httpchk GET /readyz
    http-check expect status 200
    default-server check inter 100ms fall 1 rise 1
    server one 127.0.0.1:{one}
    server other 127.0.0.1:{other}
"""


@unittest.skipUnless(shutil.which("haproxy"), "HAProxy is not installed")
class Proxy(unittest.TestCase):
    def serve(self):
        folder = Path(self.enterContext(TemporaryDirectory()))
        return self.enterContext(Server("--store", "sqlite:comments.db", "--drain-delay", "1",
                                        folder=folder, port=free_port()))

    def proxy_to(self, one, other):
        """Starts HAProxy; its port."""
        self.folder, port = Path(self.enterContext(TemporaryDirectory())), free_port()
        file = self.folder / "haproxy.cfg"
        file.write_text(CONFIGURATION.format(folder=self.folder, port=port, one=one.port,
                                             other=other.port))
        process = subprocess.Popen(["haproxy", "-db", "-q", "-f", file],
                                   stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.terminate)
        return port

    def is_up(self, name):
        """Whether the proxy sends requests to that server."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as asked:
            asked.connect(str(self.folder / "haproxy.sock"))
            asked.sendall(b"show stat\n")
            for line in asked.makefile().read().splitlines():
                fields = line.split(",")  # of which the 18th is a server's status
                if fields[:2] == ["servers", name]:
                    return fields[17].startswith("UP")
        return False

    def test_restarts_in_turn(self):
        servers = {"one": self.serve(), "other": self.serve()}
        port = self.proxy_to(*servers.values())
        until(lambda: all(map(self.is_up, servers)), "both to be up")
        with Load("127.0.0.1", port) as load:
            for turn in range(RESTARTS):
                name = list(servers)[turn % 2]
                load.wait_for_more()
                servers[name].stop()
                until(lambda: not self.is_up(name), "the proxy to notice")
                servers[name].start()
                until(lambda: self.is_up(name), "the server to be up again")
            load.wait_for_more()
        print(f"{self.id()}: {RESTARTS} restarts, {load.answered} answers, {load.refused} refused "
              f"connects, {len(load.failures)} failures", flush=True)
        self.assertEqual(load.failures, [])
        self.assertEqual(load.refused, 0)
        found = sum((stored(server.folder) for server in servers.values()), Counter())
        self.assertEqual(found, Counter(load.acknowledged))


if __name__ == "__main__":
    main()
