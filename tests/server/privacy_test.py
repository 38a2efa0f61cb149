"""privacy_test - erased text is in no file any more, and no response says who wrote.

A name, an address or a text is looked for byte by byte in everything that the server wrote.
"""
import contextlib
import http.client
import json
import sqlite3
import tempfile
import unittest
from pathlib import Path

from people import (ACTIONS, BEHIND_PROXY, MODERATOR, QUEUE, SECRETS, at, bearer, jwt)
from support import LEGACY_POST, POST, Server, main, until

SQLITE, NOW = ("--store", "sqlite:comments.db"), ("--drain-delay", "0")
OPTIONS = (*SQLITE, *NOW, *SECRETS, *BEHIND_PROXY)
MODERATION = bearer(MODERATOR)
ADDRESS = "198.51.100.77"
MINE = {  # each is a word that nothing else has
    "name": "Quetzalcoatl Xocoyotzin", "email": "quetzal.author@example.com",
    "url": "https://example.com/quetzalhomepage"}
TEXTS = ["theveryfirsttext", "thesecondtext", "*thethird* text"]
KEY = "thekeyofthisretry"
REASON = "becauseofquetzal"


def files(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


class Privacy(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def serve(self):
        return Server(*OPTIONS, folder=self.folder)

    def write(self, server, key=KEY):
        """A comment with all that there can be about one: earlier texts, reports, votes, a key."""
        made = server.post(POST, {"content_id": "1", "body": TEXTS[0], "author": MINE},
                           {"Idempotency-Key": key} | at(ADDRESS)).json
        target = f"{POST}/{made['id']}"
        for text in TEXTS[1:]:
            answer = server.request("PATCH", target, {"body": text}, bearer(made["edit_token"]))
            self.assertEqual(answer.status, 200, answer)
        self.assertEqual(server.post(f"{target}/reports", {"reason": REASON},
                                     at("203.0.113.9")).status, 204)
        self.assertEqual(server.request("PUT", f"{target}/vote", headers=at(ADDRESS)).status, 200)
        return made

    def rows(self, sql):
        file = f"file:{self.folder / 'comments.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(file, uri=True)) as opened:
            return opened.execute(sql).fetchall()

    def assert_in_a_file(self, words):
        found = files(self.folder)
        for word in words:
            self.assertTrue([name for name, held in found.items() if word.encode() in held], word)

    def assert_in_no_file(self, words):
        found = files(self.folder)
        self.assertIn("comments.db", found)
        for word in words:
            with self.subTest(word):
                self.assertEqual([name for name, held in found.items()
                                  if word.lower().encode() in held.lower()], [])

    WORDS = [*MINE.values(), *TEXTS, REASON]

    def test_a_removed_comment_is_in_no_file(self):
        for who in ("author", "moderator", "decision"):
            with self.subTest(who), self.serve() as server:
                made = self.write(server)
                target = f"{POST}/{made['id']}"
                origin, = self.rows("SELECT origin FROM comment WHERE origin <> ''")[0]
                self.assertTrue(origin)
                self.assert_in_a_file([*self.WORDS, origin])
                if who == "decision":
                    answer = server.post(ACTIONS, {"ids": [made["id"]], "action": "remove"},
                                         MODERATION)
                else:
                    token = made["edit_token"] if who == "author" else MODERATOR
                    answer = server.request("DELETE", target, headers=bearer(token))
                self.assertIn(answer.status, (200, 204))
                self.assert_in_no_file(self.WORDS)
                self.assertEqual(self.rows("SELECT id FROM comment WHERE origin <> ''"), [])
                server.stop()
                self.assert_in_no_file(self.WORDS)
            for path in self.folder.iterdir():
                path.unlink()

    def test_nor_after_a_kill_9_right_behind_the_answer(self):
        for turn in range(5):
            with self.subTest(turn=turn):
                with self.serve() as server:
                    made = self.write(server, f"{KEY}-{turn}")
                    reply = server.post(POST, {"content_id": "1", "body": f"a reply {turn}",
                                               "parent_id": made["id"]}).json
                    self.assert_in_a_file(self.WORDS)
                    gone = server.request("DELETE", f"{POST}/{made['id']}", headers=MODERATION)
                    self.assertEqual(gone.status, 204)
                    server.kill()
                self.assert_in_no_file(self.WORDS)
                with self.serve() as server:
                    self.assert_in_no_file(self.WORDS)
                    stone = server.get(f"{POST}/{made['id']}").json  # what holds a reply stays
                    self.assertEqual((stone["status"], stone["body"], stone["body_html"]),
                                     ("removed", "", ""))
                    self.assertEqual(stone["author"]["name"], "")
                    self.assertEqual(server.get(f"{POST}/{reply['id']}").status, 200)
                    history = server.get(f"{POST}/{made['id']}/history", MODERATION).json["items"]
                    self.assertEqual([event["kind"] for event in history],
                                     ["posted", "edited", "edited", "removed"])
                    self.assertEqual({event["before"] for event in history}, {""})

    def test_a_person_whose_comments_are_erased_is_in_no_file(self):
        subject = "user-quetzalsubject"
        user = bearer(jwt(sub=subject, name="Itzcoatl Signedin", email="signed.in@example.com"))
        words = [subject, "Itzcoatl", "signed.in", "firstofmine", "secondofmine", "thirdofmine"]
        for how in ("stop", "kill"):
            with self.subTest(how), self.serve() as server:
                other = server.post(POST, {"content_id": "1", "body": "of another"}).json["id"]
                for content, body in (("1", words[3]), ("1", words[4]), ("2", words[5])):
                    server.post(POST, {"content_id": content, "body": body}, user)
                for one in (other,):
                    self.assertEqual(server.request("PUT", f"{POST}/{one}/vote",
                                                    headers=user).json["votes"], 1)
                    server.post(f"{POST}/{one}/reports", {"reason": "wordsofmine"}, user)
                self.assert_in_a_file([*words, "wordsofmine"])
                export = server.get("/api/v1/me/export", user).json
                self.assertEqual(len(export["comments"]), 3)
                self.assertEqual([vote["comment_id"] for vote in export["votes"]], [other])
                erased = server.request("DELETE", "/api/v1/me", headers=user)
                self.assertEqual(erased.json, {"comments": 3, "votes": 1})
                getattr(server, how)()
                self.assert_in_no_file([*words, "wordsofmine"])
            with self.serve() as server:
                self.assert_in_no_file([*words, "wordsofmine"])
                left = server.get(f"{POST}/{other}").json
                self.assertEqual((left["votes"], left["body"]), (0, "of another"))
                self.assertEqual(server.get("/api/v1/counts?content_id=1&content_id=2").json,
                                 {"counts": {"1": 1, "2": 0}})
                again = server.get("/api/v1/me/export", user).json
                self.assertEqual((again["comments"], again["votes"]), ([], []))
                for path in self.folder.glob("*"):
                    path.unlink()

    def test_a_moderator_erases_by_e_mail_what_both_apis_have_of_a_person(self):
        with self.serve() as server:
            self.write(server)
            server.post(LEGACY_POST, {"content_id": "2", "comment": "theoriginalwords",
                                        "email": MINE["email"].upper()})
            target = f"/api/v1/me?email={MINE['email']}"
            for headers, status in (({}, 403), (bearer(jwt(sub="x", email=MINE["email"])), 403)):
                answer = server.request("DELETE", target, headers=headers)
                self.assertIn(answer.status, (401, status))
            self.assertEqual(server.request("DELETE", target, headers=MODERATION).json["comments"],
                             2)
            server.kill()
        self.assert_in_no_file([*self.WORDS, "theoriginalwords"])

    # --- what responses say ---

    def ask_everything(self, server, made, headers):
        one = f"{POST}/{made['id']}"
        yield server.post(POST, {"content_id": "1", "body": "x", "author": MINE, "parent_id":
                                 made["id"]}, headers)
        yield server.post(POST, {"content_id": "1", "body": TEXTS[0], "author": MINE},
                          {"Idempotency-Key": KEY})
        yield server.post(POST, {"content_id": "1", "body": "", "author": MINE})
        for path in (one, f"{one}/history", f"{POST}?content_id=1", QUEUE + "?status=all",
                     f"{POST}?content_id=1&parent_id={made['id']}", "/api/v1/contents/1",
                     "/api/v1/counts?content_id=1", "/metrics", "/nowhere",
                     "/api/v1/feed?content_id=1", "/api/v1/feed?content_id=1&format=json"):
            yield server.get(path, headers)
        yield server.request("PUT", f"{one}/vote", headers=headers)
        yield server.request("DELETE", f"{one}/vote", headers=headers)
        yield server.post(f"{one}/reports", {"reason": "x"}, headers)
        yield server.request("PATCH", one, {"body": "other"}, bearer(made["edit_token"]))
        yield server.post(ACTIONS, {"ids": [made["id"]], "action": "hold"}, headers)
        yield server.request("PATCH", "/api/v1/contents/1", {"status": "premoderated"}, headers)

    def test_e_mail_and_addresses_are_in_no_answer_of_v1_and_in_no_line(self):
        with self.serve() as server:
            made = self.write(server)
            origin, = self.rows("SELECT origin FROM comment WHERE origin <> ''")[0]
            secret = [MINE["email"], "quetzal.author", ADDRESS, "203.0.113.9", origin]
            seen = 0
            for headers in ({}, MODERATION, bearer(jwt(sub="m", role="moderator"))):
                for answer in self.ask_everything(server, made, headers | at(ADDRESS)):
                    said = f"{answer.headers}{answer.body.decode()}".lower()
                    seen += answer.status < 400
                    for word in secret:
                        self.assertNotIn(word.lower(), said, answer)
            self.assertGreater(seen, 25)
            connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
            with contextlib.closing(connection):
                connection.request("GET", "/api/v1/events?content_id=1&after=0")
                streamed = connection.getresponse().read1(100_000).decode()
            for word in secret:
                self.assertNotIn(word, streamed)
            until(lambda: "/api/v1/moderation/queue" in server.log, "lines of requests")
            server.stop()
            for word in [*secret, *TEXTS, *MINE.values(), made["edit_token"], MODERATOR, REASON]:
                self.assertNotIn(word, server.log)

    def test_no_cache_shows_one_reader_what_another_may_see(self):
        with self.serve() as server:
            made = server.post(POST, {"content_id": "1", "body": "hidden words"}).json
            server.post(POST, {"content_id": "1", "body": "x", "parent_id": made["id"]})
            server.post(ACTIONS, {"ids": [made["id"]], "action": "hold"}, MODERATION)
            target = f"{POST}/{made['id']}"
            public, known = server.get(target), server.get(target, bearer(made["edit_token"]))
            self.assertEqual((public.json["body"], known.json["body"]), ("", "hidden words"))
            unchanged = server.get(target, {"If-None-Match": public.headers["ETag"]})
            self.assertEqual(unchanged.status, 304)
            for answer in (public, known, unchanged):
                self.assertIn("Authorization", ", ".join(answer.headers.get_all("Vary")))

    def test_a_first_comment_cannot_be_passed_off_as_a_signed_in_users(self):
        user = bearer(jwt(sub="ana", name="Ana", email="ana@example.com"))
        with self.serve() as server:
            server.request("PATCH", "/api/v1/contents/1", {"status": "first-comment"}, MODERATION)
            first = server.post(POST, {"content_id": "1", "body": "x"}, user).json
            server.post(ACTIONS, {"ids": [first["id"]], "action": "approve"}, MODERATION)
            mine = server.post(POST, {"content_id": "1", "body": "y"}, user).json
            self.assertEqual((mine["status"], mine["author"]["verified"]), ("published", True))
            for author in ({"name": "Ana", "email": "ana@example.com"}, {"name": "Ana"},
                           {"email": "ANA@example.com"}, {"name": "ana"}):
                answer = server.post(POST, {"content_id": "1", "body": "z", "author": author})
                self.assertEqual(answer.json["status"], "pending")
                self.assertFalse(answer.json["author"]["verified"])
                self.assertNotEqual(answer.json["author"]["key"], mine["author"]["key"])
            for author in ({"name": "Ana", "verified": True}, {"subject": "ana"}):
                answer = server.post(POST, {"content_id": "1", "body": "z", "author": author})
                self.assertFalse(answer.status == 201 and answer.json["author"]["verified"])

    def test_addresses_are_stored_by_a_hash_that_no_other_store_makes(self):
        origins = []
        for folder in ("a", "b"):
            (self.folder / folder).mkdir()
            with Server(*OPTIONS, folder=self.folder / folder) as server:
                server.post(POST, {"content_id": "1", "body": "x"}, at(ADDRESS))
                file = f"file:{self.folder / folder / 'comments.db'}?mode=ro"
                with contextlib.closing(sqlite3.connect(file, uri=True)) as rows:
                    origins.append(rows.execute("SELECT origin FROM comment").fetchone()[0])
                for held in files(self.folder / folder).values():
                    self.assertNotIn(ADDRESS.encode(), held)
        self.assertTrue(all(origins))
        self.assertNotEqual(*origins)

    def test_an_export_is_of_one_user_alone(self):
        with self.serve() as server:
            users = {name: bearer(jwt(sub=name, name=name, email="same@example.com"))
                     for name in ("ana", "bia")}
            for name, user in users.items():
                server.post(POST, {"content_id": "1", "body": f"of {name}"}, user)
            server.post(POST, {"content_id": "1", "body": "a stranger's",
                               "author": {"name": "ana", "email": "same@example.com"}})
            for name, user in users.items():
                export = server.get("/api/v1/me/export", user).json
                self.assertEqual([one["body"] for one in export["comments"]], [f"of {name}"])
                answer = server.get("/api/v1/me/export?email=same@example.com", user)
                self.assertEqual(answer.status, 403)
            all_of_it = server.get("/api/v1/me/export?email=same@example.com", MODERATION).json
            self.assertEqual(len(all_of_it["comments"]), 3)
            self.assertEqual(server.get("/api/v1/me/export").status, 401)
            json.dumps(all_of_it)


if __name__ == "__main__":
    main()
