"""readers_test - clients that ask for much and take little of it.

`crowd` says what is different under a sanitizer.
"""
import contextlib
import socket
import time

from crowd import MB, CrowdTest, get, metric, post, resident_bytes, scaled
from support import POST, main, until

READER_WAIT = 10  # seconds: epoll_limits
BODY = "a" * 16_000
CACHE_BYTES = 64 * MB  # of pages, for all
STREAM_BYTES = 2 * 100 * len(BODY)  # legacy_list reads 100 comments at once, of however many


class Readers(CrowdTest):
    def serve_long(self, count):
        server = self.serve()
        for _ in range(count):
            server.post(POST, {"content_id": "long", "body": BODY})
        return server

    def test_a_large_answer_is_not_paid_for_once_it_is_sent(self):
        server = self.serve_long(100)
        target = "/api/v1/comments?content_id=long&limit=100"
        size = len(server.get(target).body)
        self.assert_no_client_is_left(server)
        before = resident_bytes(server)
        kept = self.crowd.join(scaled(500))  # a page of them has its limit in bytes
        for client in kept:
            client.send(get(target))
            self.crowd.run(lambda: len(client.said) > size, "a page")
        self.assertEqual({client.end for client in kept}, {""})
        self.assertGreater(scaled(500) * size, scaled(2 * CACHE_BYTES))
        self.assert_grown_by_at_most(before, server, CACHE_BYTES)

    def test_a_large_request_is_not_paid_for_once_it_is_answered(self):
        server = self.serve()
        size = 60_000
        comment = post(pad=size).replace(b"application/json", b"text/plain")  # so nothing is stored
        head, _, body = comment.partition(b"\r\n\r\n")
        whole = head + b"\r\n\r\n" + body
        chunked = (head.replace(b"Content-Length: %d" % size, b"Transfer-Encoding: chunked") +
                   b"\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, body))
        for sent in (whole, chunked):
            server.exchange(sent)
        self.assert_no_client_is_left(server)
        before = resident_bytes(server)
        kept = self.crowd.join(scaled(1000))
        for number, client in enumerate(kept):
            client.send((whole, chunked)[number % 2])
            self.crowd.run(lambda: client.said, "an answer")
        self.assertEqual({(client.status, client.end) for client in kept}, {(415, "")})
        self.assert_grown_by_at_most(before, server, len(kept) * size // 4)

    def test_a_client_that_does_not_read_is_closed_and_one_that_reads_slowly_is_not(self):
        server = self.serve_long(400)
        asked = get("/api/comment/list/long")
        size = len(server.get("/api/comment/list/long").body)
        self.assertGreater(size, 1.9 * STREAM_BYTES)
        self.assert_no_client_is_left(server)
        before = resident_bytes(server)
        patient, = self.crowd.join(receive_bytes=16_384)
        greedy = self.crowd.join(scaled(10))  # they ask endlessly, and read nothing
        deaf = self.crowd.join(scaled(30), receive_bytes=4_096)  # they ask once
        for client in (patient, *greedy, *deaf):
            client.does_read = False
        patient.send(asked)
        for client in greedy:
            client.send(asked * (16 * MB // len(asked)))
        for client in deaf:
            client.send(asked)
        took = bytearray()

        def read_a_little():  # 80 KB a second
            with contextlib.suppress(BlockingIOError):
                took.extend(patient.socket.recv(16_384))
            self.assert_grown_by_at_most(before, server,
                                         len(greedy + deaf) * STREAM_BYTES + CACHE_BYTES)

        # Once each has its share of the work: that is megabytes of list for each client.
        until(lambda: metric(server, "comments_http_connections") > len(deaf), "all of them")
        with self.others_are_answered(server):
            self.crowd.run(lambda: all(client.end for client in greedy + deaf), "their ends", 0.2,
                           read_a_little)
        for client in greedy + deaf:
            self.assertEqual(client.end, "reset")
            self.assertGreaterEqual(client.ended_at - client.joined_at, READER_WAIT)
        self.assertTrue(all(client.unsent for client in greedy))  # they were not even read
        self.assertEqual(metric(server, "comments_http_timeouts_total"), len(greedy + deaf))
        late_by = time.monotonic() + 3  # it stays slow for longer than it might be deaf
        self.crowd.run(lambda: time.monotonic() > late_by, "", 0.2, read_a_little)
        patient.does_read = True  # and fast
        patient.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MB)
        self.crowd.run(lambda: patient.receive() or patient.said.endswith(b"\r\n0\r\n\r\n"),
                       "the end of the list")
        self.assertGreater(len(took + patient.said), size)
        self.assertEqual(patient.end, "")
        patient.leave()
        self.assert_no_client_is_left(server)


if __name__ == "__main__":
    main()
