"""crowd - thousands of raw sockets in one thread, used as no browser would use them.

    with Crowd(server) as crowd:
        slow = crowd.join(2000)
        for client in slow:
            client.send(b"GET /heal")
        crowd.run(lambda: all(client.end for client in slow), "their ends")

Under a sanitizer (`is_sanitized`) there are a tenth of the clients, and memory is not held against
a limit; everything else is tested alike.
"""
import contextlib
import json
import os
import resource
import select
import socket
import struct
import threading
import time
import unittest
from pathlib import Path

from support import AT_ONCE, PATIENCE, POST, Server, binary, read_answer, until

# The crowd has one address, and is meant to be as many clients.
ONE_ADDRESS = ("--client-connections-max", "1000000", "--client-followers-max", "1000000")
OPTIONS = ("--store", "sqlite:comments.db", "--drain-delay", "0", *ONE_ADDRESS)
MB = 1 << 20


def is_sanitized():
    """Whether the server was built with a sanitizer, which makes it slow and large."""
    built = Path(binary()).read_bytes()
    return b"__asan_init" in built or b"__tsan_init" in built


def scaled(count):
    """`count` clients, or a tenth of them where a sanitizer watches each step."""
    return count // 10 if is_sanitized() else count


def allow_descriptors():
    """Each client is a descriptor of this process; it may have as many as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Client:
    """One connection. `said` is what the server sent; `end` is "" while it is open, then "closed",
    or "reset"; `joined_at` and `ended_at` are times."""

    def __init__(self, crowd, receive_bytes):
        self.crowd, self.said, self.end, self.ended_at = crowd, bytearray(), "", None
        self.unsent, self.does_read = memoryview(b""), True
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(PATIENCE)
        self.joined_at = time.monotonic()
        self.socket.connect((crowd.server.host, crowd.server.port))
        self.socket.setblocking(False)
        self.number = self.socket.fileno()

    def send(self, data):
        """Sends it, now and as the server takes it."""
        self.unsent = memoryview(self.unsent.tobytes() + data)
        self.flush()

    def flush(self):
        with contextlib.suppress(BlockingIOError, ConnectionError):  # reading tells of an end
            while self.unsent and not self.end:
                self.unsent = self.unsent[self.socket.send(self.unsent):]

    def receive(self):
        with contextlib.suppress(BlockingIOError):
            while not self.end:
                try:
                    got = self.socket.recv(1 << 16)
                except ConnectionError:
                    return self.leave("reset")
                if not got:
                    return self.leave("closed")
                self.said += got

    def leave(self, end="left", is_rude=False):
        """Closes: politely with a FIN, or rudely with a RST."""
        if self.end:
            return
        if is_rude:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.crowd.clients.pop(self.number)
        self.socket.close()
        self.end, self.ended_at = end, time.monotonic()

    @property
    def status(self):
        return int(self.said[9:12] or 0)


class Crowd:
    def __init__(self, server):
        allow_descriptors()
        self.server, self.clients, self.epoll = server, {}, select.epoll()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in list(self.clients.values()):
            client.leave(is_rude=True)  # else the kernel remembers each for a minute
        self.epoll.close()

    def join(self, count=1, receive_bytes=None):
        """New clients. Each reads what comes, unless its `does_read` is turned off."""
        made = [Client(self, receive_bytes) for _ in range(count)]
        for client in made:
            self.clients[client.number] = client
            self.epoll.register(client.number, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        return made

    def run(self, is_over, what, every=None, now_and_then=None, patience=PATIENCE):
        """Moves all clients until `is_over()`. `now_and_then()` runs `every` so many seconds."""
        end = time.monotonic() + patience
        due = time.monotonic() + every if every else end
        while not is_over():
            now = time.monotonic()
            if now > end:
                raise AssertionError(f"in vain waited for {what}")
            if now >= due:
                now_and_then()
                due = now + every
            for number, seen in self.epoll.poll(min(0.1, max(0, due - now))):
                client = self.clients.get(number)
                if client and seen & select.EPOLLOUT:
                    client.flush()
                if client and not client.end and client.does_read:
                    client.receive()
                elif client and not client.end and seen & (select.EPOLLERR | select.EPOLLHUP):
                    client.leave("reset")


# --- what the server takes of the machine ---

def proc(server, name):
    return Path(f"/proc/{server.process.pid}/{name}")


def resident_bytes(server):
    for line in proc(server, "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the system does not say how much memory the server has")


def cpu_seconds(server):
    fields = proc(server, "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def sockets(server):
    """How many are open. Files are not counted: those of the store are opened as readers need them,
    a few at most."""
    count = 0
    for path in proc(server, "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            count += os.readlink(path).startswith("socket:")
    return count


def metric(server, name):
    """The value of a metric without labels."""
    for line in server.get("/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return int(float(line.split()[1]))
    raise AssertionError(f"there is no {name}")


# --- what is sent, and what comes ---

def get(target, *lines):
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def post(content_id="1", body="x", *lines, pad=0):
    """A comment, as bytes; with `pad`, in a body of exactly so many."""
    fields = {"content_id": content_id, "body": body}
    sent = json.dumps(fields).encode().ljust(pad)
    head = "\r\n".join([f"POST {POST} HTTP/1.1", "Host: x", "Content-Type: application/json",
                        f"Content-Length: {len(sent)}", *lines, "", ""])
    return head.encode() + sent


def listed(server, content_id):
    answer = server.get(f"/api/comment/list/{content_id}")
    return answer.json if answer.status == 200 else []  # 404 before its first comment


def everything_said(connection):
    """What comes until the connection ends, which must be a clean end."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while got := connection.recv(1 << 16):
            said += got
        return said
    raise AssertionError(f"reset behind {said[:300]}")


class CrowdTest(unittest.TestCase):
    def serve(self, *options):
        server = self.enterContext(Server(*OPTIONS, *options))
        self.crowd = self.enterContext(Crowd(server))
        server.get("/metrics")
        server.post(POST, {"content_id": "warm", "body": "x"})
        return server

    @contextlib.contextmanager
    def others_are_answered(self, server):
        """That other clients meanwhile read and post as if there was no crowd."""
        is_over, answers, failures = threading.Event(), [], []
        content_id = f"others-{time.monotonic_ns()}"

        def ask():
            try:
                with server.connect(AT_ONCE) as kept:
                    while not is_over.is_set():
                        kept.sendall(get("/api/comment/list/warm"))
                        answers.append(read_answer(kept).status)
                        answers.append(server.get("/healthz", timeout=AT_ONCE).status)
                        answers.append(server.request(
                            "POST", POST, {"content_id": content_id, "body": "x"},
                            timeout=AT_ONCE).status)
            except Exception as failure:  # reported by the thread that waits
                failures.append(failure)

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            yield
            until(lambda: failures or len(answers) > 5, "answers to others")
        finally:
            is_over.set()
            asking.join()
        self.assertEqual(failures, [])
        self.assertEqual(set(answers), {200, 201})
        self.assertEqual(len(listed(server, content_id)), answers.count(201))

    def assert_no_client_is_left(self, server):
        """That the server has no connection left but the one that asks for this."""
        until(lambda: metric(server, "comments_http_connections") == 1, "their connections' ends")

    def assert_grown_by_at_most(self, before, server, bytes_max):
        if not is_sanitized():
            grown = resident_bytes(server) - before
            self.assertLessEqual(grown, bytes_max)
