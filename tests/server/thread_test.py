"""thread_test - a site's thread of some hundred comments, walked page by page as its readers do.

It is made by chance, as threads are: many answer what was said last, a few answer all others, and
they write in all languages. A model of the tree says what each page must show. The seed is told
when a test fails.
"""
import random
import tempfile
import unittest
from urllib.parse import urlencode

from crowd import scaled
from people import ACTIONS, BEHIND_PROXY, MODERATOR, SECRETS, address, at, bearer
from support import LEGACY_POST, POST, Server, at_once, main

DEPTH_MAX = 6  # the server's default
COMMENTS = 400
MODERATION = bearer(MODERATOR)
WORDS = """Olá você não é só "ótimo" it's don't O'Brien <b>bold</b> a&b 5<6 \\n \\\\ C:\\temp Straße
    日本語 中文 한국어 Привет Ελλάδα שלום مرحبا हिन्दी 🙂 👩‍👩‍👧‍👦 🇧🇷 é é ﷽ ½ ™ “quoted” «guillemets» – — …
    *emphasis* **strong** `code` ~~gone~~ [link](https://example.com/?a=1&b=2) https://example.org
    www.example.net/path_(x) ana@example.com {{template}} %s %00 ${x} \u202eRTL\u202c null true
    SELECT * FROM comment; -- 1e309 0x10 -0""".split()
NAMES = ["", "Ana", "José da Silva", "O'Brien", "Анна", "山田太郎", "محمد", "🙂", '"; DROP TABLE',
         "<i>"]


class Thread:
    """The model: comments in the order of posting, each a dictionary, as they must be listed."""

    def __init__(self, dice):
        self.dice, self.comments, self.known = dice, [], {}

    def write(self):
        """Another comment: what to send."""
        dice = self.dice
        kind = dice.random()
        text = " ".join(dice.choices(WORDS, k=dice.randint(1, 60)))
        if kind < 0.2 and self.comments:
            quoted = dice.choice(self.comments)["body"].split("\n")[:3]
            text = "\n".join(f"> {line}" for line in quoted) + "\n\n" + text
        elif kind < 0.3:
            text = "\n".join(f"{dice.choice(['-', '1.', '  *'])} {word}" for word in text.split())
        elif kind < 0.4:
            text = f"```python\n{text}\n```\n\n# {text[:30]}\n\n{text}"
        elif kind < 0.45:
            text *= 20
        draft = {"content_id": "Avaliação 🙂/7", "body": text,
                 "author": {"name": dice.choice(NAMES)}}
        if dice.random() < 0.5:
            draft["author"]["email"] = f"author{dice.randint(1, 40)}@example.com"
        if 0 < len(self.comments) <= DEPTH_MAX + 2:  # first two who cannot stop
            draft["parent_id"] = self.comments[-1]["id"]
        elif self.comments and dice.random() < 0.75:  # most answer; often what was said last
            recent = self.comments[-8:] if dice.random() < 0.6 else self.comments
            draft["parent_id"] = dice.choice(recent)["id"]
        return draft

    def add(self, draft, made):
        answered = self.known.get(draft.get("parent_id"))
        parent = answered
        while parent and parent["depth"] >= DEPTH_MAX:
            parent = self.known[parent["parent"]]
        one = {"id": made["id"], "body": draft["body"], "name": draft["author"]["name"],
               "email": draft["author"].get("email", ""), "answers": draft.get("parent_id"),
               "parent": parent and parent["id"], "depth": parent["depth"] + 1 if parent else 0,
               "votes": 0, "status": "published", "position": len(self.comments)}
        self.comments.append(one)
        self.known[one["id"]] = one

    def below(self, parent):
        return [one for one in self.comments if one["parent"] == parent]

    def is_listed(self, one):
        """What is hidden stays as a tombstone while something below it is shown."""
        return one["status"] == "published" or any(map(self.is_listed, self.below(one["id"])))

    def listed(self, parent, sort):
        order = {"oldest": lambda one: one["position"], "newest": lambda one: -one["position"],
                 "top": lambda one: (-one["votes"], one["position"])}[sort]
        return sorted(filter(self.is_listed, self.below(parent)), key=order)


class Walk(unittest.TestCase):
    def setUp(self):
        seed = random.randrange(2**32)
        self.dice = random.Random(seed)
        self.enterContext(self.subTest(seed=seed))
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def serve(self):
        return Server("--store", "sqlite:comments.db", "--drain-delay", "0", *SECRETS,
                      "--legacy-emails", "all", *BEHIND_PROXY, folder=self.folder)

    def test_it_is_shown_as_it_was_written(self):
        thread = Thread(self.dice)
        with self.serve() as server:
            for _ in range(scaled(COMMENTS)):
                draft = thread.write()
                made = server.post(POST, draft)
                self.assertEqual(made.status, 201, made)
                self.assertEqual(made.json["body"], draft["body"])
                thread.add(draft, made.json)
            self.assertEqual(max(one["depth"] for one in thread.comments), DEPTH_MAX)
            self.walk(server, thread)
            self.vote(server, thread)
            self.walk(server, thread)
            self.hide_some(server, thread)
            self.walk(server, thread)
        with self.serve() as server:
            self.walk(server, thread)
            self.edit_some(server, thread)
            self.walk(server, thread)

    def vote(self, server, thread):
        def some(voters):
            for voter, one in voters:
                answer = server.request("PUT", f"{POST}/{one['id']}/vote", headers=at(voter))
                self.assertEqual(answer.status, 200)

        liked = self.dice.sample(thread.comments, len(thread.comments) // 5)
        ballots = [(address(voter), one) for one in liked
                   for voter in range(self.dice.randint(1, 5))]
        for _, one in ballots:
            one["votes"] += 1
        at_once([lambda n=n: some(ballots[n::4]) for n in range(4)])

    def hide_some(self, server, thread):
        for action, status in (("remove", "removed"), ("spam", "spam"), ("hold", "pending")):
            for one in self.dice.sample(thread.comments, len(thread.comments) // 12):
                if one["status"] != "published":
                    continue
                answer = server.post(ACTIONS, {"ids": [one["id"]], "action": action}, MODERATION)
                self.assertEqual(answer.json["items"][0].get("status"), status, answer)
                one["status"] = status

    def edit_some(self, server, thread):
        for one in self.dice.sample(thread.comments, 10):
            if one["status"] == "published":
                one["body"] = thread.write()["body"]
                answer = server.request("PATCH", f"{POST}/{one['id']}", {"body": one["body"]},
                                        MODERATION)
                self.assertEqual(answer.status, 200, answer)

    # --- reading ---

    def pages(self, server, limit, **query):
        """All of a list; by its `next`, or by the Link that says the same."""
        query = {"content_id": "Avaliação 🙂/7", "limit": limit} | query
        target, items = f"{POST}?{urlencode(query)}", []
        while target:
            page = server.get(target)
            self.assertEqual(page.status, 200, page)
            self.assertLessEqual(len(page.json["items"]), limit)
            items += page.json["items"]
            cursor = page.json["next"]
            self.assertEqual(bool(page.headers["Link"]), bool(cursor))
            if cursor and self.dice.random() < 0.5:
                target = page.headers["Link"].split("<")[1].split(">")[0]
            else:
                target = cursor and f"{POST}?{urlencode(query | {'cursor': cursor})}"
        return items

    def walk(self, server, thread):
        for sort in ("oldest", "newest", "top"):
            with self.subTest(sort):
                limit = self.dice.choice([2, 7, 50, 200])
                wanted = [None]
                while wanted:
                    parent = wanted.pop()
                    below = {"parent_id": parent} if parent else {}
                    items = self.pages(server, limit, sort=sort, **below)
                    expected = thread.listed(parent, sort)
                    self.assertEqual([item["id"] for item in items],
                                     [one["id"] for one in expected])
                    for item, one in zip(items, expected):
                        self.assert_shown(item, one, thread)
                    wanted += [item["id"] for item in items if item["replies"]]
        self.assert_legacy_list(server, thread)

    def assert_shown(self, item, one, thread):
        self.assertEqual((item["parent_id"], item["votes"], item["status"]),
                         (one["parent"], one["votes"], one["status"]))
        self.assertEqual(item["replies"], len(list(filter(thread.is_listed,
                                                          thread.below(one["id"])))))
        if one["parent"] != one["answers"]:
            self.assertEqual(item["reply_to"], one["answers"])
        else:
            self.assertNotIn("reply_to", item)
        is_shown = one["status"] == "published"
        self.assertEqual((item["body"], item["author"]["name"]),
                         (one["body"], one["name"]) if is_shown else ("", ""))
        self.assertEqual(item["body_html"] != "", is_shown)

    def assert_legacy_list(self, server, thread):
        shown = [one for one in thread.comments if one["status"] == "published"]
        whole = server.get("/api/comment/list/Avalia%C3%A7%C3%A3o%20%F0%9F%99%82%2F7")
        self.assertEqual(whole.json, [{"email": one["email"], "comment": one["body"]}
                                      for one in shown])
        counted = server.get(f"/api/v1/counts?{urlencode({'content_id': 'Avaliação 🙂/7'})}").json
        self.assertEqual(list(counted["counts"].values()), [len(shown)])

    def test_what_the_legacy_api_posts_is_the_same_thread(self):
        thread = Thread(self.dice)
        with self.serve() as server:
            for number in range(scaled(100)):
                draft = thread.write()
                if number % 2:
                    draft = {name: draft[name] for name in ("content_id", "body")} | {
                        "author": {"name": "", "email": "ana@example.com"}}
                    answer = server.post(LEGACY_POST, {
                        "content_id": draft["content_id"], "comment": draft["body"],
                        "email": "ana@example.com"})
                    self.assertEqual(answer.status, 200, answer)
                    made, = server.get(f"{POST}?" + urlencode({
                        "content_id": draft["content_id"], "sort": "newest",
                        "limit": 1})).json["items"]
                else:
                    made = server.post(POST, draft).json
                thread.add(draft, made)
            self.walk(server, thread)


if __name__ == "__main__":
    main()
