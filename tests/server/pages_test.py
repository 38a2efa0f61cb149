"""pages_test - what browsers get, asked without one: the thread as a page, its form, the widget.

How it looks and behaves in a browser is tested in tests/web.
"""
import gzip
import re
import unittest
from urllib.parse import quote, urlencode

import support

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
BROWSER = {"Accept": "text/html,application/xhtml+xml"}
SITE = "https://www.example.com"


class Pages(support.ServerTest):
    options = (*support.ServerTest.options, "--origins", SITE, "--body-bytes-max", "1000")

    @property
    def path(self):
        return "/contents/" + quote(self.content_id, safe="")

    def send(self, headers=None, **fields):
        body = urlencode(fields).encode()
        return self.server.request("POST", self.path, body, FORM | (headers or {}))

    def listed(self):
        return self.server.get(f"{support.POST}?content_id={self.content_id}").json["items"]

    def test_a_thread_is_a_page_with_its_replies_and_what_keeps_it_safe(self):
        root = self.post_comment("a **root**", author={"name": "<Ana>"})
        self.post_comment("a reply", parent_id=root["id"])
        answer = self.server.get(self.path)
        html = answer.body.decode()
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        self.assertIn("&lt;Ana&gt;", html)
        self.assertIn("<strong>root</strong>", html)
        self.assertLess(html.index("<strong>root"), html.index("a reply"))
        self.assertNotIn("<script", html)
        self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
        self.assertIn(f"frame-ancestors 'self' {SITE}", answer.headers["Content-Security-Policy"])

    def test_every_page_is_protected_and_says_each_thing_once(self):
        listed = self.server.get("/").body.decode()
        asset = re.search(r"assets/page\.[0-9a-f]+\.css", listed)[0]
        for path in ("/", "/moderation", "/embed.js", f"/{asset}", self.path, "/status", "/no"):
            answer = self.server.get(path, {"Accept": "text/html"})
            names = [name.lower() for name in answer.headers if name.lower() != "vary"]
            self.assertEqual(sorted(names), sorted(set(names)), path)
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff", path)

    def test_a_page_that_is_known_is_not_sent_again_before_it_changes(self):
        self.post_comment()
        known = {"If-None-Match": self.server.get(self.path).headers["ETag"]}
        self.assertEqual(self.server.get(self.path, known).status, 304)
        self.assertEqual(self.server.get(self.path, known | {"Accept-Language": "pt"}).status, 200)
        self.post_comment("another")
        self.assertEqual(self.server.get(self.path, known).status, 200)

    def test_the_form_posts_and_leads_to_what_it_posted(self):
        answer = self.send(body="two\r\nlines", name="Ana", email="ana@example.com")
        self.assertEqual(answer.status, 303, answer)
        (made,) = self.listed()
        self.assertEqual(made["body"], "two\nlines")
        self.assertEqual(answer.headers["Location"],
                         f"?posted=published&comment={made['id']}#comment-{made['id']}")
        self.assertEqual(self.server.get(self.path + "?comment=" + made["id"]).status, 200)
        self.assertEqual(self.server.get("/contents/other?comment=" + made["id"]).status, 404)

    def test_a_key_posts_once(self):
        for _ in range(2):
            self.assertEqual(self.send(body="once", key="a-key").status, 303)
        self.assertEqual(len(self.listed()), 1)
        self.assert_problem(self.send(body="other", key="a-key"), 422, "idempotency_reuse")
        page = self.send(BROWSER, body="other", key="a-key").body.decode()
        self.assertNotEqual(re.search('name="key" value="([^"]*)"', page)[1], "a-key")

    def test_mistakes_are_problems_for_programs_and_pages_for_browsers(self):
        fields = {"body": "x" * 1001, "email": "no address", "name": "\"><b>"}
        problem = self.send(**fields)
        self.assert_problem(problem, 422, "validation")
        self.assertEqual(problem.pointers, ["/body", "/author/email"])
        page = self.send(BROWSER, **fields)
        self.assertEqual(page.status, 422)
        html = page.body.decode()
        self.assertIn("Comment is too long. E-mail (not shown) is not valid.", html)
        self.assertIn("x" * 1001, html)
        self.assertIn("&quot;&gt;&lt;b&gt;", html)
        self.assertNotIn("\"><b>", html)
        self.assertEqual(self.send(**fields | {"body": "x" * 1000, "email": ""}).status, 303)

    def test_a_form_is_one_and_in_utf_8(self):
        def send(body, kind):
            return self.server.request("POST", self.path, body, FORM | {"Content-Type": kind})

        self.assert_problem(send(b"{}", "application/json"), 415, "unsupported_media")
        self.assert_problem(send(b"body=%ff", FORM["Content-Type"]), 400, "malformed")
        self.assert_problem(send(b"body=%f", FORM["Content-Type"]), 400, "malformed")
        self.assert_problem(send(b"body=" + b"x" * 65_532, FORM["Content-Type"]), 413)
        self.assert_problem(send(b"body=" + b"x" * 65_531, FORM["Content-Type"]), 422)

    def test_a_form_on_a_page_of_another_site_posts_nothing(self):
        """A page anywhere could post under its reader's address."""
        here = f"http://127.0.0.1:{self.server.port}"
        behind_proxy = {"Host": "comments.example.com", "Origin": "https://comments.example.com"}
        token = self.server.get("/api/v1/form").json["form"]
        plain = {"Content-Type": FORM["Content-Type"]}
        for said, form, status in [
                ({"Origin": "https://evil.example.org"}, token, 403),
                ({"Origin": here + ".example.org"}, token, 403),
                ({"Origin": "http://127.0.0.1:1"}, token, 403),
                ({"Origin": "evil"}, token, 403),
                ({"Sec-Fetch-Site": "cross-site"}, token, 403),
                ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, token, 403),
                ({"Sec-Fetch-Site": "cross-site", "Origin": here}, token, 403),
                ({"Origin": "null"}, "", 403), ({"Origin": "null"}, token + "x", 403),
                ({}, "", 403), ({}, "forged", 403), ({"Sec-Fetch-Site": "same-site"}, "", 403),
                ({"Origin": "null"}, token, 303), ({}, token, 303), ({"Origin": ""}, token, 303),
                ({"Sec-Fetch-Site": "same-site"}, token, 303),
                ({"Sec-Fetch-Site": "none"}, "", 303),
                ({"Sec-Fetch-Site": "same-origin"}, "", 303),
                ({"Sec-Fetch-Site": "same-origin", "Origin": "https://by.proxy.example"}, "", 303),
                ({"Origin": here}, "", 303), ({"Origin": here.upper()}, "", 303),
                ({"Origin": SITE}, "", 303),  # which --origins names
                ({"Origin": SITE, "Sec-Fetch-Site": "cross-site"}, "", 303),
                (behind_proxy, "", 303),
                (behind_proxy | {"Host": "comments.example.com:443"}, "", 303),
                (behind_proxy | {"Host": "127.0.0.1:8000"}, "", 403),
                (behind_proxy | {"Host": "a", "X-Forwarded-Host": "comments.example.com"}, "",
                 303)]:
            with self.subTest(said, form=form):
                body = urlencode({"body": f"from {said} {form}", "form": form}).encode()
                answer = self.server.request("POST", self.path, body, plain | said)
                self.assertEqual(answer.status, status, answer)
                if status == 403:
                    self.assert_problem(answer, 403, "forbidden")

    def test_what_was_typed_on_another_site_is_kept_and_can_be_sent_from_here(self):
        body = urlencode({"body": "kept & not <lost>", "name": "Ana", "form": "forged"}).encode()
        plain = {"Content-Type": FORM["Content-Type"]}
        evil = {"Origin": "https://evil.example.org"} | plain | BROWSER
        page = self.server.request("POST", self.path, body, evil)
        self.assertEqual(page.status, 403)
        html = page.body.decode()
        self.assertIn("This came from a page of another site.", html)
        self.assertIn("kept &amp; not &lt;lost&gt;", html)
        self.assertEqual(self.listed(), [])
        (token,) = re.findall('name="form" value="([^"]*)"', html)
        again = urlencode({"body": "kept", "form": token}).encode()
        sent = self.server.request("POST", self.path, again, plain)
        self.assertEqual(sent.status, 303)

    def test_cursors_are_ours_and_of_the_same_list(self):
        for i in range(21):
            self.post_comment(f"number {i}")
        html = self.server.get(self.path).body.decode()
        (cursor,) = re.findall('<a class="more" rel="next" href="[^"]*cursor=([^"]*)"', html)
        second = self.server.get(f"{self.path}?cursor={cursor}").body.decode()
        self.assertIn("number 20", second)
        self.assertNotIn("number 19", second)
        self.assertNotIn('rel="next"', second)
        for query in ("?cursor=x", f"?sort=newest&cursor={cursor}"):
            self.assert_problem(self.server.get(self.path + query), 400, "malformed")
        self.assert_problem(self.server.get(f"/contents/other?cursor={cursor}"), 400, "malformed")

    def test_any_site_may_load_the_widget_and_keep_the_one_with_its_hash(self):
        plain = self.server.get("/embed.js", {"Origin": SITE})
        self.assertEqual(plain.headers.get_all("Access-Control-Allow-Origin"), ["*"])
        self.assertEqual(plain.headers["Cache-Control"], "public, max-age=300")
        packed = self.server.get("/embed.js", {"Accept-Encoding": "gzip"})
        self.assertEqual(gzip.decompress(packed.body), plain.body)
        self.assertLessEqual(len(packed.body), 12_000)
        for path in re.findall(r"assets/[^\"]*", self.server.get("/").body.decode()):
            asset = self.server.get("/" + path)
            self.assertEqual(asset.status, 200, path)
            self.assertIn("immutable", asset.headers["Cache-Control"])
            known = {"If-None-Match": asset.headers["ETag"]}
            self.assertEqual(self.server.get("/" + path, known).status, 304)
        self.assertEqual(self.server.get("/assets/embed.0.js").headers["Cache-Control"], "no-cache")
        self.assert_problem(self.server.get("/assets/none.js"), 404)

    def test_browsers_get_pages_for_problems_outside_of_the_api(self):
        page = self.server.get("/no/such/page", BROWSER)
        self.assertEqual(page.status, 404)
        self.assertIn(b'<a href="../../">', page.body)
        self.assertIn("default-src 'none'", page.headers["Content-Security-Policy"])
        self.assert_problem(self.server.get("/api/v1/nothing", BROWSER), 404)
        self.assert_problem(self.server.get("/no/such/page"), 404)

    def test_limits_on_clients_show_on_the_page_too(self):
        with support.Server("--store", "memory:", "--write-rate", "1") as server:
            body = urlencode({"body": "kept & not lost"}).encode()
            self.assertEqual(server.request("POST", "/contents/1", body, FORM).status, 303)
            page = server.request("POST", "/contents/1", body, FORM | BROWSER)
            self.assertEqual(page.status, 429)
            self.assertIn("Retry-After", page.headers)
            self.assertIn(b"kept &amp; not lost", page.body)


if __name__ == "__main__":
    support.main()
