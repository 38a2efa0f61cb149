"""feed_test - feeds as strict parsers read them, whatever the comments hold."""
import json
from urllib.parse import quote
from xml.etree import ElementTree

import support

ATOM, THREAD = "{http://www.w3.org/2005/Atom}", "{http://purl.org/syndication/thread/1.0}"
# What XML 1.0 has no place for, what it would take for its own, and what lies beyond 16 bits.
HARD = "a\ufffeb\uffffc ]]> <![CDATA[ &amp; <b> \u2028 \U0001fffe \U0001f600 \t"


class Feeds(support.ServerTest):
    # Markdown's parser would take some of these characters out before a feed sees them.
    options = (*support.ServerTest.options, "--markup", "plain")

    def feed(self, content_id, more=""):
        answer = self.server.get(f"/api/v1/feed?content_id={quote(content_id, safe='')}{more}")
        self.assertEqual(answer.status, 200, answer)
        return answer

    def atom(self, content_id):
        return ElementTree.fromstring(self.feed(content_id).body)  # expat: strict

    def post(self, **draft):
        answer = self.server.post(support.POST, draft)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def test_whatever_a_comment_holds_the_feed_is_well_formed(self):
        home = "feed \ufffe\uffff <&>'\"/?"
        self.post(content_id=home, body=HARD, author={"name": "Ada <&>\uffff"})
        atom = self.atom(home)
        self.assertEqual(atom.find(ATOM + "title").text,
                         "Comments on feed \ufffd\ufffd <&>'\"/?")
        entry = atom.find(ATOM + "entry")
        self.assertEqual(entry.find(f"{ATOM}author/{ATOM}name").text, "Ada <&>\ufffd")
        html = entry.find(ATOM + "content").text
        for kept in ("a\ufffdb\ufffdc ]]&gt; &lt;![CDATA[ &amp;", "\u2028", "\U0001fffe",
                     "\U0001f600"):
            self.assertIn(kept, html)
        item = self.feed(home, "&format=json").json["items"][0]
        self.assertIn("a\ufffeb\uffffc", item["content_html"])

    def test_each_character_of_the_first_plane_is_in_a_feed_that_can_be_read(self):
        points = [chr(i) for i in range(0xa0, 0x10000) if not 0xd800 <= i < 0xe000]
        for start in range(0, len(points), 5000):
            self.post(content_id=f"plane{start}", body="x" + "".join(points[start:start + 5000]))
            self.assertEqual(len(self.atom(f"plane{start}").findall(ATOM + "entry")), 1)

    def test_both_forms_have_the_same_entries(self):
        first = self.post(content_id="both", body="first")
        self.post(content_id="both", body="second", parent_id=first["id"], author={"name": "Ada"})
        entries = self.atom("both").findall(ATOM + "entry")
        items = self.feed("both", "&format=json").json["items"]
        self.assertEqual([entry.find(ATOM + "title").text for entry in entries],
                         ["Ada: second", "Anonymous: first"])
        for entry, item in zip(entries, items, strict=True):
            self.assertEqual(entry.find(ATOM + "id").text, item["id"])
            self.assertEqual(entry.find(ATOM + "title").text, item["title"])
            self.assertEqual(entry.find(ATOM + "content").text, item["content_html"])
            self.assertEqual(entry.find(ATOM + "published").text, item["date_published"])
        self.assertEqual(items[1]["content_html"], first["body_html"])
        answered = entries[0].find(THREAD + "in-reply-to").get("ref")
        self.assertEqual(answered, "urn:uuid:" + first["id"])

    def test_links_lead_where_they_say(self):
        posted = self.post(content_id="a/b&c", body="Oi")
        atom = self.atom("a/b&c")
        again = self.server.get(atom.find(ATOM + "link").get("href"))
        self.assertEqual(ElementTree.fromstring(again.body).find(ATOM + "id").text,
                         atom.find(ATOM + "id").text)
        entry = self.server.get(atom.find(f"{ATOM}entry/{ATOM}link").get("href"))
        self.assertEqual(json.loads(entry.body)["id"], posted["id"])

    def test_a_feed_that_is_known_is_not_sent_again(self):
        self.post(content_id="known", body="Oi")
        answer = self.feed("known")
        headers = {"If-None-Match": answer.headers["ETag"]}
        again = self.server.get("/api/v1/feed?content_id=known", headers)
        self.assertEqual((again.status, again.body), (304, b""))
        other = self.server.get("/api/v1/feed?content_id=known&format=json", headers)
        self.assertEqual(other.status, 200)


if __name__ == "__main__":
    support.main()
