"""reread_test - secrets and blocked words in files, read at the start and again on SIGHUP."""
import os
import signal
import tempfile
import threading
import unittest
from pathlib import Path

from options_test import MEMORY, NOW, variable
from people import QUEUE, bearer, jwt
from support import POST, Server, main, run, until

OLD, NEW = "the-old-token-of-moderators", "the-new-token-of-moderators"
SITE = "another secret of the host's site, of 32 bytes and more"
OPTIONS = ("moderator-token-file", "deploy-token-file", "sso-secret-file")


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def put(self, text, name="secret", mode=0o600):
        """A file that is there as a whole at one moment; its path."""
        path, made = self.folder / name, self.folder / f"{name}.new"
        made.write_bytes(text if isinstance(text, bytes) else text.encode())
        made.chmod(mode)
        made.rename(path)
        return str(path)

    def serve(self, *options):
        now = () if "--drain-delay" in options else NOW
        return self.enterContext(Server(*MEMORY, *now, *options, folder=self.folder))

    def moderates(self, server, token):
        return server.get(QUEUE, bearer(token)).status == 200

    def events(self, server, name):
        return [event for event in server.events if event["event"] == name]

    def reread(self, server, outcome="reread"):
        before = len(self.events(server, outcome))
        server.tell(signal.SIGHUP)
        until(lambda: len(self.events(server, outcome)) > before, outcome)
        return self.events(server, outcome)[-1]

    # --- at the start ---

    def test_a_secret_is_the_one_line_of_its_file(self):
        for text in (OLD, OLD + "\n", OLD + "\r\n"):
            with self.subTest(text=text), Server(
                    *MEMORY, *NOW, "--moderator-token-file", self.put(text)) as server:
                self.assertTrue(self.moderates(server, OLD))
                self.assertFalse(self.moderates(server, NEW))
                self.assertEqual(self.events(server, "readable_secret"), [])

    def test_each_secret_has_a_file(self):
        server = self.serve("--deploy-token-file", self.put(NEW, "deploy"),
                            "--sso-secret-file", self.put(SITE + "\n", "site"))
        step = {"component": "a", "version": "1", "responsible": "ana", "status": "success"}
        self.assertEqual(server.post("/api/v1/deployments", step, bearer(NEW)).status, 201)
        self.assertTrue(self.moderates(server, jwt(sub="ana", role="moderator", secret=SITE)))
        self.assertFalse(self.moderates(server, jwt(sub="ana", role="moderator")))

    def test_a_file_that_holds_no_secret_is_one_line_that_names_its_option(self):
        wrong = [(f"{self.folder}/missing", "cannot be read"), (str(self.folder), "no file"),
                 (self.put("", "empty"), "empty"), (self.put("\n", "blank"), "empty"),
                 (self.put("one\ntwo\n", "two"), "one line"),
                 (self.put(b"a\0b", "nul"), "one line"),
                 (self.put("x" * 4097, "long"), "4096 bytes"),
                 (self.put(OLD, "group", 0o620), "can write"),
                 (self.put(OLD, "others", 0o602), "can write"), ("/dev/null", "no file")]
        for option in OPTIONS:
            for path, why in wrong:
                for told, env in (([f"--{option}={path}"], {}), ([], {variable(option): path})):
                    with self.subTest(option, path=path, env=env):
                        done = run(*MEMORY, *told, env=env)
                        self.assertEqual((done.returncode, done.stdout), (2, ""))
                        named = f"--{option}" if told else next(iter(env))
                        self.assertRegex(
                            done.stderr, rf"\Acomments-server: {named}: [^\n]*{why}[^\n]*\n\Z")
                        self.assertNotIn(OLD, done.stderr)

    def test_a_secret_and_its_file_are_one_too_many(self):
        path = self.put(OLD)
        for option in OPTIONS:
            given = option.removesuffix("-file")
            done = run(*MEMORY, f"--{option}={path}", f"--{given}={NEW}")
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"--{option}: --{given} is given, too", done.stderr)
        done = run(*MEMORY, f"--moderator-token-file={path}", f"--deploy-token-file={path}")
        self.assertIn("--deploy-token-file: The moderators' and the pipeline's tokens must differ",
                      done.stderr)
        done = run(*MEMORY, f"--moderator-token-file={self.put('two words')}")
        self.assertIn("--moderator-token-file: A token is visible", done.stderr)

    def test_a_file_that_everybody_can_read_is_told_about(self):
        server = self.serve("--moderator-token-file", self.put(OLD, mode=0o444))
        until(lambda: self.events(server, "readable_secret"), "the warning")
        self.assertEqual(self.events(server, "readable_secret")[0]["option"],
                         "moderator-token-file")
        self.assertTrue(self.moderates(server, OLD))

    # --- on SIGHUP ---

    def test_a_new_secret_takes_the_place_of_the_old_one(self):
        server = self.serve("--moderator-token-file", self.put(OLD))
        self.put(NEW)
        self.assertTrue(self.moderates(server, OLD))
        self.reread(server)
        self.assertTrue(self.moderates(server, NEW))
        self.assertFalse(self.moderates(server, OLD))

    def test_new_blocked_words_are_held_and_old_ones_are_not(self):
        server = self.serve("--blocked-words", self.put("casino\n", "words"),
                            "--moderator-token", OLD)
        self.put("viagra\n", "words")
        self.reread(server)
        for word, status in (("casino", "published"), ("viagra", "pending")):
            made = server.post(POST, {"content_id": "1", "body": f"a {word} here"}).json
            self.assertEqual(made["status"], status)
        self.assertTrue(self.moderates(server, OLD))

    def test_a_fault_in_one_file_leaves_all_as_it_was(self):
        server = self.serve("--moderator-token-file", self.put(OLD),
                            "--blocked-words", self.put("casino\n", "words"))
        self.put(NEW)
        self.put("?!\n", "words")
        self.assertIn("--blocked-words: ", self.reread(server, "not_reread")["reason"])
        self.assertTrue(self.moderates(server, OLD))
        self.put("viagra\n", "words")
        os.remove(self.folder / "secret")
        self.assertIn("--moderator-token-file: ", self.reread(server, "not_reread")["reason"])
        self.assertTrue(self.moderates(server, OLD))
        made = server.post(POST, {"content_id": "1", "body": "a casino here"}).json
        self.assertEqual(made["status"], "pending")
        self.assertNotIn(OLD, server.log)

    def test_without_files_nothing_happens_and_nothing_is_lost(self):
        server = self.serve("--moderator-token", OLD)
        until_over, kept = threading.Event(), []

        def post():
            while not until_over.is_set():
                answer = server.post(POST, {"content_id": "1", "body": f"{len(kept)}"})
                kept.append(answer.status)

        posting = threading.Thread(target=post)
        posting.start()
        for _ in range(5):
            self.reread(server)
        until(lambda: len(kept) > 20, "posts")
        until_over.set()
        posting.join()
        self.assertEqual(set(kept), {201})
        self.assertEqual(server.get("/api/v1/contents/1").json["comments"], len(kept))
        self.assertTrue(self.moderates(server, OLD))

    def test_a_hangup_while_it_drains_changes_nothing(self):
        server = self.serve("--moderator-token", OLD, "--drain-delay", "1")
        server.tell(signal.SIGTERM)
        until(lambda: self.events(server, "draining"), "the drain")
        server.tell(signal.SIGHUP)
        server.wait()
        self.assertEqual(self.events(server, "reread"), [])


if __name__ == "__main__":
    main()
