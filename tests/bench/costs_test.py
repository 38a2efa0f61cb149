#!/usr/bin/env python3
"""What a request takes of the server is counted, and within its limits.

The counts are those of an unoptimised build, as the tests make it; ./dev bench tells those of the
server. They are the same on each machine, whatever else it does.
"""
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "server"))
import costs
import processes
import support

LIST, POST = "/api/v1/comments?content_id=1", "/api/v1/comments"
BODY = '{"content_id": "2", "body": "%s", "author": {"name": "Ana"}}' % ("An opinion. " * 12)
JSON = {"Content-Type": "application/json"}
LONG = "COMMENTS_TEST_LONG" in os.environ


class Costs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        with support.Server("--drain-delay", "0", folder=cls.folder) as server:
            for number in range(50):
                server.post(POST, {"content_id": "1", "body": f"{number} {'An opinion. ' * 12}"})
            cls.etag = server.get(LIST).headers["ETag"]
        cls.asked = {
            "list": costs.asking("GET", LIST),
            "304": costs.asking("GET", LIST, None, {"If-None-Match": cls.etag}, 304),
            "post": costs.asking("POST", POST, BODY, JSON, 201)}

    def program(self, port):
        return processes.server_command(support.binary(), f"sqlite:{self.folder}/comments.db", port)

    def assert_takes_at_most(self, what, **limits):
        if why := costs.missing_tool(what):
            self.skipTest(why)
        for name, limit in limits.items():
            with self.subTest(name):
                took = costs.each(what, self.program, self.asked[name.strip("_")])
                print(f"{name}: {took:,.0f} {what}")
                self.assertLessEqual(took, limit)

    def test_system_calls(self):
        self.assert_takes_at_most("system calls", list=4, _304=4, post=60)

    def test_instructions_of_a_list_that_is_known(self):
        self.assert_takes_at_most("instructions", list=270_000)

    @unittest.skipUnless(LONG, "long")
    def test_instructions_of_the_others(self):
        self.assert_takes_at_most("instructions", _304=280_000, post=2_400_000)

    @unittest.skipUnless(LONG, "long")
    def test_bytes_that_are_copied(self):
        self.assert_takes_at_most("bytes copied", list=2_000, _304=2_000, post=25_000)


class Counting(unittest.TestCase):
    def test_a_program_that_does_twice_as_much_for_each_request_counts_twice(self):
        """So the figure is of what is asked, and of nothing else."""
        if why := costs.missing_tool("system calls"):
            self.skipTest(why)
        script = """
import os, socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    client = listener.accept()[0]
    while client.recv(4096):
        for _ in range(int(sys.argv[2])): os.getppid()
        client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
    import signal; signal.pause()
"""
        counted = [costs.each("system calls",
                              lambda port, n=n: [sys.executable, "-c", script, port, n],
                              costs.asking("GET", "/")) for n in (10, 20)]
        self.assertAlmostEqual(counted[1] - counted[0], 10, delta=0.5)

    def test_another_answer_than_is_meant_is_an_error(self):
        with support.Server("--drain-delay", "0") as server:
            with contextlib.closing(costs.connect(server.port, server.process)) as connection:
                with self.assertRaisesRegex(RuntimeError, "404"):
                    costs.asking("GET", "/nowhere")(connection, 0)


if __name__ == "__main__":
    support.main()
