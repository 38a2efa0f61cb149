"""openapi_test - /openapi.json against the server that gives it.

Every path and method that it describes is there, every route of the sources is described, and what
each endpoint answers is what its schema says, with no field more.
"""
import base64
import hashlib
import hmac
import json
import re
import time
import unittest
from pathlib import Path
from urllib.parse import parse_qs

import support

try:
    from jsonschema import Draft202012Validator, FormatChecker
except ImportError:
    Draft202012Validator = None

ROOT = Path(__file__).resolve().parents[2]
ROUTED = ["include/comments/api/routes.ipp", "include/comments/feed/routes.ipp",
          "apps/server/files.cpp", "apps/server/thread_page.cpp"]
METHODS = {"get", "post", "put", "patch", "delete"}
MODERATOR, SITE = "a-token-for-moderators", "a-secret-of-the-host's-site-of-32-bytes"
PIPELINE = "a-token-for-deployments"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def user(subject):
    """A header that says that the host's site signed a user in."""
    claims = {"sub": subject, "name": subject, "exp": int(time.time()) + 600}
    text = b".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims))
    mac = base64url(hmac.digest(SITE.encode(), text, hashlib.sha256))
    return {"Authorization": "Bearer " + (text + b"." + mac).decode()}


needs_jsonschema = unittest.skipUnless(Draft202012Validator, "jsonschema is not installed")


class Description:
    def __init__(self, document):
        self.document = document

    def resolve(self, value):
        """`value` with what its references name, at every depth."""
        if isinstance(value, list):
            return [self.resolve(one) for one in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            found = self.document
            for step in value["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            value = found | {name: one for name, one in value.items() if name != "$ref"}
        return {name: self.resolve(one) for name, one in value.items()}

    def operations(self):
        """(method, path, operation), the parameters of the path among the operation's."""
        for path, item in self.resolve(self.document["paths"]).items():
            for method in METHODS & item.keys():
                operation = item[method]
                own = operation.get("parameters", [])
                yield method.upper(), path, operation | {
                    "parameters": item.get("parameters", []) + own}

    def find(self, method, target):
        path = target.partition("?")[0]
        for candidate, pattern, operation in self.operations():
            if candidate == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), path):
                return pattern, operation
        raise AssertionError(f"{method} {path} is not described")


def strict(schema):
    """`schema`, resolved, such that fields that it does not name are wrong."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "allOf" in schema:
        properties, required = {}, []
        for part in schema["allOf"]:
            properties |= part.get("properties", {})
            required += part.get("required", [])
        schema = {"type": "object", "properties": properties, "required": required}
    made = {name: strict(one) for name, one in schema.items()}
    if "properties" in schema:
        made["properties"] = {name: strict(one) for name, one in schema["properties"].items()}
        made.setdefault("additionalProperties", False)
    return made


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(support.Server(
            "--store", "memory:", "--moderator-token", MODERATOR, "--sso-secret", SITE,
            "--deploy-token", PIPELINE))
        cls.description = Description(cls.server.get("/openapi.json").json)
        cls.moderator = {"Authorization": "Bearer " + MODERATOR}

    def ask(self, method, target, status, body=None, headers=None):
        """The answer, which has `status` and is what the description says of that status."""
        answer = self.server.request(method, target, body, headers)
        with self.subTest(f"{method} {target}", answer=answer):
            self.assertEqual(answer.status, status)
            pattern, operation = self.description.find(method, target)
            responses = operation["responses"]
            self.assertIn(str(status), responses)
            self.check_body(answer, responses.get(str(status)) or responses["default"])
            if status < 304:
                self.asked.add((method, pattern))
                self.check_body_sent(operation, body)
        return answer

    def check_body(self, answer, response):
        if "content" not in response:
            return self.assertEqual(answer.body, b"")
        media = answer.headers["Content-Type"].partition(";")[0]
        self.assertIn(media, response["content"])
        for name in response.get("headers", {}).keys() & {"ETag", "Location"}:
            self.assertIn(name, answer.headers)
        if media.endswith("json"):
            self.check_value(answer.json, strict(response["content"][media]["schema"]))

    def check_body_sent(self, operation, body):
        """What the server took must be what the description lets clients send."""
        self.assertEqual("requestBody" in operation, body is not None)
        if isinstance(body, bytes):
            body = {name: text for name, (text,) in parse_qs(body.decode()).items()}
        if body is not None:
            (media,) = operation["requestBody"]["content"].values()
            self.check_value(body, strict(media["schema"]))

    def check_value(self, value, schema):
        checks = FormatChecker(["uuid", "email"])
        wrong = Draft202012Validator(schema, format_checker=checks).iter_errors(value)
        self.assertEqual([f"{error.json_path}: {error.message}" for error in wrong], [])

    def post(self, headers=None, **draft):
        return self.ask("POST", support.POST, 201, draft, headers).json

    # --- the description itself -------------------------------------------------------------------
    def test_it_is_the_file_in_the_sources(self):
        file = ROOT / "apps/server/openapi.json"
        self.assertEqual(self.description.document, json.loads(file.read_text("utf-8")))
        self.assertRegex(self.description.document["openapi"], r"^3\.1\.")

    @needs_jsonschema
    def test_every_schema_is_one_and_every_reference_leads_somewhere(self):
        resolved = self.description.resolve(self.description.document)  # KeyError if one does not
        for name, schema in resolved["components"]["schemas"].items():
            with self.subTest(name):
                Draft202012Validator.check_schema(schema)
        used = set(re.findall(r'"#/components/(\w+/\w+)"', json.dumps(self.description.document)))
        for kind in ("parameters", "headers", "requestBodies", "responses", "schemas"):
            for name in self.description.document["components"][kind]:
                self.assertIn(f"{kind}/{name}", used)

    def test_operations_have_names_and_name_their_parameters(self):
        names = []
        for method, path, operation in self.description.operations():
            with self.subTest(f"{method} {path}"):
                names.append(operation["operationId"])
                in_path = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
                self.assertEqual(in_path, re.findall(r"{(\w+)}", path))
                known = {tag["name"] for tag in self.description.document["tags"]}
                self.assertLessEqual(set(operation["tags"]), known)
        self.assertEqual(len(names), len(set(names)))

    def test_every_operation_says_what_it_is_for_who_may_call_it_and_what_it_refuses(self):
        for method, path, operation in self.description.operations():
            with self.subTest(f"{method} {path}"):
                self.assertTrue(operation["summary"] and operation["description"])
                self.assertIn("security", operation)
                self.assertIn('"example"', json.dumps(operation))
                refused = {status: answer["content"].get("application/problem+json")
                           for status, answer in operation["responses"].items()
                           if status.startswith("4")}
                self.assertTrue(refused)
                for problem in filter(None, refused.values()):  # one is of the legacy API
                    code, = (part["properties"]["code"] for part in problem["schema"]["allOf"][1:])
                    self.assertTrue(code["enum"])
                self.assertEqual("requestBody" in operation, "415" in refused)

    # --- the description and the routes -----------------------------------------------------------
    def test_every_route_of_the_sources_is_described_and_no_other(self):
        pattern = re.compile(r'[({]\s*"((?:GET|POST|PUT|PATCH|DELETE) /[^"]*)"')
        routes = {route for file in ROUTED
                  for route in pattern.findall((ROOT / file).read_text("utf-8"))}
        described = {f"{method} {path}" for method, path, _ in self.description.operations()}
        self.assertEqual(routes, described)

    def test_everything_described_is_there(self):
        comment = self.server.post(support.POST, {"content_id": "there", "body": "Oi"}).json
        for method, path, operation in self.description.operations():
            if path in ("/api/v1/events", "/api/v1/me") or method == "DELETE":
                continue  # no end, or the end of what the others need: asked below
            target = path.replace("{id}", comment["id"]).replace("{content_id}", "there")
            target = target.replace("{name}", "embed.js")
            needed = [one["name"] for one in operation["parameters"]
                      if one["in"] == "query" and one.get("required")]
            target += "?" + "&".join(f"{name}=there" for name in needed)
            with self.subTest(f"{method} {target}"):
                answer = self.server.request(method, target, headers=self.moderator)
                self.assertNotIn(answer.status, (404, 405, 500, 501))

    # --- answers ----------------------------------------------------------------------------------
    @needs_jsonschema
    def test_each_endpoint_answers_as_described(self):
        self.asked = set()
        self.answer_legacy()
        self.answer_comments()
        self.answer_moderation()
        self.answer_account()
        self.answer_deployments()
        self.answer_service()
        self.answer_pages()
        described = {(method, path) for method, path, _ in self.description.operations()}
        self.assertEqual(described - self.asked, {("GET", "/api/v1/events")})
        self.answer_events()

    def answer_legacy(self):
        self.ask("POST", support.LEGACY_POST, 200,
                 {"email": "ada@example.com", "comment": "Oi", "content_id": 7})
        listed = self.ask("GET", "/api/comment/list/7", 200)
        self.ask("GET", "/api/comment/list/7", 304,
                 headers={"If-None-Match": listed.headers["ETag"]})
        self.ask("GET", "/api/comment/list/none", 404)
        self.ask("POST", support.LEGACY_POST, 422, {})

    def answer_comments(self):
        posted = self.post(content_id="1", body="Oi", author={
            "name": "Ada", "email": "ada@example.com", "url": "https://example.com/"})
        self.post(content_id=1, body="a reply", parent_id=posted["id"], trap="",
                  form=self.ask("GET", "/api/v1/form", 200).json["form"])
        one, mine = f"/api/v1/comments/{posted['id']}", {
            "Authorization": "Bearer " + posted["edit_token"]}
        self.ask("GET", "/api/v1/comments?content_id=1&limit=1&sort=top", 200)
        self.ask("GET", f"/api/v1/comments?content_id=1&parent_id={posted['id']}", 200)
        self.ask("GET", "/api/v1/comments?content_id=empty", 200)
        self.ask("GET", "/api/v1/comments?content_id=1&cursor=x", 400)
        self.ask("GET", "/api/v1/comments", 422)
        self.ask("GET", one, 200)
        self.ask("GET", "/api/v1/comments/x", 404)
        self.ask("PATCH", one, 200, {"body": "Oi!"}, mine)
        self.ask("PATCH", one, 412, {"body": "Oi!"}, mine | {"If-Match": '"1"'})
        self.ask("PATCH", one, 401, {"body": "Oi!"})
        self.ask("PATCH", one, 415)
        self.ask("PUT", one + "/vote", 200, headers=user("ben"))
        self.ask("DELETE", one + "/vote", 200, headers=user("ben"))
        self.ask("POST", one + "/reports", 204, {"reason": "rude"}, user("ben"))
        for form in ("", "&format=atom", "&format=json"):
            self.ask("GET", "/api/v1/feed?content_id=1" + form, 200)
        self.ask("GET", "/api/v1/feed?content_id=empty", 404)
        self.ask("POST", "/api/v1/previews", 200, {"body": "*Oi*"})
        self.ask("POST", "/api/v1/previews", 400, b"{", {"Content-Type": "application/json"})
        self.ask("POST", "/api/v1/previews", 413, b"x" * 65_537)
        self.ask("GET", "/api/v1/counts?content_id=1&content_id=empty", 200)
        self.ask("GET", "/api/v1/counts", 422)
        self.ask("GET", f"{one}/history", 200, headers=self.moderator)
        self.ask("DELETE", one, 204, headers=mine)
        self.ask("GET", "/api/v1/comments?content_id=1", 200)  # with a tombstone

    def answer_moderation(self):
        ids = [self.post(content_id="2", body=f"{i}")["id"] for i in range(2)]
        self.ask("POST", f"/api/v1/comments/{ids[0]}/reports", 204, {"reason": "rude"}, user("ben"))
        self.ask("GET", "/api/v1/contents/2", 200)
        self.ask("GET", "/api/v1/contents/none", 404)
        for status in ("premoderated", None, "open"):
            self.ask("PATCH", "/api/v1/contents/2", 200, {"status": status, "reason": "calm"},
                     self.moderator)
        self.ask("PATCH", "/api/v1/contents/2", 401, {"status": "locked"})
        self.ask("GET", "/api/v1/contents?content_id=2", 200)
        self.ask("GET", "/api/v1/contents", 422)
        self.ask("PATCH", "/api/v1/contents?content_id=2", 200, {"status": "open"}, self.moderator)
        self.ask("PATCH", "/api/v1/contents?content_id=2", 401, {"status": "locked"})
        notices = "/api/v1/moderation/notices"
        self.ask("GET", notices, 200, headers=self.moderator)
        self.ask("GET", notices, 200, headers=self.moderator | {"X-Real-IP": "192.0.2.1"})
        self.ask("GET", notices, 401)
        decide = "/api/v1/moderation/actions"
        for query in ("", "?limit=1", "?content_id=2&limit=200"):
            self.ask("GET", decide + query, 200, headers=self.moderator)
        for query in ("?limit=0", "?limit=201", "?limit=x", "?content_id="):
            self.ask("GET", decide + query, 422, headers=self.moderator)
        self.ask("GET", decide + "?cursor=x", 400, headers=self.moderator)
        self.ask("GET", decide, 403, headers=user("ben"))
        self.ask("GET", decide, 401)
        for action in ("hold", "spam", "approve"):
            self.ask("POST", decide, 200, {"ids": ids[:1], "action": action}, self.moderator)
        unknown = "0192f0c1-7b2a-7c3d-9e4f-0123456789ab"
        self.ask("POST", decide, 200, {"ids": [ids[1], unknown], "action": "hold", "reason": "?"},
                 self.moderator)
        self.ask("POST", decide, 404, {"ids": [unknown], "action": "hold"}, self.moderator)
        self.ask("POST", decide, 403, {"ids": ids, "action": "hold"}, user("ben"))
        for query in ("", "?status=all&limit=1", "?status=published&q=0"):
            self.ask("GET", "/api/v1/moderation/queue" + query, 200, headers=self.moderator)
        self.ask("GET", "/api/v1/moderation/queue", 401)
        self.ask("GET", f"/api/v1/comments/{ids[0]}/history", 200, headers=self.moderator)

    def answer_account(self):
        posted = self.post(user("eve"), content_id="3", body="mine")
        self.ask("PUT", f"/api/v1/comments/{posted['id']}/vote", 200, headers=user("ben"))
        for subject in ("eve", "ben"):
            self.ask("GET", "/api/v1/me/export", 200, headers=user(subject))
            self.ask("DELETE", "/api/v1/me", 200, headers=user(subject))
        self.ask("GET", "/api/v1/me/export", 422, headers=self.moderator)
        self.ask("DELETE", "/api/v1/me", 401)

    def answer_deployments(self):
        log = "/api/v1/deployments"
        step = {"component": "comments", "version": "1.2", "responsible": "ana",
                "status": "success"}
        pipeline = {"Authorization": "Bearer " + PIPELINE}
        for more in ({}, {"run": 17}, {"run": "17"}, {"run": None, "date": "2020-01-01"}):
            self.ask("POST", log, 201, step | more, pipeline)
        self.ask("POST", log, 401, step)
        self.ask("POST", log, 403, step, self.moderator)
        self.ask("POST", log, 422, step | {"status": "done"}, pipeline)
        self.ask("POST", log, 422, step | {"run": "17", "version": "1.3"}, pipeline)
        for query in ("", "?limit=1&component=comments", "?format=csv"):
            self.ask("GET", log + query, 200)
        self.ask("GET", log + "?format=xml", 422)

    def answer_service(self):
        for path in ("/healthz", "/readyz", "/version", "/metrics", "/openapi.json", "/status",
                     "/status.css"):
            self.ask("GET", path, 200)

    def answer_pages(self):
        for path in ("/", "/moderation", "/embed.js", "/contents?content_id=1", "/contents/1"):
            page = self.ask("GET", path, 200)
            self.ask("GET", path, 304, headers={"If-None-Match": page.headers["ETag"]})
        for path in re.findall("assets/[^\"]*", self.server.get("/").body.decode()):
            self.ask("GET", "/" + path, 200)
        self.ask("GET", "/assets/none", 404)
        form = {"Content-Type": "application/x-www-form-urlencoded",
                "Sec-Fetch-Site": "same-origin"}
        for path in ("/contents?content_id=9", "/contents/9"):
            self.ask("POST", path, 303, b"body=Oi&name=Ana&email=&trap=", form)
            self.ask("POST", path, 422, b"name=Ana", form)
            self.ask("POST", path, 403, b"body=Oi", form | {"Sec-Fetch-Site": "cross-site"})
            self.ask("POST", path, 415)

    def answer_events(self):
        self.ask("GET", "/api/v1/events", 422)
        event = self.server.get("/api/v1/contents/2").json["version"]
        with self.server.connect() as connection:
            connection.sendall(f"GET /api/v1/events?content_id=2&after={event - 1} HTTP/1.1\r\n"
                               "Host: example.com\r\n\r\n".encode())
            read = ""
            while "data: " not in read or "\n\n" not in read.partition("data: ")[2]:
                read += connection.recv(65_536).decode()
        self.assertIn("Content-Type: text/event-stream", read)
        data = read.partition("data: ")[2].partition("\n")[0]
        schemas = self.description.resolve(self.description.document["components"]["schemas"])
        self.check_value(json.loads(data), strict(schemas["event"]))


if __name__ == "__main__":
    support.main()
