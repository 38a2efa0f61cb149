"""chores_test - what nodes do now and then for all of them ends when they do, and one does it."""
from cluster import ClusterTest
from support import POST, main, until

OLD = 200_000  # comments whose origins are too old


class Chores(ClusterTest):
    def fill(self, count):
        """A database with so many comments of which the origins are to be forgotten."""
        node, = self.start_nodes(1)
        node.post(POST, {"content_id": "1", "body": "x"})
        node.stop()
        self.sql(
            "INSERT INTO comment SELECT (jsonb_populate_record(one, jsonb_build_object('position', "
            "n, 'id', lpad(to_hex(n), 32, '0'), 'origin', 'x', 'created_at', n))).* "
            f"FROM comment AS one, generate_series(2, {count + 1}) AS n")

    def left(self):
        return int(self.sql("SELECT count(*) FROM comment WHERE origin = 'x'"))

    # A node went on until all were forgotten, for over a minute, and each one did.
    def test_a_node_ends_while_it_forgets(self):
        self.fill(OLD)
        node, = self.start_nodes(1)
        until(lambda: self.left() < OLD, "the first origins to be forgotten")
        node.stop()
        left = self.left()
        self.assertGreater(left, OLD / 4)
        self.start_nodes(1)  # the lease was given up, so it goes on at once
        until(lambda: self.left() < left, "further origins to be forgotten")

    def test_one_of_several_nodes_forgets(self):
        self.fill(5_000)
        self.sql(
            "CREATE TABLE done (node text); "
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "INSERT INTO done VALUES (current_setting('application_name')); RETURN NEW; END $$; "
            "CREATE TRIGGER note BEFORE UPDATE ON comment FOR EACH ROW EXECUTE FUNCTION note(); "
            f"ALTER TABLE done OWNER TO {self.name}")
        stores = [f"{self.store}?application_name=node{number}" for number in range(3)]
        nodes = [self.start_nodes(1, store=store)[0] for store in stores]
        until(lambda: self.left() == 0, "all origins to be forgotten")
        for node in nodes:
            node.stop()
        done = self.sql("SELECT node, count(*) FROM done GROUP BY node").splitlines()
        self.assertEqual(len(done), 1, done)
        self.assertEqual(done[0].split("\t")[1], "5000")


if __name__ == "__main__":
    main()
