"""A back end that answers hooks: python3 backend.py PORT, with the secret in HOOKS_SECRET."""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY_BYTES_MAX = 1 << 20
SKEW_SECS_MAX = 300
SECRET = os.environ.get("HOOKS_SECRET", "")
if not SECRET and __name__ == "__main__":
    sys.exit("HOOKS_SECRET is missing: without it anybody could ask")


def is_genuine(headers, body, secret, now=None):
    """Whether a question comes from a node that knows the secret, and is no repetition of an old one."""
    message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not at.isdigit() or abs((now or time.time()) - int(at)) > SKEW_SECS_MAX:
        return False
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    signed = f"{message_id}.{at}.".encode() + body
    own = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    signatures = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(own.encode(), theirs.encode()) for theirs in signatures)


USERS = {"cookie-of-ann": "ann", "cookie-of-bob": "bob"}


def connect(question, headers):
    session = headers.get("cookie", "").removeprefix("session=") or (question.get("data") or {}).get("session")
    user = USERS.get(session)
    if user is None:
        return {"disconnect": {"code": 4501, "reason": "please sign in"}}
    return {
        "result": {
            "user": user,
            "data": {"hello": user},
            "meta": {"role": "guest"},
            "channels": [f"inbox:{user}"],
        }
    }


def refresh(question, headers):
    return {"result": {"expire_at": int(time.time()) + 3600}}


def subscribe(question, headers):
    if question["channel"].startswith(f"chat:{question['user']}-"):
        return {"result": {}}
    return {"error": {"code": 403, "message": "not your room"}}


def sub_refresh(question, headers):
    return {"result": {}}


def publish(question, headers):
    text = (question.get("data") or {}).get("text")
    if not text:
        return {"error": {"code": 422, "message": "no text"}}
    return {"result": {"data": {"from": question["user"], "text": text}}}


def rpc(question, headers):
    match question["method"]:
        case "add":
            return {"result": {"data": {"sum": question["data"]["a"] + question["data"]["b"]}}}
        case "role":
            return {"result": {"data": question.get("meta")}}
        case _:
            return {"error": {"code": 104, "message": "method not found"}}


ANSWERS = {answer.__name__: answer for answer in (connect, refresh, subscribe, sub_refresh, publish, rpc)}


class Backend(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Longer than the node keeps its own end, so that it never meets a connection that is just being closed.
    timeout = 15

    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(length)
        if not is_genuine(self.headers, body, SECRET):
            return self.answer(401)
        try:
            question = json.loads(body)
            answer = json.dumps(ANSWERS[question["event"]](question, self.headers)).encode()
        except Exception:
            # Some client's data made no sense to it, which is no fault of this program.
            return self.answer(400)
        return self.answer(200, answer)

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Questions hold what is between the application and its users."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 3000), Backend)
    print(server.server_address[1], flush=True)
    server.serve_forever()
