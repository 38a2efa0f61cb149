"""pooler_test - nodes whose database stands behind PgBouncer, in each of its two modes.

In transaction mode each transaction gets any session, so a node may leave nothing there, nor find
anything. It finds out by itself. What was acknowledged is on disk and listed, whatever is the
database's default, and whenever the pooler or the database goes away.
"""
import json
import signal
import threading
import unittest

from clients import Insistent
from cluster import ClusterTest, Load
from people import ACTIONS, MODERATOR, QUEUE, SECRETS, bearer
from pgbouncer import PROGRAM, Pooler
from postgres import UNSYNCED, run
from support import POST, main, until

MODERATION = bearer(MODERATOR)


class Follower:
    """Reads what a node tells about a content, as it happens."""

    def __init__(self, node, content_id):
        self.seen, self.connection = [], node.connect()
        target = f"/api/v1/events?content_id={content_id}&after=0"
        self.connection.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        self.thread = threading.Thread(target=self.read)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.connection.shutdown(2)
        self.thread.join()
        self.connection.close()

    def read(self):
        for line in self.connection.makefile("rb"):
            if line.startswith(b"data: {"):
                self.seen.append(json.loads(line.removeprefix(b"data: ")))


@unittest.skipUnless(PROGRAM, "PgBouncer is not installed")
class Modes(ClusterTest):
    # Without a commit that waits for the disk, what is written may stay in memory for so long.
    settings = UNSYNCED | {"wal_writer_delay": "10s"}

    def start_behind(self, mode, *options, **settings):
        """Two nodes behind a pooler, in front of a database that would not wait for its disk."""
        self.sql(f"ALTER DATABASE {self.name} SET synchronous_commit = off")
        self.pooler = self.enterContext(Pooler(self.folder, self.postgres, mode, **settings))
        store = f"postgresql://{self.name}@127.0.0.1:{self.pooler.port}/{self.name}"
        return self.start_nodes(2, *SECRETS, *options, store=store)

    def ask_pooler(self, sql):
        return run("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--dbname",
                   f"host=127.0.0.1 port={self.pooler.port} user={self.name} dbname={self.name}",
                   text=sql).strip()

    def check_everything(self, one, other):
        """Each kind of request, on the two nodes in turn."""
        made = one.post(POST, {"content_id": "1", "body": "first"}).json
        reply = other.post(POST, {"content_id": "1", "body": "second", "parent_id": made["id"]})
        self.assertEqual(reply.status, 201, reply)
        path = f"{POST}/{made['id']}"
        for node, method, target, body, headers in [
                (other, "PATCH", path, {"body": "changed"}, bearer(made["edit_token"])),
                (one, "PUT", f"{path}/vote", None, {}),
                (other, "POST", f"{path}/reports", {"reason": "rude"}, {}),
                (one, "POST", ACTIONS, {"ids": [made["id"]], "action": "approve"}, MODERATION),
                (other, "PATCH", "/api/v1/contents?content_id=1", {"status": "open"}, MODERATION),
                (one, "GET", f"{QUEUE}?status=all&q=chang", None, MODERATION),
                (other, "GET", f"{path}/history", None, MODERATION),
                (one, "DELETE", f"{POST}/{reply.json['id']}", None, MODERATION)]:
            answer = node.request(method, target, body, headers)
            self.assertIn(answer.status, (200, 204), (method, target, answer))
        self.assert_same_answers([one, other], "1", [path])

    def check_live(self, one, other):
        """What one node takes, the other's followers hear."""
        with Follower(other, "live") as follower:
            for i in range(3):
                made = one.post(POST, {"content_id": "live", "body": f"{i}"}).json["id"]
                until(lambda: made in json.dumps(follower.seen), "the event on the other node")

    def check_losses(self, nodes, *ways):
        """Nothing acknowledged is lost, and nothing is there twice."""
        clients = self.people(Insistent, 4, nodes)
        with Load(clients) as load:
            for how in ways:
                load.wait_for_more()
                self.pooler.restart(how)
                load.wait_for_each(nodes)
            load.wait_for_more()
            self.postgres.kill()
            self.postgres.start()
            load.wait_for_each(nodes)
        self.assert_there_once(nodes, clients)

    def test_transaction_mode(self):
        nodes = self.start_behind("transaction")
        self.check_everything(*nodes)
        self.check_live(*nodes)
        self.check_losses(nodes, signal.SIGTERM, signal.SIGKILL, signal.SIGINT)
        self.assertEqual(self.ask_pooler("SHOW statement_timeout"), "0")  # nor anything else stays
        self.assertEqual(self.ask_pooler("SELECT count(*) FROM pg_prepared_statements"), "0")

    def test_session_mode(self):
        nodes = self.start_behind("session", default_pool_size=50)
        self.check_everything(*nodes)
        self.check_live(*nodes)
        self.check_losses(nodes, signal.SIGTERM, signal.SIGKILL)

    def test_session_mode_with_prepared_statements(self):
        """Where the operator says that each connection has a session of its own."""
        nodes = self.start_behind("session", "--store-pooler", "off", default_pool_size=50)
        self.check_everything(*nodes)
        self.check_live(*nodes)
        self.assertNotEqual(
            self.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%LISTEN%'"), "0")

    def test_more_connections_than_sessions(self):
        nodes = self.start_behind("transaction", "--store-connections", "20", default_pool_size=2)
        clients = self.people(Insistent, 8, nodes)
        with Load(clients) as load:
            load.wait_for_more(200)
        self.assert_there_once(nodes, clients)
        self.assertEqual(sum(client.refused for client in clients), 0)


if __name__ == "__main__":
    main()
