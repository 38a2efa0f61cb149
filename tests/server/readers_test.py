"""readers_test - clients that ask for much and take little of it.

`crowd` says what is different under a sanitizer.
"""
import contextlib
import socket
import time

from crowd import MB, CrowdTest, get, metric, resident_bytes, scaled
from support import POST, main, until

READER_WAIT = 10  # seconds: event_limits


class Readers(CrowdTest):
    def test_a_large_answer_is_not_paid_for_once_it_is_sent(self):
        server = self.serve()
        for _ in range(100):
            server.post(POST, {"content_id": "long", "body": "a" * 16_000})
        size = len(server.get("/api/comment/list/long").body)
        self.assert_nobody_is_left(server)
        before = resident_bytes(server)
        kept = self.crowd.join(scaled(50))
        for client in kept:
            client.send(get("/api/comment/list/long"))
            self.crowd.run(lambda: len(client.said) > size, "a page")
        self.assertEqual({client.end for client in kept}, {""})
        self.assert_grown_by_at_most(before, server, 10 * size)

    def test_who_does_not_read_is_closed_and_who_reads_slowly_is_not(self):
        server = self.serve()
        for _ in range(100):
            server.post(POST, {"content_id": "long", "body": "a" * 16_000})
        page = get("/api/comment/list/long")
        size = len(server.get("/api/comment/list/long").body)
        self.assert_nobody_is_left(server)
        before = resident_bytes(server)
        patient, = self.crowd.join(receive_bytes=16_384)
        greedy = self.crowd.join(scaled(10))  # they ask endlessly, and read nothing
        deaf = self.crowd.join(scaled(30), receive_bytes=4_096)  # more than the kernel holds, once
        for client in (patient, *greedy, *deaf):
            client.does_read = False
        patient.send(page * 2)
        for client in greedy:
            client.send(page * (16 * MB // len(page)))
        for client in deaf:
            client.send(page * 4)
        took = bytearray()

        def read_a_little():  # 80 KB a second, so it takes more than READER_WAIT for two pages
            with contextlib.suppress(BlockingIOError):
                took.extend(patient.socket.recv(16_384))
            # Each keeps one answer, and what it sent of the next requests.
            self.assert_grown_by_at_most(before, server, (len(greedy) + len(deaf)) * size + 30 * MB)

        # Once all have their share of the work, which is a hundred large pages.
        until(lambda: metric(server, "comments_http_connections") > len(deaf), "all of them")
        with self.others_are_answered(server):
            self.crowd.run(lambda: all(client.end for client in greedy + deaf), "their ends", 0.2,
                           read_a_little)
        for client in greedy + deaf:
            self.assertEqual(client.end, "reset")
            self.assertGreaterEqual(client.ended_at - client.joined_at, READER_WAIT)
        self.assertTrue(all(client.unsent for client in greedy))  # they were not even read
        self.assertEqual(metric(server, "comments_http_timeouts_total"), len(greedy + deaf))
        late_by = time.monotonic() + 3  # it stays slow for long enough
        self.crowd.run(lambda: time.monotonic() > late_by, "", 0.2, read_a_little)
        patient.does_read = True  # and fast
        patient.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MB)
        self.crowd.run(lambda: patient.receive() or len(took) + len(patient.said) >= 2 * size,
                       "all of two pages")
        self.assertEqual(bytes(took + patient.said).count(b"HTTP/1.1 200 "), 2)
        self.assertEqual(patient.end, "")
        patient.leave()
        self.assert_nobody_is_left(server)


if __name__ == "__main__":
    main()
