"""cluster_example_test - examples/cluster/run does what it prints, and a dead node costs no client.

What it prints to be typed is typed here.
"""
import json
import os
import random
import signal
import subprocess
import unittest
from itertools import takewhile
from pathlib import Path

from clients import CONTENTS, Insistent
from cluster import Load
from support import PATIENCE, POST, Server, binary, main, until

LONG = 4 * PATIENCE  # for what starts two databases on a busy machine
COMMENT = {"content_id": "1", "body": "x"}
RUN = Path(__file__).resolve().parents[2] / "examples/cluster/run"


class Address:
    """Something that listens, to be asked as our own servers are."""
    request, get, post = Server.request, Server.get, Server.post

    def __init__(self, url):
        self.host, port = url.removeprefix("http://").split(":")
        self.port = int(port)


class Example(unittest.TestCase):
    def setUp(self):
        self.process = self.enterContext(subprocess.Popen(
            [RUN, binary()], stdout=subprocess.PIPE, text=True,
            env=os.environ | {"COMMENTS_GUARD": "off"}))  # its clients have one address
        self.addCleanup(self.process.send_signal, signal.SIGINT)
        self.said = list(takewhile(lambda line: "Ctrl-C" not in line, self.process.stdout))
        facts = {words[0]: words[1:] for words in (line.split() for line in self.said[:7])}
        self.folder = Path(facts["logs"][0])
        self.processes = {name: int(fact[2]) for name, fact in facts.items() if len(fact) == 3}
        self.proxy, *self.nodes = (Address(facts[name][0])
                                   for name in ("proxy", "node-1", "node-2", "node-3"))

    def typed(self, *words):
        """What the one command says that was printed with these words in it."""
        command, = (line for line in self.said if line.startswith("  ")
                    and all(word in line for word in words))
        return subprocess.run(["sh", "-c", command], capture_output=True, text=True,
                              timeout=PATIENCE).stdout

    def test_what_it_prints_can_be_typed_and_nothing_is_left(self):
        made = json.loads(self.typed("curl", "Primeiro post!"))
        listed = json.loads(self.typed("curl", "comments?content_id=1"))
        self.assertEqual([item["id"] for item in listed["items"]], [made["id"]])
        self.assertIn(f'"comment_id":"{made["id"]}"', self.typed("curl", "events"))
        self.typed(f"kill -9 {self.processes['node-1']}\n")
        self.assertEqual(json.loads(self.typed("curl", "Primeiro post!"))["id"], made["id"])
        self.typed(f"kill -9 {self.processes['primary']}\n")
        self.assertIn("Primeiro post!", self.typed("psql", "SELECT content_id, body"))
        self.typed("psql", "pg_promote")
        until(lambda: self.proxy.post(POST, COMMENT).status == 201, "the standby to be found")
        self.assertEqual(self.nodes[2].get("/api/v1/contents/1").json["version"], 2)
        self.process.send_signal(signal.SIGINT)
        self.assertEqual(self.process.wait(LONG), 128 + signal.SIGINT)
        self.assertFalse(self.folder.exists())
        self.assertFalse([name for name, process in self.processes.items()
                          if Path(f"/proc/{process}").exists()])

    def test_nodes_that_are_killed_under_load_cost_no_client_an_answer(self):
        clients = [Insistent(n, random.Random(n), [self.proxy]) for n in range(8)]
        with Load(clients) as load:
            for name in ("node-1", "node-2"):
                load.wait_for_more(100)
                os.kill(self.processes[name], signal.SIGKILL)
            load.wait_for_more(100)
        self.assertEqual([(client.refused, client.unanswered) for client in clients],
                         [(0, 0)] * len(clients))
        found = [item["comment"] for content_id in CONTENTS
                 for item in self.nodes[2].get(f"/api/comment/list/{content_id}").json]
        self.assertEqual(sorted(found), sorted(key for client in clients for key in client.sent))

    def test_with_no_node_left_the_proxy_answers_as_a_node_would(self):
        for name in ("node-1", "node-2", "node-3"):
            os.kill(self.processes[name], signal.SIGKILL)
        # While they go, one may take a request along, of which the proxy knows no more.
        until(lambda: self.proxy.post(POST, COMMENT).status == 503, "all to be gone")
        answer = self.proxy.post(POST, COMMENT)
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertEqual(answer.json["status"], 503)


class Refusal(unittest.TestCase):
    def test_a_server_that_is_not_there(self):
        done = subprocess.run([RUN, "/nowhere"], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "/nowhere is not there; ./dev build makes it\n"))


if __name__ == "__main__":
    main()
