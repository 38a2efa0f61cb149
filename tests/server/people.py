"""people - callers of the server: users whom a site signed in, moderators, and their addresses.

    Server(*MEMORY, *SECRETS)
    server.post(ACTIONS, {...}, bearer(jwt(sub="ana", role="moderator")) | at("192.0.2.7"))
"""
import base64
import hashlib
import hmac
import json
import time

MODERATOR, SITE = "a-token-of-moderators", "0123456789abcdef0123456789abcdef"
SECRETS = ("--moderator-token", MODERATOR, "--sso-secret", SITE)
BEHIND_PROXY = ("--trusted-proxies", "127.0.0.1")
ACTIONS, QUEUE = "/api/v1/moderation/actions", "/api/v1/moderation/queue"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(text, secret=SITE, digest="sha256"):
    """`text` and its signature, as RFC 7515 joins them."""
    return f"{text}.{base64url(hmac.new(secret.encode(), text.encode(), digest).digest())}"


def jwt(header=None, secret=SITE, **claims):
    """A token of the host's site, good for an hour unless it says otherwise."""
    parts = {"alg": "HS256"} if header is None else header, {"exp": time.time() + 3600} | claims
    return signed(".".join(base64url(json.dumps(part).encode()) for part in parts), secret,
                  hashlib.sha256)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def at(address):
    """As a trusted proxy says where a request comes from."""
    return {"X-Forwarded-For": address}


def address(number):
    """An address for each number under 65,536."""
    return f"10.1.{number // 256}.{number % 256}"
