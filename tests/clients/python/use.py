"""Uses the client as a program would: use.py BASE KEY. Ends with an error if anything is not as it should be."""

import sys
from typing import Callable, List, Tuple

from wigwag_client import Refused, Wigwag


def main(base: str, key: str) -> None:
    client = Wigwag(base, key)
    channel = "python/room#1?"

    first = client.publish({"channel": channel, "data": {"a": 1}, "tags": {"b": "c"}}, idempotency_key="one")
    assert first["skipped"] is False
    again = client.publish_to_channel(channel, {"data": None}, idempotency_key="one")
    assert (again["skipped"], again["offset"], again["epoch"]) == (True, first["offset"], first["epoch"])

    history = client.history_of_channel(channel, limit=10, order="newest")
    assert [(one["data"], one["tags"]) for one in history["publications"]] == [({"a": 1}, {"b": "c"})]
    assert client.history(channel=channel, limit=10) == history

    broadcast = client.broadcast({"channels": [channel, "nowhere:x"], "data": 2})
    assert (broadcast["failed"], [one["status"] for one in broadcast["results"]]) == (1, [200, 404])
    batch = client.batch({"commands": [{"publish": {"channel": channel, "data": 3}}, {"history": {"channel": "nowhere:x"}}]})
    assert [one["status"] for one in batch["results"]] == [200, 404]
    assert batch["results"][1]["problem"]["error"] == "unknown_channel"

    assert client.presence(channel=channel) == {"clients": []}
    assert client.presence_stats_of_channel(channel) == {"clients": 0, "users": 0}
    assert client.connections(user="nobody")["connections"] == []
    assert client.channels(prefix="python") == {"channels": []}
    client.disconnect("nobody", {"except": [], "code": 4001})
    client.subscribe("nobody", {"channel": channel, "override": {"presence": True}})
    client.forget_history(channel=channel)
    assert client.info()["channels"] == 0
    assert client.namespaces()["namespaces"][0]["name"] == ""

    refusals: List[Tuple[int, str, Callable[[], object]]] = [
        (404, "unknown_channel", lambda: client.history(channel="nowhere:x")),
        (401, "unauthorized", lambda: Wigwag(base, "wrong").info()),
    ]
    for status, error, call in refusals:
        try:
            call()
        except Refused as refused:
            assert refused.problem is not None
            assert (refused.status, refused.problem["error"]) == (status, error)
            assert "request_id" in refused.problem
        else:
            raise AssertionError(f"not refused with {error}")
    print("python: ok")


main(*sys.argv[1:3])
