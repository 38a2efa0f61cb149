"""templates_test - the sources of the pages: none can forget to escape, and no word is missing.

The server decides by the name of a value what it may do in a page (apps/server/template.hpp). Here
each template is held to those names, and the files of words to each other.
"""
import json
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "apps/server/pages").glob("*.html"))
LANGUAGES = sorted((ROOT / "apps/widget/languages").glob("*.json"))
SECTIONS = ["thread", "page", "status"]  # what the pages take of a file of words
TAG = re.compile(r"\{\{(\{?)\s*([#^/!>&=]?)\s*([\w.]*)[^}]*\}?\}\}")
SAFE = r"\{\{\w+_url\}\}|\{\{assets\.[\w.-]+\}\}|[\w./?=&;#-]*"
ADDRESS = re.compile(rf"(?:\{{\{{\w+_url\}}\}})?(?:{SAFE})")


def faults(text):
    """What is wrong with a template: nothing, if it writes no text of a user's as HTML."""
    found = []
    for braces, sign, name in TAG.findall(text):
        if sign and sign not in "#^/":
            found.append(f"{{{{{sign} is not used here")
        if bool(braces) != (name.endswith("_html") and not sign):
            found.append(f"{name}: three braces go with _html, and nothing else does")
        if sign in tuple("#^/") and "." in name:
            found.append(f"{name}: a section asks for a value")
    bare = re.sub(r"\{\{[#^/][^}]*\}\}", "", text)  # what stands in a section stands there, too
    for tag in re.findall(r"<[a-zA-Z!/](?:\{\{[^}]*\}\}|\"[^\"]*\"|[^\">])*>", bare):
        outside = re.sub(r"\"[^\"]*\"", '""', tag)
        if "{{" in outside or "'" in outside:
            found.append(f"{tag}: values stand between double quotes")
        for attribute, value in re.findall(r"([\w-]+)=\"([^\"]*)\"", tag):
            is_address = attribute in ("href", "src", "action", "formaction", "poster", "srcset")
            if is_address and not ADDRESS.fullmatch(value):
                found.append(f"{attribute}={value}: neither a _url nor a file of ours")
            if not is_address and "_url}}" in value:
                found.append(f"{attribute}={value}: an address belongs into a link")
            if (attribute.startswith("on") or attribute in ("style", "srcdoc")):
                found.append(f"{attribute}: neither scripts nor styles stand in a page")
    without = re.sub(r"<[^>]*>", "", bare)
    if "_url}}" in without:
        found.append("an address is shown as text")
    if re.search(r"<script(?![^>]*\bsrc=)|<style|<iframe|<base|<object|<embed", bare):
        found.append("neither scripts nor styles stand in a page")
    return found


def placeholders(word):
    return {name for text in forms(word) for name in re.findall(r"\{(\w+)\}", text)}


def forms(word):
    return word.values() if isinstance(word, dict) else [word]


class Templates(unittest.TestCase):
    def test_none_can_forget_to_escape(self):
        self.assertGreater(len(PAGES), 5)
        for page in PAGES:
            with self.subTest(page.name):
                self.assertEqual(faults(page.read_text("utf-8")), [])

    def test_what_could_is_found(self):
        for text in ("{{{name}}}", "{{&name}}", "{{& body_html}}", "{{body_html}}", "{{>other}}",
                     "{{=<% %>=}}", "<p class={{name}}>", "<p class='{{name}}'>", "<p {{name}}>",
                     '<a href="{{name}}">', '<a href="javascript:{{id}}">', '<a href="{{id}}?x">',
                     '<img src="https://example.com/{{a_url}}">', '<a href="{{a_url}}{{id}}">',
                     '<p title="{{home_url}}">', "{{home_url}}", '<p onclick="{{id}}">',
                     '<p style="x">', "<script>{{id}}</script>", "<style>", "{{#words.post}}",
                     '<p{{#a}} id={{id}}{{/a}}>'):
            with self.subTest(text):
                self.assertNotEqual(faults(text), [])
        for text in ("{{name}}", "{{{body_html}}}", "{{#body_html}}{{{body_html}}}{{/body_html}}",
                     '<a href="{{a_url}}">{{name}}</a>', '<a{{#b}} id="{{b}}"{{/b}} href="./">',
                     '<link href="{{root_url}}{{assets.page.css}}">', '<a href="#docs">'):
            with self.subTest(text):
                self.assertEqual(faults(text), [])

    def test_every_name_of_a_word_or_an_asset_is_one(self):
        words = self.words()["en"]
        known = {"lang"}.union(*(words[section] for section in SECTIONS))
        served = {path.name for path in (ROOT / "apps/widget").glob("*/*")}
        for page in PAGES:
            for _, _, name in TAG.findall(page.read_text("utf-8")):
                place, _, key = name.partition(".")
                with self.subTest(page=page.name, name=name):
                    if place == "words":
                        self.assertIn(key, known)
                    if place == "assets":
                        self.assertIn(key, served)
                    self.assertIn(place if key else "", ("words", "assets", ""))

    # --- words ---

    def words(self):
        return {path.stem: json.loads(path.read_text("utf-8")) for path in LANGUAGES}

    def test_all_languages_have_the_same_words_with_the_same_values(self):
        words = self.words()
        self.assertIn("pt-BR", words)
        for lang, sections in words.items():
            self.assertEqual(list(sections), list(words["en"]))
            for section, table in sections.items():
                english = words["en"][section]
                self.assertEqual(list(table), list(english), f"{lang} {section}")
                for key, word in table.items():
                    with self.subTest(lang=lang, section=section, key=key):
                        self.assertEqual(placeholders(word), placeholders(english[key]))
                        self.assertTrue(all(forms(word)))
                        if isinstance(word, dict):
                            self.assertEqual(list(word), ["one", "other"])

    def test_a_key_of_the_pages_is_one_word(self):
        for lang, sections in self.words().items():
            keys = [key for section in SECTIONS for key in sections[section]]
            self.assertEqual(len(keys), len(set(keys)), lang)

    def test_no_word_of_the_pages_is_left_over(self):
        sources = [*(ROOT / "apps/server").glob("*.cpp"), *PAGES]
        text = "".join(path.read_text("utf-8") for path in sources)
        for section in ("page", "status"):
            for key in self.words()["en"][section]:
                stem = re.sub("^deployment_.*", "deployment_", key)
                self.assertTrue(re.search(rf"words\.{key}\b|\"{stem}", text), key)

    # --- the library behind it all ---

    def test_one_file_knows_the_library(self):
        users = [path.name for path in (ROOT / "apps").rglob("*pp")
                 if "kainjow" in path.read_text("utf-8")]
        self.assertEqual(users, ["template.cpp"])


if __name__ == "__main__":
    unittest.main(argv=["templates_test"])
