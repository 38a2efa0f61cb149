"""drain_test - restarts under load that no client notices.

Some clients keep their connection, some open one for each request; they read, and post with an
Idempotency-Key. Only a refused connection is tried again, which is safe for any request: nothing
was sent. Whatever else goes wrong is a failure: a reset, an end without an answer, a 5xx.
"""
import contextlib
import json
import select
import socket
import sqlite3
import threading
import time
import unittest
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from support import NO_ANSWER, PATIENCE, POST, Server, free_port, main, read_answer, size, until

CONTENT = "drained"
ANSWERS_BETWEEN = 100  # so that each server has work when it gets the signal


def get(*lines):
    target = f"{POST}?content_id={CONTENT}&limit=5"
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def post(key, *lines):
    body = json.dumps({"content_id": CONTENT, "body": key}).encode()
    head = [f"POST {POST} HTTP/1.1", "Host: x", "Content-Type: application/json",
            f"Content-Length: {len(body)}", f"Idempotency-Key: {key}", *lines, "", ""]
    return "\r\n".join(head).encode() + body


def stored(folder):
    """How often each body is in the database there."""
    with contextlib.closing(sqlite3.connect(folder / "comments.db")) as database:
        return Counter(row[0] for row in database.execute("SELECT body FROM comment"))


def has_listener(port):
    """Whether a socket listens, as the kernel says it. To connect would take a second: newcomers
    are left unheard, not refused, while those that had begun still arrive."""
    sockets = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(fields[1].endswith(f":{port:04X}") and fields[3] == "0A" for fields in sockets)


class Load:
    """Clients that ask until they are stopped. `pause`: seconds between two requests of a
    client that takes its time; it looks whether its connection still stands before it uses it, as
    every client that keeps one does."""

    def __init__(self, host, port):
        self.address, self.is_over = (host, port), threading.Event()
        self.answered = self.refused = 0
        self.acknowledged, self.failures, self.threads = [], [], []
        self.lock = threading.Lock()

    def add(self, does_post, does_keep, pause=0):
        name = f"{len(self.threads)}-{does_post:d}{does_keep:d}"
        self.threads.append(threading.Thread(target=self.work,
                                             args=(name, does_post, does_keep, pause)))

    def __enter__(self):
        for does_post in (False, True):
            for does_keep in (False, True):
                self.add(does_post, does_keep)
                self.add(does_post, does_keep)
            self.add(does_post, True, 0.3)
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def work(self, name, does_post, does_keep, pause):
        connection, number = None, 0
        while not self.is_over.wait(pause):
            number += 1
            try:
                if not connection or not stands(connection):
                    connection = self.connect()
                lines = [] if does_keep else ["Connection: close"]
                key = f"{name}-{number}"
                connection.sendall(post(key, *lines) if does_post else get(*lines))
                answer = read_answer(connection)
                if answer.status != (201 if does_post else 200):
                    raise AssertionError(answer)
                if answer.headers["Connection"] == "close":
                    connection.close()
                    connection = None
            except Exception as failure:
                if connection:
                    connection.close()
                connection = None
                with self.lock:
                    self.failures.append((name, number, time.time(), repr(failure)))
                continue
            with self.lock:
                self.answered += 1
                if does_post:
                    self.acknowledged.append(key)
        if connection:
            connection.close()

    def connect(self):
        while True:
            try:
                connection = socket.create_connection(self.address, PATIENCE)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connection
            except ConnectionRefusedError:
                self.refused += 1
                if self.is_over.wait(0.005):
                    raise

    def wait_for_more(self):
        """Until there is as much again as should be between two restarts."""
        enough = self.answered + ANSWERS_BETWEEN
        until(lambda: self.answered >= enough or self.failures, "answers")


def stands(connection):
    """Whether nothing, so no end either, came on a connection that was left alone."""
    if select.select([connection], [], [], 0)[0]:
        connection.close()
        return False
    return True


class Drain(unittest.TestCase):
    def assert_nobody_notices(self, restarts, delay):
        folder = Path(self.enterContext(TemporaryDirectory()))
        server = Server("--store", "sqlite:comments.db", "--drain-delay", str(delay),
                        folder=folder, port=free_port())
        with server, Load(server.host, server.port) as load:
            for _ in range(restarts):
                load.wait_for_more()
                server.stop()
                server.start()
            load.wait_for_more()
        print(f"{self.id()}: {restarts} restarts, {load.answered} answers, {load.refused} refused "
              f"connects, {len(load.failures)} failures", flush=True)
        self.assertEqual(load.failures, [])
        self.assertGreaterEqual(load.answered, restarts * ANSWERS_BETWEEN)
        self.assertEqual(stored(folder), Counter(load.acknowledged))

    def test_an_idle_client_gets_a_last_answer_before_it_is_closed(self):
        # From the stop on it has a second to ask. A machine that took that second tells nothing.
        for _ in range(5):
            if self.tells_idle_clients():
                return
        self.fail("the machine was too slow five times")

    def tells_idle_clients(self):
        # It was idle for all of the delay, which is longer than one may be idle after the stop.
        with Server("--store", "memory:", "--drain-delay", "1") as server:
            with server.connect() as idle, server.connect() as silent:
                idle.sendall(get())
                self.assertIsNone(read_answer(idle).headers["Connection"])
                in_time = time.monotonic() + 1 + 0.8
                server.tell()
                until(lambda: not has_listener(server.port), "the end of listening")
                try:
                    for connection in (idle, silent):
                        connection.sendall(get())
                        self.assertEqual(read_answer(connection).headers["Connection"], "close")
                        self.assertEqual(connection.recv(1), b"")
                except NO_ANSWER:
                    if time.monotonic() < in_time:
                        raise
                    return False
            server.wait()
        return True

    def test_its_end_takes_five_seconds_at_most_whoever_is_connected(self):
        with Server("--store", "memory:", "--drain-delay", "0") as server:
            server.post(POST, {"content_id": "long", "body": "a" * 16_000})
            clients = [self.enterContext(server.connect()) for _ in range(5)]
            for client in clients:
                client.sendall(get())
                read_answer(client)
            half, head, greedy, follower, _ = clients
            half.sendall(b"POST /api/v1/comments HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1")
            head.sendall(b"GET /healthz HT")
            greedy.settimeout(0.2)
            with contextlib.suppress(TimeoutError):  # it asks for more than the kernel takes
                greedy.sendall(b"GET /api/v1/comments?content_id=long HTTP/1.1\r\nHost: a\r\n\r\n"
                               * 100_000)
            follower.sendall(b"GET /api/v1/events?content_id=long HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertIn(b"200", follower.recv(100))
            begun = time.monotonic()
            server.tell()
            server.wait()
            self.assertLess(time.monotonic() - begun, 5 + 2)  # and what a busy machine adds

    def test_restarts_at_once(self):
        self.assert_nobody_notices(size(8, 20), 0)

    def test_restarts_that_are_announced(self):
        self.assert_nobody_notices(size(3, 6), 1)


if __name__ == "__main__":
    main()
