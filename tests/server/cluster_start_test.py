"""cluster_start_test - nodes that come up together, meet what is there, and leave it alone."""
import re
import time
from urllib.parse import quote

from cluster import PASSWORD, ClusterTest
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
