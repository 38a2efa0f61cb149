"""connections_test - the server under crowds of hostile clients.

Slow senders, idle ones, those that vanish, those that ask for everything at once, those that hide
one request in another: each test says what they get, and that all others are answered meanwhile.
`crowd` says what is different under a sanitizer.
"""
import contextlib
import itertools
import re
import socket
import sqlite3
import time

from crowd import (MB, CrowdTest, cpu_seconds, everything_said, get, listed, metric, post,
                   resident_bytes, scaled, sockets)
from support import AT_ONCE, POST, main, read_answer, until

HEAD_WAIT, BODY_WAIT = 5, 10  # seconds: epoll_limits
HEAD_BYTES, TARGET_BYTES, HEADER_BYTES, HEADERS, BODY_BYTES = (  # frame_limits
    32_768, 8_000, 8_000, 100, 65_536)


class Crowds(CrowdTest):
    def test_2000_slow_senders_get_408_in_time(self):
        unfinished = post(body="a" * 1000)[:-1000]
        chunked = (f"POST {POST} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n").encode()
        # (what they begin with, what they send now and then, which may not help them, the deadline)
        kinds = [(b"GET /heal", b"", HEAD_WAIT),
                 (get("/healthz", "X: ")[:-4], b"a", HEAD_WAIT),
                 (unfinished, b"a", BODY_WAIT),
                 (chunked, b"1\r\n \r\n", BODY_WAIT)]
        server = self.serve()
        with self.others_are_answered(server):
            slow = [(client, *kind) for kind in kinds
                    for client in self.crowd.join(scaled(2000) // len(kinds))]
            for client, first, *_ in slow:
                client.started_at = time.monotonic()
                client.send(first)

            # One that is not slow: each of its two requests takes less than it may.
            steady, = self.crowd.join()
            whole, half = get("/healthz"), len(get("/healthz")) // 2
            steps = {1: whole[:half], 4: whole[half:] + whole[:half], 7: whole[half:]}
            ticks = itertools.count(1)

            def dribble():
                steady.send(steps.get(next(ticks), b""))
                for client, _, more, _ in slow:
                    client.send(more)

            self.crowd.run(lambda: all(client.end for client, *_ in slow), "their ends", 1, dribble)
        for client, first, _, deadline in slow:
            self.assertEqual((client.status, client.end), (408, "closed"), first)
            self.assertIn(b"\r\nConnection: close\r\n", client.said)
            # The server takes the time once for all that has come by then, so a little before.
            self.assertGreaterEqual(client.ended_at - client.started_at, deadline - 0.1)
        self.assertEqual((steady.said.count(b"HTTP/1.1 200 "), steady.end), (2, ""))
        steady.leave()
        self.assert_no_client_is_left(server)
        self.assertEqual(metric(server, "comments_http_timeouts_total"), len(slow))
        self.assertEqual(listed(server, "1"), [])

    def test_10000_idle_connections_cost_next_to_nothing(self):
        server = self.serve()
        before = resident_bytes(server)
        idle = self.crowd.join(scaled(10_000))
        until(lambda: metric(server, "comments_http_connections") == len(idle) + 1, "all of them")
        self.assert_grown_by_at_most(before, server, 30 * MB)
        window = 3  # seconds, a span to measure over: nothing is waited for
        spent, started_at = cpu_seconds(server), time.monotonic()
        time.sleep(window)
        share = (cpu_seconds(server) - spent) / (time.monotonic() - started_at)
        print(f"{self.id()}: {share:.2%} of a core", flush=True)
        self.assertLess(share, 0.01)  # one tick of the kernel's clock in 3 s is 0.3 %
        for _ in range(20):
            self.assertEqual(server.get("/healthz", timeout=AT_ONCE).status, 200)
        for client in idle:
            client.send(get("/healthz"))
        self.crowd.run(lambda: all(client.said for client in idle), "all answers")
        self.assertEqual({(client.status, client.end) for client in idle}, {(200, "")})
        self.assert_grown_by_at_most(before, server, 30 * MB)

    def test_1000_clients_that_vanish_leave_nothing_behind(self):
        server = self.serve()
        for _ in range(20):
            server.post(POST, {"content_id": "1", "body": "a" * 16_000})
        self.assert_no_client_is_left(server)
        before = sockets(server)
        half = post("gone", "a" * 1000)
        began = [half[:20], half[:-500], get("/api/comment/list/1") * 20]
        with self.others_are_answered(server):
            for first in began:
                for is_rude in (True, False):
                    for client in self.crowd.join(scaled(1000) // 8):
                        client.does_read = False
                        client.send(first)
                        client.leave(is_rude=is_rude)
        with contextlib.closing(sqlite3.connect(server.folder / "comments.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = self.crowd.join(scaled(1000) // 4)
            for client in waiting:
                client.send(post("waited"))
            until(lambda: metric(server, "comments_http_requests_running") > 1, "a post that waits")
            for number, client in enumerate(waiting):
                client.leave(is_rude=number % 2)
            self.assertEqual(server.get("/healthz", timeout=AT_ONCE).status, 200)
            other.rollback()
        self.assert_no_client_is_left(server)
        until(lambda: sockets(server) <= before, "the sockets' ends")
        self.assertEqual(len(listed(server, "1")), 20)
        self.assertEqual(listed(server, "gone"), [])
        self.assertLessEqual(len(listed(server, "waited")), len(waiting))

    def test_one_more_than_connections_max_gets_503(self):
        server = self.serve("--connections-max", "50")
        self.assert_no_client_is_left(server)
        full = self.crowd.join(50)
        for client in full:
            client.send(get("/healthz"))
        self.crowd.run(lambda: all(client.said for client in full), "50 answers")
        for client in full:
            if client.status == 503:  # in place of the one that asked for the metrics
                self.crowd.run(lambda: client.end, "its end")
        full = [client for client in full if not client.end]
        self.assertGreaterEqual(len(full), 49)
        full += self.crowd.join(50 - len(full))
        late, = self.crowd.join(1)
        self.crowd.run(lambda: late.end, "the end of the one too many")
        self.assertEqual((late.status, late.end), (503, "closed"))
        self.assertIn(b"\r\nConnection: close\r\n", late.said)
        self.assertIn(b"\r\nRetry-After: ", late.said)
        for client in full:
            client.said.clear()
            client.send(get("/readyz"))
        self.crowd.run(lambda: all(client.said for client in full), "answers to the others")
        self.assertEqual({(client.status, client.end) for client in full}, {(200, "")})
        full[0].leave()
        until(lambda: server.get("/healthz").status == 200, "room for one")


class HalfClosed(CrowdTest):
    def test_a_request_is_answered_whole_after_the_clients_end(self):
        server = self.serve()
        for _ in range(100):
            server.post(POST, {"content_id": "1", "body": "a" * 16_000})
        for sent, status in ((get("/healthz"), 200), (post("2"), 201),
                             (get("/api/comment/list/1"), 200)):  # which goes out in pieces
            with self.subTest(sent[:40]), server.connect() as connection:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                answer = read_answer(connection)
                self.assertEqual(answer.status, status)
                if b"list" in sent:
                    self.assertEqual(len(answer.json), 100)
                self.assertEqual(connection.recv(1), b"")
        with server.connect() as connection:
            connection.sendall((get("/healthz") + post()) * 20)
            connection.shutdown(socket.SHUT_WR)
            said = everything_said(connection)
            self.assertEqual((said.count(b"HTTP/1.1 200"), said.count(b"HTTP/1.1 201")), (20, 20))

    def test_half_a_request_is_refused(self):
        server = self.serve()
        whole = post("half")
        chunked = (f"POST {POST} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "5\r\n{").encode()
        for sent in (b"G", whole[:60], whole[:whole.index(b"{")], whole[:-1], chunked):
            with self.subTest(sent), server.connect() as connection:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                said = everything_said(connection)
                self.assertTrue(said.startswith(b"HTTP/1.1 400 "), said)
                self.assertIn(b"\r\nConnection: close\r\n", said)
        self.assertEqual(listed(server, "half"), [])

    def test_nothing_at_all_is_answered_with_nothing(self):
        server = self.serve()
        for sent in (b"", b"\r\n"):
            with self.subTest(sent), server.connect() as connection:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(everything_said(connection), b"")


class Pipelining(CrowdTest):
    def test_1000_requests_in_one_write_are_answered_in_order(self):
        server = self.serve()
        client, = self.crowd.join()
        asked = [(post if number % 3 == 0 else lambda *_: get("/healthz", _[-1]))(
            "1", f"{number}", f"X-Request-Id: {number}") for number in range(1000)]
        with self.others_are_answered(server):
            client.send(b"".join(asked))
            self.crowd.run(lambda: client.said.count(b"HTTP/1.1 ") == len(asked) or client.end,
                           "all answers")
        heads = [part.partition(b"\r\n\r\n")[0] for part in client.said.split(b"HTTP/1.1 ")[1:]]
        for number, head in enumerate(heads):
            self.assertTrue(head.startswith(b"200" if number % 3 else b"201"), head)
            self.assertIn(b"\r\nX-Request-Id: %d" % number, head + b"\r\n")
        self.assertEqual(len(heads), len(asked))
        self.assertEqual([one["comment"] for one in listed(server, "1")],
                         [f"{number}" for number in range(0, 1000, 3)])


class Limits(CrowdTest):
    def assert_at_the_limit_and_over(self, make, limit, status, refused):
        server = self.serve()
        self.assertEqual(server.exchange(make(limit)).status, status)
        with server.connect() as connection:
            connection.sendall(make(limit + 1))
            said = everything_said(connection)  # closed, and not reset, behind the answer
        self.assertTrue(said.startswith(b"HTTP/1.1 %d " % refused), said[:300])
        self.assertIn(b"\r\nConnection: close\r\n", said)

    def test_head(self):
        def head(size):
            lines = [f"X-{number}: " + "a" * 7990 for number in range(4)]
            room = size - len(get("/healthz", *lines, "Y: "))
            return get("/healthz", *lines, "Y: " + "a" * room)

        self.assert_at_the_limit_and_over(head, HEAD_BYTES, 200, 431)

    def test_target(self):
        self.assert_at_the_limit_and_over(
            lambda size: get("/healthz?" + "a" * (size - 9)), TARGET_BYTES, 200, 414)

    def test_header(self):
        self.assert_at_the_limit_and_over(
            lambda size: get("/healthz", "X: " + "a" * (size - 3)), HEADER_BYTES, 200, 431)

    def test_headers(self):
        self.assert_at_the_limit_and_over(
            lambda count: get("/healthz", *["X: y"] * (count - 1)), HEADERS, 200, 431)

    def test_body(self):
        self.assert_at_the_limit_and_over(lambda size: post(pad=size), BODY_BYTES, 201, 413)

    def test_chunked_body(self):
        def chunked(size):
            head, _, body = post(pad=size).partition(b"\r\n\r\n")
            head = head.replace(b"Content-Length: %d" % size, b"Transfer-Encoding: chunked")
            parts = [body[at:at + 1000] for at in range(0, size, 1000)] + [b""]
            return head + b"\r\n\r\n" + b"".join(
                b"%x\r\n%b\r\n" % (len(part), part) for part in parts)

        self.assert_at_the_limit_and_over(chunked, BODY_BYTES, 201, 413)


# (what stands between the request line and the empty line, what stands before the hidden request).
# LENGTH is the number of bytes of all that follows the head.
HIDING = [
    ("Content-Length: LENGTH\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nContent-Length: LENGTH", "0\r\n\r\n"),
    ("Content-Length: 0\r\nContent-Length: LENGTH", ""),
    ("Content-Length: LENGTH\r\nContent-Length: 0", ""),
    ("Content-Length: 0\r\nContent-Length: 0", ""),
    ("Content-Length: 0, LENGTH", ""),
    ("Content-Length: 0,0", ""),
    ("Content-Length: +0", ""),
    ("Content-Length: -0", ""),
    ("Content-Length: -1", ""),
    ("Content-Length: 0x0", ""),
    ("Content-Length: 0 0", ""),
    ("Content-Length: 0;", ""),
    ("Content-Length: '0'", ""),
    ("Content-Length:", ""),
    ("Content-Length: \x0b0", ""),
    ("Content-Length: 0\x00", ""),
    ("Content-Length: 18446744073709551616", ""),
    ("Content-Length : LENGTH", ""),
    ("Content-Length\t: LENGTH", ""),
    (" Content-Length: LENGTH", ""),
    ("X: y\r\n Content-Length: LENGTH", ""),
    ("X: y\r\n\tTransfer-Encoding: chunked", "0\r\n\r\n"),
    ("Content-Length:\r\n LENGTH", ""),
    ("X: y\nContent-Length: LENGTH", ""),
    ("X: y\rContent-Length: LENGTH", ""),
    ("X: y\n\nContent-Length: LENGTH", ""),
    ("X\x00: y\r\nContent-Length: LENGTH", ""),
    ("X: \x00\r\nContent-Length: LENGTH", ""),
    ("Content-Length\x00: LENGTH", ""),
    ("Content-Length\xa0: LENGTH", ""),
    ("no header at all\r\nContent-Length: LENGTH", ""),
    (": LENGTH", ""),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n"),
    ("Transfer-Encoding: identity", ""),
    ("Transfer-Encoding: identity, chunked", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked, identity", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"),
    ("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
    ("Transfer-Encoding: xchunked", "0\r\n\r\n"),
    ("Transfer-Encoding: chunkedx", "0\r\n\r\n"),
    ("Transfer-Encoding: 'chunked'", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked;q=1", "0\r\n\r\n"),
    ("Transfer-Encoding: \x0bchunked", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\x00", "0\r\n\r\n"),
    ("Transfer-Encoding:", "0\r\n\r\n"),
    ("Transfer-Encoding : chunked", "0\r\n\r\n"),
    (" Transfer-Encoding: chunked", "0\r\n\r\n"),
    ("Transfer-Encoding:\r\n chunked", "0\r\n\r\n"),
    ("X: y\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    ("X: y\rTransfer-Encoding: chunked", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked", "0\n\n"),
    ("Transfer-Encoding: chunked", "0\r\n\n"),
    ("Transfer-Encoding: chunked", "0x0\r\n\r\n"),
    ("Transfer-Encoding: chunked", "-0\r\n\r\n"),
    ("Transfer-Encoding: chunked", "+0\r\n\r\n"),
    ("Transfer-Encoding: chunked", " 0\r\n\r\n"),
    ("Transfer-Encoding: chunked", "0 \r\n\r\n"),
    ("Transfer-Encoding: chunked", "0;a\n\r\n\r\n"),
    ("Transfer-Encoding: chunked", "0;a\rb\r\n\r\n"),
    ("Transfer-Encoding: chunked", "0;\x00\r\n\r\n"),
    ("Transfer-Encoding: chunked", "\r\n\r\n"),
    ("Transfer-Encoding: chunked", "10000000000000000\r\n\r\n"),
    ("Transfer-Encoding: chunked", "1\r\n{0\r\n\r\n"),
    ("Transfer-Encoding: chunked", "1\r\n{\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked", "0\r\nX: y\r\n\r\n"),
    ("Transfer-Encoding: chunked", "0\r\nContent-Length: LENGTH\r\n\r\n"),
    ("Host: y\r\nContent-Length: LENGTH", ""),
]
# Request lines that another server may read in another way.
LINES = ["POST  /api/v1/comments HTTP/1.1", "POST\t/api/v1/comments HTTP/1.1",
         "POST /api/v1/comments\tHTTP/1.1", "POST /api/v1/comments",
         "POST /api/v1/comments HTTP/1.1 ",
         "POST /api/v1/comments HTTP/1.1\tx", "POST /api/v1/comments HTTP/1.2",
         "POST /api/v1/comments HTTP/2.0", "POST /api/v1/comments http/1.1",
         "POST /api/v1/comments HTTP/01.1", " POST /api/v1/comments HTTP/1.1",
         "POST /api/v1/ comments HTTP/1.1", "POST /api/v1/comments\x00 HTTP/1.1",
         "POST /api/v1/comments\r HTTP/1.1", "PO(ST /api/v1/comments HTTP/1.1",
         "POST /api/v1/comments#x HTTP/1.1"]


class Smuggling(CrowdTest):
    """RFC 9112, section 11.2: one request in another's clothes."""

    def send(self, server, sent):
        with server.connect() as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(sent)
            return everything_said(connection)

    def assert_refused(self, server, sent):
        said = self.send(server, sent)
        self.assertRegex(said, rb"\AHTTP/1\.1 4\d\d ")
        self.assertEqual(len(re.findall(rb"HTTP/1\.1 \d\d\d ", said)), 1, said)  # no other
        self.assertIn(b"\r\nConnection: close\r\n", said)
        self.assertEqual(listed(server, "hidden"), [])

    def test_hidden_requests_are_found_where_they_may_stand(self):
        server = self.serve()  # so that the tests below can find it at all
        said = self.send(server, get("/healthz") + post("hidden", "x", "Connection: close"))
        self.assertEqual(said.count(b"HTTP/1.1 201 "), 1)
        self.assertEqual(len(listed(server, "hidden")), 1)

    def test_a_request_that_hides_another_is_refused(self):
        server = self.serve()
        for lines, between in HIDING:
            with self.subTest(lines, between=between):
                behind = between.encode() + post("hidden")
                head = f"POST {POST} HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n".replace(
                    "LENGTH", str(len(behind))).encode("latin-1")
                self.assert_refused(server, head + behind)

    def test_a_request_line_that_can_be_read_twice_is_refused(self):
        server = self.serve()
        for line in LINES:
            with self.subTest(line):
                head = f"{line}\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
                self.assert_refused(server, head + post("hidden"))
        for host in ("", "Host: x\r\nHost: x\r\n", "Host: x\r\nHost: y\r\n", "Host: a b\r\n",
                     "Host: x@y\r\n", "Host: x/y\r\n", "Host: x,y\r\n"):
            with self.subTest(host):
                head = f"GET /healthz HTTP/1.1\r\n{host}\r\n".encode()
                self.assert_refused(server, head + post("hidden"))

    def test_chunks_are_no_http_1_0(self):
        server = self.serve()
        head = (f"POST {POST} HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n"
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").encode()
        self.assert_refused(server, head + post("hidden"))

    def test_a_body_is_never_a_request(self):
        # These may be answered, but what is inside a body is part of it whatever the method.
        server = self.serve()
        hidden = post("hidden")
        chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden)
        for method in ("GET", "HEAD", "OPTIONS", "DELETE", "PUT", "POST", "TRACE", "CONNECT", "X"):
            for framing, body in ((f"Content-Length: {len(hidden)}", hidden),
                                  (f"content-LENGTH:\t{len(hidden)} ", hidden),
                                  ("Transfer-Encoding: chunked", chunked),
                                  ("transfer-ENCODING:\tChunked ", chunked),
                                  ("Expect: 100-continue\r\nTransfer-Encoding: chunked", chunked)):
                with self.subTest(method, framing=framing):
                    head = f"{method} /healthz HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode()
                    said = self.send(server, head + body + get("/version", "Connection: close"))
                    finals = said.count(b"HTTP/1.1 ") - said.count(b"HTTP/1.1 100 ")
                    self.assertIn(finals, (1, 2), said)
                    self.assertNotIn(b"HTTP/1.1 201 ", said)
                    self.assertEqual(listed(server, "hidden"), [])


if __name__ == "__main__":
    main()
