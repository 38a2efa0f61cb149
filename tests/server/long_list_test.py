"""long_list_test - a legacy list of 100,000 comments: whole, streamed, in flat memory."""
import contextlib
import re
import sqlite3
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from support import POST, Server, binary, main

COMMENTS = 100_000
LIST = "/api/comment/list/1"
# Written past the server, which is not running meanwhile: 100,000 posts would take a minute.
FILL = """
WITH RECURSIVE number (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
INSERT INTO comment (content_id, position, id, parent_id, status, author_name, author_email,
  author_url, author_verified, body, votes, replies, created_at, version, request_fingerprint)
SELECT content_id, n, printf('00000000-0000-7000-8000-%012d', n), parent_id, status, author_name,
  author_email, author_url, author_verified, 'comment ' || n, votes, replies, created_at, n, 0
FROM comment JOIN number WHERE position = 1
"""


class LongList(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(TemporaryDirectory())
        with Server("--drain-delay", "0", folder=cls.folder) as server:
            server.post(POST, {"content_id": "1", "body": "comment 1"})
        with contextlib.closing(sqlite3.connect(Path(cls.folder) / "comments.db")) as file, file:
            file.execute(FILL, [COMMENTS])
            file.execute("UPDATE content SET version = ?1, comments = ?1", [COMMENTS])
        cls.server = cls.enterClassContext(Server("--drain-delay", "0", folder=cls.folder))

    def memory(self, what):
        """Of the server, in MB: VmRSS, what it has, or VmHWM, the most that it had."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) / 1024

    def test_it_is_whole_and_takes_no_memory(self):
        before = self.memory("VmRSS")
        for _ in range(3):
            answer = self.server.get(LIST)
            self.assertEqual(answer.headers["Transfer-Encoding"], "chunked")
            self.assertRegex(answer.headers["ETag"],
                             f'^"{COMMENTS}-[0-9a-f]{{16}}-emails-show"$')
            self.assertEqual([one["comment"] for one in answer.json],
                             [f"comment {n + 1}" for n in range(COMMENTS)])
        if not re.search(rb"__[at]san_init", Path(binary()).read_bytes()):  # these hoard
            self.assertLess(self.memory("VmHWM") - before, 6)

    def test_a_client_that_has_it_already_gets_none_of_it(self):
        tag = self.server.request("HEAD", LIST).headers["ETag"]
        answer = self.server.get(LIST, {"If-None-Match": tag})
        self.assertEqual((answer.status, answer.body), (304, b""))

    def test_head_has_no_body_and_http_1_0_no_chunks(self):
        head = self.server.request("HEAD", LIST)
        self.assertEqual((head.status, head.body), (200, b""))
        answer = self.server.exchange(f"GET {LIST} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        self.assertEqual(answer.headers["Transfer-Encoding"], None)
        self.assertEqual(len(answer.json), COMMENTS)

    def test_a_client_that_leaves_in_the_middle_is_no_trouble(self):
        for _ in range(20):
            with self.server.connect() as client:
                client.sendall(f"GET {LIST} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                client.recv(1000)
        self.assertEqual(self.server.get("/healthz").status, 200)


if __name__ == "__main__":
    main()
