"""cluster - nodes that share a database of their own, and what must hold in all of them.

    class Reading(ClusterTest):
        def test_…(self):
            one, other, third = self.start_nodes(3)

Each test has a database in the class's PostgreSQL, and a role without privileges that owns it.
"""
import random
import threading
import time
import unittest
from urllib.parse import quote

from support import POST, Server, at_once, until

from postgres import UNSYNCED, Postgres, temporary_folder

NOW = ("--drain-delay", "0")
PASSWORD = "correct horse %40"


class Anyone:
    """Asks one of the nodes, whichever chance picks, as a proxy would."""

    def __init__(self, nodes, dice):
        self.nodes, self.dice = nodes, dice

    def __getattr__(self, name):
        return getattr(self.dice.choice(self.nodes), name)


class ClusterTest(unittest.TestCase):
    settings = UNSYNCED
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(temporary_folder())
        cls.postgres = cls.enterClassContext(Postgres(cls.folder / "primary", **cls.settings))
        cls.databases = [cls.postgres]

    def setUp(self):
        seed = random.randrange(2**32)
        self.dice = random.Random(seed)
        self.enterContext(self.subTest(seed=seed))
        self.name = self.id().rpartition(".")[2][:60]
        self.postgres.sql(f"CREATE ROLE {self.name} LOGIN PASSWORD '{PASSWORD}';\n"
                          f"CREATE DATABASE {self.name} OWNER {self.name}")

    @property
    def store(self):
        """Where it is, for --store."""
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in self.databases)
        return f"postgresql://{self.name}:{quote(PASSWORD)}@{hosts}/{self.name}"

    def sql(self, text):
        return self.databases[-1].sql(text, self.name)

    def start_nodes(self, count, *options, store=None):
        """All of them at the same moment."""
        nodes = [Server("--store", store or self.store, *NOW, *options) for _ in range(count)]
        at_once([lambda node=node: self.enterContext(node) for node in nodes])
        return nodes

    def connections(self):
        """How many the database has of our nodes."""
        return int(self.databases[-1].sql(
            f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{self.name}'"))

    def people(self, kind, count, *arguments):
        return [kind(n, random.Random(self.dice.random()), *arguments) for n in range(count)]

    # --- what must hold ---

    def assert_problem(self, answer, status, code):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.json["code"], code, answer)

    def assert_unavailable(self, answer):
        self.assert_problem(answer, 503, "unavailable")
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)

    def assert_there_once(self, nodes, clients):
        """That every node lists everything that the clients sent once, and nothing else, and has
        an event for each version."""
        sent = sorted(key for client in clients for key in client.sent)
        contents = {body["content_id"] for client in clients for _, body in client.sent.values()}
        for node in nodes:
            found = []
            for content_id in contents:
                listed = node.get(f"/api/comment/list/{content_id}").json
                found += [item["comment"] for item in listed]
                self.assertEqual(node.get(f"/api/v1/contents/{content_id}").json["version"],
                                 len(listed))
            self.assertEqual(sorted(found), sent)
        versions = self.sql("SELECT content_id, count(*), min(version), max(version) FROM event "
                            "GROUP BY content_id")
        for line in versions.splitlines():
            content_id, count, first, last = line.split("\t")
            self.assertEqual((int(first), last), (1, count), content_id)

    def assert_same_answers(self, nodes, content_id, targets=()):
        """That all nodes give the same answers."""
        about = f"content_id={content_id}"
        targets = [f"/api/v1/contents/{content_id}", f"/api/v1/counts?{about}",
                   f"/api/comment/list/{content_id}", f"/api/v1/feed?{about}&format=json",
                   *(f"{POST}?{about}&sort={sort}&limit={limit}"
                     for sort in ("oldest", "newest", "top") for limit in (1, 7, 200)), *targets]
        for target in targets:
            answers = [node.get(target) for node in nodes]  # of which problems name their request
            self.assertEqual(len({(answer.status, answer.headers["ETag"],
                                   answer.status == 200 and answer.body)
                                  for answer in answers}), 1, answers)


class Load:
    """Clients that post until the end of the block, each on whichever node."""

    def __init__(self, clients):
        self.clients, self.is_over, self.failures = clients, threading.Event(), []
        self.threads = [threading.Thread(target=self.work, args=[one]) for one in clients]

    def work(self, client):
        try:
            client.post_until(self.is_over)
        except Exception as failure:  # told at the end
            self.failures.append(failure)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        if kind is None and self.failures:
            raise self.failures[0]

    def count(self):
        return sum(len(client.acknowledged) for client in self.clients)

    def wait_for_more(self, more=50):
        enough = self.count() + more
        until(lambda: self.failures or self.count() >= enough, "comments")

    def wait_for_answers(self):
        """Until each client was told twice, whatever it is."""
        before = [len(client.answers) for client in self.clients]
        until(lambda: self.failures or all(len(client.answers) >= count + 2 for client, count
                                           in zip(self.clients, before)), "answers")

    def wait_for_each(self, nodes):
        """Until each of the nodes has acknowledged one from now on; how long that took."""
        begun = time.monotonic()

        def is_served(node):
            return any(status < 300 and asked is node and came - took > begun
                       for client in self.clients for came, took, asked, status in client.answers)

        until(lambda: self.failures or all(map(is_served, nodes)), "all nodes to take comments")
        return time.monotonic() - begun
