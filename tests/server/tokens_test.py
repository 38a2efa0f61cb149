"""tokens_test - proofs that prove nothing: forged, cut short, too old, of another place."""
import base64
import json
import time

from people import (ACTIONS, BEHIND_PROXY, MODERATOR, QUEUE, SECRETS, SITE, at, base64url, bearer,
                    jwt, signed)
from support import POST, Server, ServerTest, main, until

MEMORY, NOW = ("--store", "memory:"), ("--drain-delay", "0")
UNLIMITED = ("--token-rate", "0")
EXPORT = "/api/v1/me/export"
OTHER_SECRET = "f" * 32


def mangled(token):
    """`token` cut short at each byte, and with each byte another one."""
    for place in range(len(token)):
        yield token[:place]
        yield token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1:]
    yield from (token + more for more in (".", "=", "A", "\t", ".AAAA", token))


def in_header(token):
    """Whether it can be sent as it is: blanks at the end of a field are not of it."""
    return token.strip() == token


class EditTokens(ServerTest):
    options = (*MEMORY, *NOW, *SECRETS, *UNLIMITED)

    def edit(self, comment_id, token, method="PATCH"):
        return self.server.request(method, f"{POST}/{comment_id}",
                                   {"body": "forged"} if method == "PATCH" else None,
                                   bearer(token))

    def assert_untouched(self, made):
        found = self.server.get(f"{POST}/{made['id']}").json
        self.assertEqual((found["body"], found["version"]), (made["body"], made["version"]))

    def test_only_the_very_token_proves_anything(self):
        made = self.post_comment()
        for token in mangled(made["edit_token"]):
            if in_header(token):
                with self.subTest(token):
                    self.assert_problem(self.edit(made["id"], token), 401, "unauthenticated")
        self.assert_untouched(made)
        self.assertEqual(self.edit(made["id"], made["edit_token"]).status, 200)

    def test_it_is_of_one_comment_of_one_install(self):
        made, other = self.post_comment("one"), self.post_comment("other")
        with Server(*MEMORY, *NOW) as elsewhere:
            token = elsewhere.post(POST, {"content_id": "1", "body": "x"}).json["edit_token"]
        for wrong in (other["edit_token"], token):
            for method in ("PATCH", "DELETE"):
                self.assert_problem(self.edit(made["id"], wrong, method), 401)
        payload, mac = made["edit_token"].split(".")
        later = base64url(str(int(time.time() * 1000) + 10**9).encode())
        for wrong in (f"{later}.{mac}", f"{payload}.{other['edit_token'].split('.')[1]}",
                      f"{payload}.", f".{mac}", f"{mac}.{payload}", signed(payload, "")):
            self.assert_problem(self.edit(made["id"], wrong), 401)
        self.assert_untouched(made)

    def test_it_opens_nothing_else(self):
        made = self.post_comment()
        token, target = made["edit_token"], f"{POST}/{made['id']}"
        for method, path, body in [
                ("GET", QUEUE, None), ("GET", f"{target}/history", None), ("GET", EXPORT, None),
                ("DELETE", "/api/v1/me", None), ("PUT", f"{target}/vote", None),
                ("POST", f"{target}/reports", {"reason": "x"}),
                ("POST", ACTIONS, {"ids": [made["id"]], "action": "remove"}),
                ("PATCH", "/api/v1/contents/x", {"status": "locked"}),
                ("POST", POST, {"content_id": "x", "body": "x"})]:
            with self.subTest(f"{method} {path}"):
                self.assert_problem(self.server.request(method, path, body, bearer(token)), 401)
        page = f"{POST}?content_id={self.content_id}&limit=1&cursor={token}"
        self.assert_problem(self.server.get(page), 400)
        self.assert_problem(self.server.post(
            POST, {"content_id": self.content_id, "body": "x", "form": token}), 422)
        form = self.server.get("/api/v1/form").json["form"]
        self.assert_problem(self.edit(made["id"], form), 401)
        self.assert_untouched(made)

    def test_when_its_time_is_over_it_is_over(self):
        with Server(*MEMORY, *NOW, *SECRETS, "--edit-window", "0") as server:
            made = server.post(POST, {"content_id": "1", "body": "x"}).json
            target, token = f"{POST}/{made['id']}", bearer(made["edit_token"])
            until(lambda: time.time() * 1000 > 5 + int(json_time(made["edit_token"])), "its end")
            for method, body in (("PATCH", {"body": "late"}), ("DELETE", None), ("GET", None)):
                self.assert_problem(server.request(method, target, body, token), 403,
                                    "edit_window_closed")
            self.assertEqual(server.get(target).json["body"], "x")
            late = server.request("PATCH", target, {"body": "by a moderator"}, bearer(MODERATOR))
            self.assertEqual(late.status, 200)

    def test_a_cursor_and_a_form_that_were_touched_are_none(self):
        for number in range(3):
            self.post_comment(f"{number}")
        page = f"{POST}?content_id={self.content_id}&limit=1"
        cursor = self.server.get(page).json["next"]
        for wrong in mangled(cursor):
            if wrong.isprintable():
                with self.subTest(wrong):
                    self.assert_problem(self.server.get(f"{page}&cursor={wrong}"), 400, "malformed")
        form = self.server.get("/api/v1/form").json["form"]
        for wrong in [*mangled(form), 1, [], {}]:
            if wrong != "":  # as good as none
                with self.subTest(wrong):
                    answer = self.server.post(POST, {"content_id": "forms", "body": "x",
                                                     "form": wrong})
                    self.assertEqual((answer.status, answer.pointers), (422, ["/form"]))
        self.assertEqual(self.server.get("/api/v1/counts?content_id=forms").json["counts"],
                         {"forms": 0})


def json_time(edit_token):
    """The moment at which it expires, in milliseconds."""
    return base64.urlsafe_b64decode(edit_token.split(".")[0] + "==")


class WebTokens(ServerTest):
    options = (*MEMORY, *NOW, *SECRETS, *UNLIMITED)

    def status_of(self, token):
        """401, or 200 where it proves a user."""
        answer = self.server.get(EXPORT, bearer(token))
        self.assertIn(answer.status, (200, 401), answer)
        if answer.status == 401:
            self.assert_problem(answer, 401, "unauthenticated")
            self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))
        return answer.status

    def assert_refused(self, tokens):
        for token in tokens:
            with self.subTest(token[:200]):
                self.assertEqual(self.status_of(token), 401)

    def test_the_right_one_is_taken(self):
        for token in (jwt(sub="ana"), jwt({"alg": "HS256", "typ": "JWT"}, sub="ana"),
                      jwt({"alg": "HS256", "kid": "../../../dev/null"}, sub="ana"),
                      jwt(sub="ana", aud="whoever", iss="whoever", extra=[{}]),
                      jwt(sub="ana", name="Ana", email="ana@example.com")):
            self.assertEqual(self.status_of(token), 200)

    def test_only_the_very_token_proves_anything(self):
        self.assert_refused(token for token in mangled(jwt(sub="ana"))
                            if in_header(token) and token)

    def test_algorithms_are_not_the_tokens_to_choose(self):
        """RFC 8725, 2.1 and 3.1."""
        def unsigned(header):
            return ".".join(base64url(json.dumps(part).encode()) for part in (
                header, {"sub": "ana", "exp": time.time() + 3600}))

        for none in ("none", "None", "NONE", "nOnE", "", None, False, 0, [], {}):
            self.assert_refused([unsigned({"alg": none}) + ".", jwt({"alg": none}, sub="ana")])
        for other in ("HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA", "hs256", "HS256 ",
                      "HS256\u0000", ["HS256"], "dir", "A128KW"):
            self.assert_refused([jwt({"alg": other}, sub="ana")])
        self.assert_refused([signed(unsigned({"alg": "HS512"}), SITE, "sha512"),
                             signed(unsigned({"alg": "HS256"}), SITE, "sha512"),
                             signed(unsigned({"alg": "HS256"}), SITE, "sha1"),
                             unsigned({"alg": "HS256"}), unsigned({"alg": "HS256"}) + ".",
                             jwt({}, sub="ana"), jwt({"typ": "JWT"}, sub="ana")])

    def test_keys_are_not_the_tokens_to_bring(self):
        """RFC 8725, 2.2, 3.5 and 3.10."""
        key = {"kty": "oct", "k": base64url(OTHER_SECRET.encode()), "alg": "HS256", "kid": "x"}
        for more in ({"jwk": key}, {"jku": "https://example.com/keys"}, {"kid": "x"},
                     {"x5u": "https://example.com/chain"}, {"x5c": ["MII"]}):
            self.assert_refused([jwt({"alg": "HS256"} | more, OTHER_SECRET, sub="ana")])
        self.assert_refused(jwt(secret=secret, sub="ana") for secret in
                            ("", "\0", SITE[:-1], SITE + "0", SITE[::-1], MODERATOR, "secret"))

    def test_extensions_are_refused(self):
        for more in ({"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"b64": True}, {"zip": "DEF"},
                     {"cty": "JWT"}, {"enc": "A256GCM", "zip": "DEF"}, {"typ": "at+jwt"},
                     {"typ": "JWE"}, {"typ": 1}, {"typ": ["JWT"]}):
            self.assert_refused([jwt({"alg": "HS256"} | more, sub="ana")])

    def test_times(self):
        now = time.time()
        for token in (jwt(sub="ana", exp=now - 30), jwt(sub="ana", nbf=now + 30),
                      jwt(sub="ana", iat=now + 30), jwt(sub="ana", exp=1e18),
                      jwt(sub="ana", nbf=0, iat=0)):
            self.assertEqual(self.status_of(token), 200)
        self.assert_refused([jwt(sub="ana", exp=now - 61), jwt(sub="ana", exp=0),
                             jwt(sub="ana", exp=-1), jwt(sub="ana", nbf=now + 90),
                             jwt(sub="ana", iat=now + 90), jwt(sub="ana", exp=f"{now + 3600}"),
                             jwt(sub="ana", exp=None), jwt(sub="ana", exp=True),
                             jwt(sub="ana", exp=[now + 3600]), jwt(sub="ana", nbf="0"),
                             jwt(sub="ana", nbf=None), jwt(sub="ana", nbf=1e308)])
        header, claims = base64url(b'{"alg":"HS256"}'), base64url(b'{"sub":"ana"}')
        self.assert_refused([signed(f"{header}.{claims}")])  # good for ever

    def test_claims_that_cannot_be_kept(self):
        self.assert_refused([jwt(sub=wrong) for wrong in
                             ("", " ", None, 17, ["ana"], {}, True, "a\u0000b", "x" * 256)])
        self.assert_refused([jwt(), jwt(sub="ana", name=1), jwt(sub="ana", email="x"),
                             jwt(sub="ana", name="a\u202eb"), jwt(sub="ana", role=["moderator"])])

    def test_signed_texts_that_are_no_tokens(self):
        header = base64url(b'{"alg":"HS256"}')
        claims = f'{{"sub":"ana","exp":{int(time.time()) + 3600}}}'
        self.assertEqual(self.status_of(signed(f"{header}.{base64url(claims.encode())}")), 200)
        twice = base64url(b'{"alg":"none","alg":"HS256"}')
        nested = base64url(b'{"alg":"HS256","x":' + b"[" * 100 + b"]" * 100 + b"}")
        two_subjects = claims.replace('"sub"', '"sub":"bia","sub"')
        for first, second in [
                (header, ""), ("", base64url(claims.encode())), (header, base64url(b"[]")),
                (header, base64url(b'"ana"')), (header, base64url(b"\xff\xfe")),
                (header, base64url(claims.encode() + b"x")), (base64url(b"null"), header),
                (twice, base64url(claims.encode())), (nested, base64url(claims.encode())),
                (header, base64url(two_subjects.encode())), (header + "=", header),
                (header, base64url(claims.encode()) + "=="), (header, claims.replace('"', ""))]:
            self.assert_refused([signed(f"{first}.{second}")])
        token = jwt(sub="ana")
        self.assert_refused([token + "." + token, token.replace(".", ". ", 1), token + ","])
        self.assertEqual(self.status_of(jwt(sub="ana", extra="x" * 5_000)), 200)
        answer = self.server.get(EXPORT, bearer(jwt(sub="ana", extra="x" * 8_000)))
        self.assert_problem(answer, 431)

    def test_schemes(self):
        token = jwt(sub="ana")
        for scheme, status in (("Bearer", 200), ("bearer", 200), ("BEARER", 200), ("Basic", 401),
                               ("Bearer:", 401), ("Token", 401), ("", 401), ("Bearer Bearer", 401)):
            answer = self.server.get(EXPORT, {"Authorization": f"{scheme} {token}".strip()})
            self.assertEqual(answer.status, status, scheme)
        sent = (f"GET {EXPORT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                f"Authorization: Bearer {jwt(sub='bia')}\r\nConnection: close\r\n\r\n")
        twice = self.server.exchange(sent.encode())
        self.assert_problem(twice, 400)
        self.assertEqual(twice.json["errors"],
                         [{"pointer": "Authorization", "code": "too_many"}])

    def test_what_is_sent_in_headers_is_taken_byte_by_byte(self):
        """A library decoded "%41": such a token was never right, and "k%41" replayed "kA"."""
        token, decoded = "abc%41def-0123456789", "abcAdef-0123456789"
        with Server(*MEMORY, *NOW, "--moderator-token", token) as server:
            queue = "/api/v1/moderation/queue"
            self.assertEqual(server.get(queue, bearer(token)).status, 200)
            self.assertEqual(server.get(queue, bearer(decoded)).status, 401)
            for key in ("k%41", "kA", "k%2541"):
                made = server.post(POST, {"content_id": "1", "body": "x"}, {"Idempotency-Key": key})
                self.assertNotIn("Idempotency-Replayed", made.headers, key)
            encoded = server.post(POST, {"content_id": "1", "body": "x"},
                                  {"Content-Type": "application%2Fjson"})
            self.assert_problem(encoded, 415)

    def test_the_password_of_a_guarded_site_is_passed_over(self):
        """A proxy that asks for a password passes it on: every post, vote and form was 401."""
        for password in ("Basic b3duZXI6c2VjcmV0", 'Digest username="owner", realm="x"',
                         "Negotiate YIIJvwYGKwYBBQUCoIIJ"):
            guarded = {"Authorization": password}
            made = self.server.post(POST, {"content_id": "g", "body": password}, guarded)
            self.assertEqual(made.status, 201, made)
            target = f"{POST}/{made.json['id']}"
            for method, path, body, status in [
                    ("GET", target, None, 200), ("PUT", target + "/vote", None, 200),
                    ("DELETE", target + "/vote", None, 200),
                    ("POST", target + "/reports", {"reason": "x"}, 204),
                    ("POST", "/api/v1/previews", {"body": "x"}, 200),
                    ("PATCH", target, {"body": "y"}, 401), ("DELETE", target, None, 401),
                    ("GET", "/api/v1/moderation/queue", None, 401)]:
                answer = self.server.request(method, path, body, guarded)
                self.assertEqual(answer.status, status, (method, path))
            form = {"Content-Type": "application/x-www-form-urlencoded",
                    "Sec-Fetch-Site": "same-origin"} | guarded
            sent = self.server.request("POST", "/contents/g", b"body=form", form)
            self.assertEqual(sent.status, 303, sent)

    def test_issuer_and_audience(self):
        told = ("--sso-issuer", "https://example.com", "--sso-audience", "comments")
        good = {"iss": "https://example.com", "aud": "comments"}
        with Server(*MEMORY, *NOW, *SECRETS, *told) as server:
            for claims, status in [
                    (good, 200), (good | {"aud": ["other", "comments"]}, 200), ({}, 401),
                    (good | {"iss": "https://example.com/"}, 401),
                    (good | {"aud": "Comments"}, 401),
                    (good | {"aud": []}, 401), (good | {"aud": [["comments"]]}, 401),
                    (good | {"aud": {"comments": 1}}, 401), (good | {"iss": ["x"]}, 401),
                    ({"iss": good["iss"]}, 401), ({"aud": good["aud"]}, 401)]:
                with self.subTest(claims):
                    answer = server.get(EXPORT, bearer(jwt(sub="ana", **claims)))
                    self.assertEqual(answer.status, status)

    def test_a_wrong_proof_is_refused_even_where_none_is_needed(self):
        made = self.post_comment()
        for method, path, body in [("POST", POST, {"content_id": "x", "body": "x"}),
                                   ("POST", "/api/comment/new", {"content_id": "x", "comment": "x",
                                                                 "email": "a@example.com"}),
                                   ("GET", f"{POST}/{made['id']}", None),
                                   ("PUT", f"{POST}/{made['id']}/vote", None)]:
            with self.subTest(f"{method} {path}"):
                answer = self.server.request(method, path, body, bearer(jwt(secret="x", sub="a")))
                self.assert_problem(answer, 401)

    def test_where_no_secret_is_set_nothing_proves_anything(self):
        with Server(*MEMORY, *NOW) as server:
            for token in (jwt(sub="ana", role="moderator"), jwt(secret="", sub="ana"), MODERATOR,
                          "", '""', "null"):
                for path in (EXPORT, QUEUE):
                    self.assert_problem(server.get(path, bearer(token)), 401)
            self.assert_problem(server.get(QUEUE), 401)


class Guesses(ServerTest):
    options = (*MEMORY, *NOW, *SECRETS, *BEHIND_PROXY, "--token-rate", "3")

    def ask(self, token, sender):
        return self.server.get(QUEUE, bearer(token) | at(sender))

    def test_a_client_that_guesses_is_stopped_and_no_other(self):
        for guess in ("a", MODERATOR[:-1], jwt(sub="ana", role="moderator") + "x"):
            self.assert_problem(self.ask(guess, "192.0.2.1"), 401)
        answer = self.ask("again", "192.0.2.1")
        self.assert_problem(answer, 429, "rate_limited")
        self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 60)
        for right in (MODERATOR, jwt(sub="ana", role="moderator")):  # from the same address
            self.assertEqual(self.ask(right, "192.0.2.1").status, 200)
        self.assert_problem(self.ask("again", "192.0.2.2"), 401)

    def test_a_short_token_is_not_even_compared_then(self):
        with Server(*MEMORY, *NOW, *BEHIND_PROXY, "--token-rate", "3", "--moderator-token",
                    "short") as server:
            def ask(token, sender):
                return server.get(QUEUE, bearer(token) | at(sender)).status
            self.assertEqual([ask("guess", "192.0.2.1") for _ in range(4)], [401, 401, 401, 429])
            self.assertEqual(ask("short", "192.0.2.1"), 429)
            self.assertEqual(ask("short", "192.0.2.2"), 200)

    def test_a_network_of_ipv6_is_one_client(self):
        for number in range(3):
            self.assert_problem(self.ask("guess", f"2001:db8:0:1::{number}"), 401)
        self.assert_problem(self.ask("guess", "2001:db8:0:1:ffff::"), 429)
        self.assert_problem(self.ask("guess", "2001:db8:0:2::"), 401)


if __name__ == "__main__":
    main()
