"""cluster_start_test - nodes that come up together, meet what is there, and leave it alone."""
import re
import socketserver
import threading
import time
import unittest
from urllib.parse import quote

from cluster import PASSWORD, ClusterTest
from pgbouncer import PROGRAM, Pooler
from support import POST, at_once, main, run, until

LONGEST_START = 25  # seconds; a database that sleeps has 15 of them to wake up

BROKEN = (  # connection strings of which libpq's own words quote what is in them
    "postgresql://ana:{password}@[::1/db", "postgresql://ana:{password}@/db?unknown=1",
    "postgresql://ana:{password}%zz@127.0.0.1/db", "postgresql://ana:{password}%00@127.0.0.1/db",
    "postgresql://ana:{password}@127.0.0.1:port/db", "host=127.0.0.1 {password}",
    "password='{password}", "password={password} port=port", "password={password} unknown=1",
    "password={password} sslmode=perhaps", "postgresql:{password}", "postgres://{password}%")


class Starting(ClusterTest):
    def test_three_nodes_start_at_once_on_an_empty_database(self):
        nodes = self.start_nodes(3)
        for node in nodes:
            self.assertEqual(node.post(POST, {"content_id": "1", "body": "x"}).status, 201)
        for node in nodes:
            self.assertEqual(node.get("/api/v1/contents/1").json["version"], 3)
        # All sign with the same key: what one has signed, another one takes.
        first = nodes[0].get(f"{POST}?content_id=1&limit=1").json["next"]
        self.assertEqual(nodes[1].get(f"{POST}?content_id=1&limit=1&cursor={first}").status, 200)

    def test_an_older_node_leaves_a_newer_schema_alone(self):
        node, = self.start_nodes(1)
        node.post(POST, {"content_id": "1", "body": "x"})
        node.stop()
        # A migration that only adds leaves it in service; then comes one that it cannot live with.
        self.sql("UPDATE setting SET value = '1000' WHERE name = 'schema'")
        node, = self.start_nodes(1)
        self.assertEqual(node.get("/api/v1/contents/1").json["version"], 1)
        node.stop()
        self.sql("UPDATE setting SET value = '1000' WHERE name = 'schema_min'")
        before = self.dump()
        refused = run("--store", self.store)
        self.assertEqual(refused.returncode, 2)
        self.assertRegex(refused.stderr, r"^comments-server: --store .*newer[^\n]*\n$")
        self.assertEqual(self.dump(), before)

    def dump(self):
        """All that is in the database, as a program would write it anew."""
        return re.sub(r"^\\(un)?restrict .*$", "", self.postgres.dump(self.name), flags=re.M)

    def test_a_database_of_another_program_is_left_alone(self):
        self.sql("CREATE TABLE comment (subject text)")
        before = self.dump()
        refused = run("--store", self.store)
        self.assertEqual(refused.returncode, 2)
        self.assertRegex(refused.stderr, r"comments-server: --store [^\n]*\n$")
        self.assertEqual(self.dump(), before)

    def run_all(self, *runs):
        """What each of the servers says, that try to start at the same moment and cannot."""
        begun = time.monotonic()
        done = at_once([lambda given=given: run(**given) for given in runs])
        self.assertLess(time.monotonic() - begun, LONGEST_START)
        for one in done:
            self.assertEqual(one.returncode, 2, one.stderr)
            self.assertRegex(one.stderr.splitlines()[-1], "^comments-server: ")
        return [one.stderr for one in done]

    def test_a_database_that_cannot_be_used_is_named_in_bounded_time_without_its_password(self):
        secrets = (PASSWORD, quote(PASSWORD), PASSWORD.split(" ")[0])
        node, = self.start_nodes(1, "--log-level", "debug")
        node.post(POST, {"content_id": "1", "body": "x"})
        self.postgres.sql(f"ALTER ROLE {self.name} CONNECTION LIMIT 0")
        self.postgres.cut_connections()
        self.assert_unavailable(node.post(POST, {"content_id": "1", "body": "x"}))
        said = [node.log, node.get("/metrics").body.decode()]
        port, database = f":{self.postgres.port}/", f"/{self.name}"
        stores = (self.store, self.store.replace(port, ":1/"), self.store + "-not-there",
                  self.store + "?sslmode=require", "host=/nowhere password=correct",
                  self.store.replace(database, "/template0"), self.store + "?host=%zz",
                  *(form.format(password=quote(PASSWORD)) for form in BROKEN))
        said += self.run_all(*({"env": {"COMMENTS_STORE": store}} for store in stores))
        for text in said:
            for secret in secrets:
                self.assertNotIn(secret, text)


class StartingUp(socketserver.ThreadingTCPServer):
    """Stands for a database that starts up, and says so in its own language."""
    allow_reuse_address = daemon_threads = True
    words = "das Datenbanksystem startet"

    class RequestHandlerClass(socketserver.StreamRequestHandler):
        def handle(self):
            while head := self.rfile.read(8):
                self.rfile.read(int.from_bytes(head[:4], "big") - 8)
                if head[4:] == b"\0\3\0\0":  # a client of version 3; before that it asks for TLS
                    said = b"".join(field + b"\0" for field in (
                        b"SFATAL", b"VFATAL", b"C57P03", b"M" + self.server.words.encode(), b""))
                    self.server.asked += 1
                    self.wfile.write(b"E" + (len(said) + 4).to_bytes(4, "big") + said)
                    return
                self.wfile.write(b"N")

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.RequestHandlerClass)
        self.asked = 0
        threading.Thread(target=self.serve_forever).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Refused(ClusterTest):
    """Where passwords count."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rules = cls.postgres.data / "pg_hba.conf"
        rules.write_text("local all,replication all trust\n"
                         "host all all 127.0.0.1/32 scram-sha-256\n")
        cls.postgres.sql("SELECT pg_reload_conf()")

    def faults(self):
        """What can be wrong for good, and the words for it."""
        self.postgres.sql(f"CREATE ROLE {self.name}_full LOGIN PASSWORD 'x' CONNECTION LIMIT 0")
        self.postgres.sql(f"CREATE ROLE {self.name}_reader LOGIN PASSWORD 'x'")
        self.postgres.sql(f"ALTER ROLE {self.name}_reader SET default_transaction_read_only = on")
        here = f"127.0.0.1:{self.postgres.port}"
        return {
            f"postgresql://{self.name}:s3cret@{here}/{self.name}": "password authentication failed",
            self.store + "_gone": "does not exist",
            self.store + "?sslmode=require": "server does not support SSL",
            self.store.replace("127.0.0.1", "nowhere.invalid"): "could not translate host name",
            f"postgresql://{self.name}_full:x@{here}/{self.name}": "too many connections",
            f"postgresql://{self.name}_reader:x@{here}/{self.name}": "session is read-only",
            f"postgresql://{self.name}:s3/cret@{here}/{self.name}": "cannot be read",
        }

    # Each of these waited for 15 seconds, and said "it does not answer".
    def test_what_does_not_pass_by_waiting_is_said_at_once_in_its_own_words(self):
        faults = self.faults()
        runs = [(command, store) for store in faults for command in ("serve", "migrate", "copy")]
        for command, store in runs:
            with self.subTest(command=command, store=store):
                if command == "copy":
                    done = run("copy", "--from", store, "--to", f"sqlite:{self.folder}/to.db")
                else:
                    options = ("migrate",) if command == "migrate" else ()
                    done = run(*options, env={"COMMENTS_STORE": store})
                    self.assertLessEqual(done.stderr.count('"store_failed"'), 1)
                self.assertEqual(done.returncode, 2, done)
                last = done.stderr.splitlines()[-1]
                self.assertRegex(last, "^comments-server: --(store|from) postgresql:")
                self.assertIn(faults[store], last)
                for secret in (PASSWORD, quote(PASSWORD), PASSWORD.split(" ")[0], "s3"):
                    self.assertNotIn(secret, done.stderr)

    def test_a_standby_alone_is_told_at_once(self):
        with self.postgres.standby(self.folder / "standby") as standby:
            store = self.store.replace(str(self.postgres.port), str(standby.port))
            done = run("--store", store)
            self.assertEqual(done.returncode, 2)
            self.assertIn("session is read-only", done.stderr.splitlines()[-1])
            self.assertEqual(done.stderr.count('"store_failed"'), 1)
        self.postgres.require("")

    def test_a_database_that_starts_up_is_waited_for_whatever_its_language(self):
        with StartingUp() as database:
            done = run("--store", f"postgresql://127.0.0.1:{database.server_address[1]}/a")
        self.assertEqual(done.returncode, 2)
        self.assertIn(database.words, done.stderr.splitlines()[-1])
        self.assertGreater(database.asked, 4)


@unittest.skipUnless(PROGRAM, "PgBouncer is not installed")
class BehindAPooler(ClusterTest):
    def test_a_database_that_is_away_behind_its_pooler_is_waited_for(self):
        with Pooler(self.folder, self.postgres, "transaction") as pooler:
            store = f"postgresql://{self.name}@127.0.0.1:{pooler.port}/{self.name}"
            self.postgres.stop()
            try:
                done = run("--store", store)
            finally:
                self.postgres.start()
            self.assertEqual(done.returncode, 2)
            self.assertGreater(done.stderr.count('"store_failed"'), 2, done.stderr)
            self.start_nodes(1, store=store)


class Idle(ClusterTest):
    def test_idle_connections_are_closed_and_opened_again(self):
        node = self.start_nodes(1, "--store-idle", "1")[0]
        for _ in range(2):
            node.post(POST, {"content_id": "1", "body": "x"})
            node.get(f"{POST}?content_id=1")
            self.assertGreater(self.connections(), 0)
            until(lambda: self.connections() == 0, "the end of all connections")

    def test_readyz_does_not_ask_the_database(self):
        node = self.start_nodes(1, "--store-idle", "1")[0]
        until(lambda: self.connections() == 0, "the end of all connections")
        for _ in range(20):
            self.assertEqual(node.get("/readyz").status, 200)
        self.assertEqual(self.connections(), 0)
        self.postgres.stop()
        try:
            for _ in range(20):
                self.assertEqual(node.get("/readyz", timeout=2).status, 200)
        finally:
            self.postgres.start()
        self.assertEqual(node.post(POST, {"content_id": "1", "body": "x"}).status, 201)


if __name__ == "__main__":
    main()
