"""sockets_test - the server at a path, and started by a supervisor that hands it its socket.

The supervisor speaks systemd's protocols: sd_listen_fds(3) and sd_notify(3).
"""
import contextlib
import http.client
import os
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from people import BEHIND_PROXY
from support import PATIENCE, POST, Answer, Server, binary, environment, main, run, until

MEMORY = ("--store", "memory:", "--drain-delay", "0")


class AtPath(Server):
    """A server that listens at a path."""

    def __init__(self, path, *options):
        super().__init__(*MEMORY, "--listen", f"unix:{path}", *options, port=1)
        self.path = str(path)

    def connect(self, timeout=PATIENCE):
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(timeout)
        try:
            made.connect(self.path)
        except OSError:
            made.close()
            raise
        return made

    def is_listening(self):
        try:
            self.connect().close()
            return True
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    def request(self, method, target, body=None, headers=None, timeout=PATIENCE):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = self.connect(timeout)
        with contextlib.closing(connection):
            connection.request(method, target, body, headers or {})
            return Answer(connection.getresponse())


class Supervised(Server):
    """A server that finds its socket handed over, and says how it is."""

    def __init__(self, listening, told, *options, count="1"):
        super().__init__(*MEMORY, *options, env={"LISTEN_FDS": count, "NOTIFY_SOCKET": told},
                         port=listening.getsockname()[1])
        self.listening = listening

    def start(self):
        command = 'LISTEN_PID=$$ exec "$@" 3<&%d' % self.listening.fileno()
        self.process = subprocess.Popen(
            ["sh", "-c", command, "sh", binary(), *self.options], env=environment(self.env),
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, pass_fds=[self.listening.fileno()], encoding="utf-8")
        self.reader = threading.Thread(target=self.read_stderr)
        self.reader.start()


class Paths(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(dir="/tmp")))
        self.path = self.folder / "socket"

    def serve(self, *options):
        return self.enterContext(AtPath(self.path, *options))

    def test_it_serves_at_a_path_and_leaves_none(self):
        server = self.serve()
        self.assertEqual(server.get("/readyz").status, 200)
        self.assertEqual(server.events[0]["address"], f"unix:{self.path}")
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o660)
        self.assertEqual(run("--check", "--listen", f"unix:{self.path}").returncode, 0)
        server.stop()
        self.assertFalse(self.path.exists())
        done = run("--check", "--listen", f"unix:{self.path}")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"unix:{self.path} does not answer", done.stderr)

    def test_its_rights_are_chosen(self):
        self.serve("--socket-mode", "606")
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o606)

    def test_what_a_killed_server_left_is_replaced_and_another_server_is_not(self):
        server = self.serve()
        server.process.kill()
        server.process.wait()
        self.assertTrue(self.path.exists())
        other = self.enterContext(AtPath(self.path))
        self.assertEqual(other.get("/healthz").status, 200)
        done = run(*MEMORY, "--listen", f"unix:{self.path}")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, f"comments-server: --listen unix:{self.path}: somebody "
                                      "listens there\n")
        self.assertEqual(other.get("/healthz").status, 200)

    def test_what_is_no_socket_is_left_alone(self):
        self.path.write_text("kept")
        done = run(*MEMORY, "--listen", f"unix:{self.path}")
        self.assertEqual(done.returncode, 2)
        self.assertIn("something else than a socket", done.stderr)
        self.assertEqual(self.path.read_text(), "kept")
        for path, why in ((f"{self.folder}/none/x", "cannot be opened"), ("x" * 108, "107 bytes"),
                          ("", "unix:PATH")):
            done = run(*MEMORY, "--listen", f"unix:{path}")
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1))
            self.assertIn(why, done.stderr)

    def test_readers_are_told_apart_by_what_a_trusted_proxy_says(self):
        server = self.serve(*BEHIND_PROXY)
        made = server.request("POST", POST, b'{"content_id":"1","body":"x"}',
                              {"Content-Type": "application/json"}).json
        for reader in ("192.0.2.1", "192.0.2.2", "192.0.2.2"):
            seen = server.request("PUT", f"{POST}/{made['id']}/vote",
                                  headers={"X-Forwarded-For": reader}).json
        self.assertEqual(seen["votes"], 2)


class Supervision(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(dir="/tmp")))
        self.listening = self.enterContext(socket.create_server(("127.0.0.1", 0)))

    def hear(self, address):
        """A socket for what it is told."""
        heard = self.enterContext(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        heard.bind(address)
        heard.settimeout(PATIENCE)
        return heard

    def test_it_serves_the_socket_that_it_is_given_and_says_how_it_is(self):
        for address in (str(self.folder / "notify"), f"\0comments-{os.getpid()}"):
            heard = self.hear(address)
            with self.subTest(address=address), Supervised(
                    self.listening, address.replace("\0", "@")) as server:
                self.assertEqual(heard.recv(100), b"READY=1")
                self.assertEqual(server.get("/readyz").status, 200)
                server.tell(signal.SIGHUP)
                self.assertRegex(heard.recv(100), rb"\ARELOADING=1\nMONOTONIC_USEC=\d+\Z")
                self.assertEqual(heard.recv(100), b"READY=1")
                server.stop()
                self.assertEqual(heard.recv(100), b"STOPPING=1")

    def test_clients_wait_while_it_is_started_again_and_none_is_refused(self):
        first = self.enterContext(Supervised(self.listening, ""))
        self.assertEqual(first.get("/healthz").status, 200)
        first.stop()
        waiting = first.connect()
        waiting.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        with Supervised(self.listening, ""):
            self.assertIn(b" 200 ", waiting.makefile("rb").readline())
        waiting.close()

    def test_a_socket_at_a_path_is_taken_and_stays(self):
        path = self.folder / "socket"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            listening.listen()
            server = AtPath(path)
            server.listening, server.env = listening, {"LISTEN_FDS": "1"}
            server.start = lambda: Supervised.start(server)
            with server:
                self.assertEqual(server.get("/healthz").status, 200)
            self.assertTrue(path.exists())

    def test_what_cannot_be_taken_over_is_one_line(self):
        with open(os.devnull) as file:
            for number, count, why in ((self.listening.fileno(), "2", "one socket"),
                                       (self.listening.fileno(), "x", "one socket"),
                                       (file.fileno(), "1", "no socket that listens")):
                done = subprocess.run(
                    ["sh", "-c", 'LISTEN_PID=$$ exec "$@" 3<&%d' % number, "sh", binary(), *MEMORY],
                    env=environment({"LISTEN_FDS": count}), pass_fds=[number], text=True,
                    capture_output=True, timeout=PATIENCE)
                self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done)
                self.assertRegex(done.stderr, rf"\Acomments-server: LISTEN_FDS: .*{why}")

    def test_what_is_meant_for_another_process_is_not_taken(self):
        with Server(*MEMORY, env={"LISTEN_FDS": "1", "LISTEN_PID": "1"}) as server:
            self.assertEqual(server.get("/healthz").status, 200)

    def test_a_supervisor_that_does_not_hear_stops_nothing(self):
        for told in ("/nothing/there", "x" * 200, "@"):
            with Server(*MEMORY, env={"NOTIFY_SOCKET": told}) as server:
                self.assertEqual(server.get("/healthz").status, 200)
                until(lambda: server.lines, "its first line")


class Slashes(unittest.TestCase):
    def test_one_slash_too_many_leads_to_the_page(self):
        with Server(*MEMORY) as server:
            for target, way in (("/moderation/?lang=pt-BR", "../moderation?lang=pt-BR"),
                                ("/contents/x/", "../x"), ("/status/", "../status"),
                                ("/api/v1/comments/?content_id=1", "../comments?content_id=1")):
                answer = server.get(target, {"Accept": "text/html"})
                self.assertEqual((answer.status, answer.headers["Location"]), (308, way), target)
                self.assertTrue(answer.headers["X-Request-Id"])
            self.assertEqual(server.get("/moderation//").status, 404)


if __name__ == "__main__":
    main()
