"""events_crowd_test - thousands of followers of a content, and some that do not read.

`crowd` says what is different under a sanitizer.
"""
import contextlib
import http.client
import time

from crowd import (ONE_ADDRESS, Crowd, CrowdTest, get, is_sanitized, metric, proc, resident_bytes,
                   scaled)
from support import PATIENCE, POST, Server, main, until

EVENTS = "/api/v1/events"
IDLE = 5_000  # subscribers
SUBSCRIBER_BYTES = 4_096  # of memory that one of them may cost
THREADS_MORE = 8  # that may be started to answer other clients
READER_WAIT = 10  # seconds: epoll_limits
CONTENT_MOST = 10_000  # who may follow one content: broadcast_limits
CHANGES = 8_000  # of some 700 bytes each: more than the kernel keeps for who does not read


class Crowds(CrowdTest):
    def serve(self):
        """In memory: it is not the disk that this is about."""
        server = self.enterContext(Server("--store", "memory:", "--drain-delay", "0",
                                          *ONE_ADDRESS))
        self.crowd = self.enterContext(Crowd(server))
        server.get("/metrics")
        server.post(POST, {"content_id": "warm", "body": "x"})
        return server

    def test_sigterm_ends_with_followers(self):
        server = self.serve()
        followers = self.crowd.join(100)
        for one in followers:
            one.send(get(f"{EVENTS}?content_id=1"))
        self.crowd.run(lambda: all(b"retry" in one.said for one in followers), "streams")
        begin = time.monotonic()
        server.tell()
        self.crowd.run(lambda: all(one.end for one in followers), "their ends")
        self.assertEqual({one.end for one in followers}, {"closed"})
        for one in followers:
            self.assertTrue(one.said.endswith(b"\r\n0\r\n\r\n"))  # a whole answer: no error
        server.wait()
        self.assertLess(time.monotonic() - begin, PATIENCE / 3)

    def change(self, server, content_id, count):
        """So many changes: votes that come and go."""
        made = server.post(POST, {"content_id": content_id, "body": "x"}).json
        target, proof = f"{POST}/{made['id']}/vote", {"Comments-Browser": made["browser"]}
        connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            for turn in range(count):
                connection.request(["PUT", "DELETE"][turn % 2], target, headers=proof)
                connection.getresponse().read()

    def test_5000_idle_followers_and_some_that_do_not_read_delay_no_other_client(self):
        server = self.serve()
        long_id = '"' * 255  # so that events are long
        self.change(server, long_id, CHANGES)
        deaf = self.crowd.join(3, receive_bytes=4_096)
        for one in deaf:
            one.does_read = False
            one.send(get(f"{EVENTS}?content_id={'%22' * 255}&after=0"))
        until(lambda: metric(server, "comments_subscribers") == len(deaf), "the deaf")
        threads, before = self.threads(server), resident_bytes(server)
        idle = self.crowd.join(scaled(IDLE))
        for one in idle:
            one.send(get(f"{EVENTS}?content_id=idle"))
        self.crowd.run(lambda: all(b"retry" in one.said for one in idle), "streams")
        self.assertLessEqual(self.threads(server), threads + THREADS_MORE)
        self.assert_grown_by_at_most(before, server, len(idle) * SUBSCRIBER_BYTES)
        made = [server.post(POST, {"content_id": "idle", "body": f"{n}"}).json for n in range(5)]
        with self.others_are_answered(server):
            self.crowd.run(lambda: all(one.said.count(b"data: ") == 5 for one in idle), "posts")
            self.crowd.run(lambda: all(one.end for one in deaf), "the ends of the deaf")
        ids = [comment["id"].encode() for comment in made]
        for one in idle:
            self.assertEqual([one.said.count(each) for each in ids], [1] * 5)
            self.assertEqual(one.end, "")
        for one in deaf:
            self.assertEqual(one.end, "reset")
            self.assertGreaterEqual(one.ended_at - one.joined_at, READER_WAIT)
        self.assertEqual(metric(server, "comments_subscribers"), len(idle))
        self.assertLessEqual(self.threads(server), threads + THREADS_MORE)

    def test_10000_follow_a_content_and_not_one_more(self):
        if is_sanitized():
            self.skipTest("ten thousand are too many for a sanitizer")
        server = self.serve()
        for content_id, count, status in (("1", CONTENT_MOST, 200), ("1", 1, 503), ("2", 1, 200)):
            asking = self.crowd.join(count)
            for one in asking:
                one.send(get(f"{EVENTS}?content_id={content_id}"))
            self.crowd.run(lambda: all(one.status for one in asking), "answers")
            self.assertEqual({one.status for one in asking}, {status})
        self.assertEqual(metric(server, "comments_subscribers"), CONTENT_MOST + 1)

    @staticmethod
    def threads(server):
        for line in proc(server, "status").read_text().splitlines():
            if line.startswith("Threads:"):
                return int(line.split()[1])
        raise AssertionError("the system does not say how many threads there are")


if __name__ == "__main__":
    main()
