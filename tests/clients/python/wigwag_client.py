"""The REST API of one node, typed. Made from docs/openapi.json by scripts/openapi-clients; changes here are lost."""

import json
from typing import Any, Dict, List, Literal, Mapping, Optional, TypedDict, Union
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

Json = Any
Parameters = Mapping[str, Union[str, int, None]]


Channel = str

ConnectionId = str

Direction = Literal['oldest', 'newest']

_ActiveChannelNeeded = TypedDict(
    "_ActiveChannelNeeded",
    {
        "channel": "Channel",
        "subscribers": "int",
    },
)

_ActiveChannelOthers = TypedDict(
    "_ActiveChannelOthers",
    {
    },
    total=False,
)


class ActiveChannel(_ActiveChannelNeeded, _ActiveChannelOthers):
    """A channel with subscribers."""


_AllowedNeeded = TypedDict(
    "_AllowedNeeded",
    {
        "anonymous": "bool",
        "client": "bool",
        "subscriber": "bool",
    },
)

_AllowedOthers = TypedDict(
    "_AllowedOthers",
    {
    },
    total=False,
)


class Allowed(_AllowedNeeded, _AllowedOthers):
    """Which parties may do something."""


_BatchNeeded = TypedDict(
    "_BatchNeeded",
    {
        "commands": "List[Command]",
    },
)

_BatchOthers = TypedDict(
    "_BatchOthers",
    {
        "parallel": "Union[bool, None]",
    },
    total=False,
)


class Batch(_BatchNeeded, _BatchOthers):
    """Many commands."""


_BatchItemNeeded = TypedDict(
    "_BatchItemNeeded",
    {
        "status": "int",
    },
)

_BatchItemOthers = TypedDict(
    "_BatchItemOthers",
    {
        "body": "Json",
        "problem": "Problem",
    },
    total=False,
)


class BatchItem(_BatchItemNeeded, _BatchItemOthers):
    """What became of one command."""


_BatchResultNeeded = TypedDict(
    "_BatchResultNeeded",
    {
        "failed": "int",
        "results": "List[BatchItem]",
    },
)

_BatchResultOthers = TypedDict(
    "_BatchResultOthers",
    {
    },
    total=False,
)


class BatchResult(_BatchResultNeeded, _BatchResultOthers):
    """What became of the commands."""


_BroadcastNeeded = TypedDict(
    "_BroadcastNeeded",
    {
        "channels": "List[Channel]",
    },
)

_BroadcastOthers = TypedDict(
    "_BroadcastOthers",
    {
        "b64data": "Union[str, None]",
        "data": "Json",
        "delta": "Union[bool, None]",
        "idempotency_key": "Union[str, None]",
        "skip_history": "Union[bool, None]",
        "tags": "Union[Dict[str, str], None]",
        "version": "Union[int, None]",
        "version_epoch": "Union[str, None]",
    },
    total=False,
)


class Broadcast(_BroadcastNeeded, _BroadcastOthers):
    """Something to be published into many channels."""


_BroadcastItemNeeded = TypedDict(
    "_BroadcastItemNeeded",
    {
        "channel": "str",
        "status": "int",
    },
)

_BroadcastItemOthers = TypedDict(
    "_BroadcastItemOthers",
    {
        "problem": "Problem",
        "published": "Published",
    },
    total=False,
)


class BroadcastItem(_BroadcastItemNeeded, _BroadcastItemOthers):
    """What became of a broadcast in one channel: either a place or a problem."""


_BroadcastResultNeeded = TypedDict(
    "_BroadcastResultNeeded",
    {
        "failed": "int",
        "results": "List[BroadcastItem]",
    },
)

_BroadcastResultOthers = TypedDict(
    "_BroadcastResultOthers",
    {
    },
    total=False,
)


class BroadcastResult(_BroadcastResultNeeded, _BroadcastResultOthers):
    """What became of a broadcast, channel by channel."""


_ChannelOnlyNeeded = TypedDict(
    "_ChannelOnlyNeeded",
    {
        "channel": "Channel",
    },
)

_ChannelOnlyOthers = TypedDict(
    "_ChannelOnlyOthers",
    {
    },
    total=False,
)


class ChannelOnly(_ChannelOnlyNeeded, _ChannelOnlyOthers):
    """A channel in a batch."""


_ChannelsNeeded = TypedDict(
    "_ChannelsNeeded",
    {
        "channels": "List[ActiveChannel]",
    },
)

_ChannelsOthers = TypedDict(
    "_ChannelsOthers",
    {
        "next_cursor": "str",
    },
    total=False,
)


class Channels(_ChannelsNeeded, _ChannelsOthers):
    """A piece of the list of channels."""


_ClientNeeded = TypedDict(
    "_ClientNeeded",
    {
        "client": "str",
        "user": "str",
    },
)

_ClientOthers = TypedDict(
    "_ClientOthers",
    {
        "b64chan_info": "str",
        "b64conn_info": "str",
        "chan_info": "Json",
        "conn_info": "Json",
    },
    total=False,
)


class Client(_ClientNeeded, _ClientOthers):
    """A connection as others see it in a channel."""


_CommandNeeded = TypedDict(
    "_CommandNeeded",
    {
    },
)

_CommandOthers = TypedDict(
    "_CommandOthers",
    {
        "broadcast": "Union[None, Broadcast]",
        "disconnect": "Union[None, DisconnectUser]",
        "forget_history": "Union[None, ChannelOnly]",
        "history": "Union[None, HistoryOf]",
        "presence": "Union[None, PresenceOf]",
        "presence_stats": "Union[None, ChannelOnly]",
        "publish": "Union[None, Publish]",
        "refresh": "Union[None, RefreshUser]",
        "subscribe": "Union[None, SubscribeUser]",
        "unsubscribe": "Union[None, UnsubscribeUser]",
    },
    total=False,
)


class Command(_CommandNeeded, _CommandOthers):
    """One command: exactly one member, named after what is to be done, with the body of the single call."""


_ConnectionNeeded = TypedDict(
    "_ConnectionNeeded",
    {
        "channels": "List[str]",
        "client": "str",
        "connected_at": "int",
        "user": "str",
    },
)

_ConnectionOthers = TypedDict(
    "_ConnectionOthers",
    {
        "expire_at": "int",
    },
    total=False,
)


class Connection(_ConnectionNeeded, _ConnectionOthers):
    """A connection."""


_ConnectionsNeeded = TypedDict(
    "_ConnectionsNeeded",
    {
        "connections": "List[Connection]",
    },
)

_ConnectionsOthers = TypedDict(
    "_ConnectionsOthers",
    {
        "next_cursor": "str",
    },
    total=False,
)


class Connections(_ConnectionsNeeded, _ConnectionsOthers):
    """A piece of the list of connections."""


_DisconnectNeeded = TypedDict(
    "_DisconnectNeeded",
    {
    },
)

_DisconnectOthers = TypedDict(
    "_DisconnectOthers",
    {
        "client": "Union[str, None]",
        "code": "Union[int, None]",
        "except": "Union[List[ConnectionId], None]",
        "reason": "Union[str, None]",
        "session": "Union[str, None]",
    },
    total=False,
)


class Disconnect(_DisconnectNeeded, _DisconnectOthers):
    """The end of a user's connections."""


_DisconnectUserNeeded = TypedDict(
    "_DisconnectUserNeeded",
    {
        "body": "Disconnect",
        "user": "str",
    },
)

_DisconnectUserOthers = TypedDict(
    "_DisconnectUserOthers",
    {
    },
    total=False,
)


class DisconnectUser(_DisconnectUserNeeded, _DisconnectUserOthers):
    """The end of a user's connections, in a batch."""


_FieldErrorNeeded = TypedDict(
    "_FieldErrorNeeded",
    {
        "field": "str",
        "message": "str",
    },
)

_FieldErrorOthers = TypedDict(
    "_FieldErrorOthers",
    {
    },
    total=False,
)


class FieldError(_FieldErrorNeeded, _FieldErrorOthers):
    """What is wrong with one field of a request."""


_HistoryNeeded = TypedDict(
    "_HistoryNeeded",
    {
        "epoch": "str",
        "offset": "int",
        "publications": "List[Publication]",
    },
)

_HistoryOthers = TypedDict(
    "_HistoryOthers",
    {
        "next_cursor": "str",
    },
    total=False,
)


class History(_HistoryNeeded, _HistoryOthers):
    """A piece of a history."""


_HistoryOfNeeded = TypedDict(
    "_HistoryOfNeeded",
    {
        "channel": "Channel",
    },
)

_HistoryOfOthers = TypedDict(
    "_HistoryOfOthers",
    {
        "cursor": "Union[str, None]",
        "limit": "Union[int, None]",
        "order": "Union[None, Direction]",
        "since_epoch": "Union[str, None]",
        "since_offset": "Union[int, None]",
    },
    total=False,
)


class HistoryOf(_HistoryOfNeeded, _HistoryOfOthers):
    """What is asked of a history in a batch."""


_InfoNeeded = TypedDict(
    "_InfoNeeded",
    {
        "channels": "int",
        "connections": "int",
        "node": "str",
        "started_at": "int",
        "subscriptions": "int",
        "users": "int",
        "version": "str",
    },
)

_InfoOthers = TypedDict(
    "_InfoOthers",
    {
    },
    total=False,
)


class Info(_InfoNeeded, _InfoOthers):
    """The node and its numbers."""


_NamespaceNeeded = TypedDict(
    "_NamespaceNeeded",
    {
        "delta": "bool",
        "force_push_join_leave": "bool",
        "join_leave": "bool",
        "name": "str",
        "publish": "Allowed",
        "subscribe": "Allowed",
        "tags_filter": "bool",
        "user_limited": "bool",
    },
)

_NamespaceOthers = TypedDict(
    "_NamespaceOthers",
    {
        "history": "Remembered",
        "presence": "Allowed",
    },
    total=False,
)


class Namespace(_NamespaceNeeded, _NamespaceOthers):
    """A namespace: what its channels can do and who may do it."""


_NamespacesNeeded = TypedDict(
    "_NamespacesNeeded",
    {
        "namespaces": "List[Namespace]",
    },
)

_NamespacesOthers = TypedDict(
    "_NamespacesOthers",
    {
    },
    total=False,
)


class Namespaces(_NamespacesNeeded, _NamespacesOthers):
    """The namespaces there are."""


_OverrideNeeded = TypedDict(
    "_OverrideNeeded",
    {
    },
)

_OverrideOthers = TypedDict(
    "_OverrideOthers",
    {
        "force_positioning": "Union[bool, None]",
        "force_push_join_leave": "Union[bool, None]",
        "force_recovery": "Union[bool, None]",
        "join_leave": "Union[bool, None]",
        "presence": "Union[bool, None]",
    },
    total=False,
)


class Override(_OverrideNeeded, _OverrideOthers):
    """Options of one subscription; those left out are the namespace's."""


_PresenceNeeded = TypedDict(
    "_PresenceNeeded",
    {
        "clients": "List[Client]",
    },
)

_PresenceOthers = TypedDict(
    "_PresenceOthers",
    {
        "next_cursor": "str",
    },
    total=False,
)


class Presence(_PresenceNeeded, _PresenceOthers):
    """A piece of who is in a channel."""


_PresenceOfNeeded = TypedDict(
    "_PresenceOfNeeded",
    {
        "channel": "Channel",
    },
)

_PresenceOfOthers = TypedDict(
    "_PresenceOfOthers",
    {
        "cursor": "Union[str, None]",
        "limit": "Union[int, None]",
    },
    total=False,
)


class PresenceOf(_PresenceOfNeeded, _PresenceOfOthers):
    """What is asked of presence in a batch."""


_PresenceStatsNeeded = TypedDict(
    "_PresenceStatsNeeded",
    {
        "clients": "int",
        "users": "int",
    },
)

_PresenceStatsOthers = TypedDict(
    "_PresenceStatsOthers",
    {
    },
    total=False,
)


class PresenceStats(_PresenceStatsNeeded, _PresenceStatsOthers):
    """How many are in a channel."""


_ProblemNeeded = TypedDict(
    "_ProblemNeeded",
    {
        "detail": "str",
        "error": "str",
        "message": "str",
        "status": "int",
        "title": "str",
        "type": "str",
    },
)

_ProblemOthers = TypedDict(
    "_ProblemOthers",
    {
        "code": "int",
        "errors": "List[FieldError]",
        "request_id": "str",
    },
    total=False,
)


class Problem(_ProblemNeeded, _ProblemOthers):
    """What every refusal of `/v1` says (RFC 9457, with members of our own)."""


_PublicationNeeded = TypedDict(
    "_PublicationNeeded",
    {
        "offset": "int",
    },
)

_PublicationOthers = TypedDict(
    "_PublicationOthers",
    {
        "b64data": "str",
        "data": "Json",
        "info": "Client",
        "tags": "Dict[str, str]",
    },
    total=False,
)


class Publication(_PublicationNeeded, _PublicationOthers):
    """A publication."""


_PublishNeeded = TypedDict(
    "_PublishNeeded",
    {
        "channel": "Channel",
    },
)

_PublishOthers = TypedDict(
    "_PublishOthers",
    {
        "b64data": "Union[str, None]",
        "data": "Json",
        "delta": "Union[bool, None]",
        "idempotency_key": "Union[str, None]",
        "skip_history": "Union[bool, None]",
        "tags": "Union[Dict[str, str], None]",
        "version": "Union[int, None]",
        "version_epoch": "Union[str, None]",
    },
    total=False,
)


class Publish(_PublishNeeded, _PublishOthers):
    """Something to be published into one channel."""


_PublishHereNeeded = TypedDict(
    "_PublishHereNeeded",
    {
    },
)

_PublishHereOthers = TypedDict(
    "_PublishHereOthers",
    {
        "b64data": "Union[str, None]",
        "data": "Json",
        "delta": "Union[bool, None]",
        "idempotency_key": "Union[str, None]",
        "skip_history": "Union[bool, None]",
        "tags": "Union[Dict[str, str], None]",
        "version": "Union[int, None]",
        "version_epoch": "Union[str, None]",
    },
    total=False,
)


class PublishHere(_PublishHereNeeded, _PublishHereOthers):
    """Something to be published into the channel of the path."""


_PublishedNeeded = TypedDict(
    "_PublishedNeeded",
    {
        "skipped": "bool",
    },
)

_PublishedOthers = TypedDict(
    "_PublishedOthers",
    {
        "epoch": "str",
        "offset": "int",
    },
    total=False,
)


class Published(_PublishedNeeded, _PublishedOthers):
    """Where a publication went."""


_RefreshNeeded = TypedDict(
    "_RefreshNeeded",
    {
    },
)

_RefreshOthers = TypedDict(
    "_RefreshOthers",
    {
        "client": "Union[str, None]",
        "expire_at": "Union[int, None]",
        "expired": "Union[bool, None]",
        "info": "Json",
        "session": "Union[str, None]",
    },
    total=False,
)


class Refresh(_RefreshNeeded, _RefreshOthers):
    """A new life span of a user's connections."""


_RefreshUserNeeded = TypedDict(
    "_RefreshUserNeeded",
    {
        "body": "Refresh",
        "user": "str",
    },
)

_RefreshUserOthers = TypedDict(
    "_RefreshUserOthers",
    {
    },
    total=False,
)


class RefreshUser(_RefreshUserNeeded, _RefreshUserOthers):
    """A new life span of a user's connections, in a batch."""


_ReloadNeeded = TypedDict(
    "_ReloadNeeded",
    {
        "changed": "List[str]",
        "needs_restart": "List[str]",
    },
)

_ReloadOthers = TypedDict(
    "_ReloadOthers",
    {
    },
    total=False,
)


class Reload(_ReloadNeeded, _ReloadOthers):
    """What has come of it: settings by name, such as `client.channels_max` or `namespace.chat.presence`."""


_RememberedNeeded = TypedDict(
    "_RememberedNeeded",
    {
        "meta_ttl_secs": "int",
        "mode": "Literal['stream', 'cache']",
        "positioning": "Literal['off', 'on_request', 'always']",
        "read": "Allowed",
        "recovery": "Literal['off', 'on_request', 'always']",
        "size": "int",
        "ttl_secs": "int",
    },
)

_RememberedOthers = TypedDict(
    "_RememberedOthers",
    {
    },
    total=False,
)


class Remembered(_RememberedNeeded, _RememberedOthers):
    """How channels remember."""


_SinceNeeded = TypedDict(
    "_SinceNeeded",
    {
        "epoch": "str",
        "offset": "int",
    },
)

_SinceOthers = TypedDict(
    "_SinceOthers",
    {
    },
    total=False,
)


class Since(_SinceNeeded, _SinceOthers):
    """A place in a history."""


_SubscribeNeeded = TypedDict(
    "_SubscribeNeeded",
    {
        "channel": "Channel",
    },
)

_SubscribeOthers = TypedDict(
    "_SubscribeOthers",
    {
        "b64data": "Union[str, None]",
        "b64info": "Union[str, None]",
        "client": "Union[str, None]",
        "data": "Json",
        "expire_at": "Union[int, None]",
        "info": "Json",
        "override": "Union[None, Override]",
        "recover_since": "Union[None, Since]",
        "session": "Union[str, None]",
    },
    total=False,
)


class Subscribe(_SubscribeNeeded, _SubscribeOthers):
    """A subscription of a user's connections."""


_SubscribeUserNeeded = TypedDict(
    "_SubscribeUserNeeded",
    {
        "body": "Subscribe",
        "user": "str",
    },
)

_SubscribeUserOthers = TypedDict(
    "_SubscribeUserOthers",
    {
    },
    total=False,
)


class SubscribeUser(_SubscribeUserNeeded, _SubscribeUserOthers):
    """A subscription of a user's connections, in a batch."""


_UnsubscribeNeeded = TypedDict(
    "_UnsubscribeNeeded",
    {
    },
)

_UnsubscribeOthers = TypedDict(
    "_UnsubscribeOthers",
    {
        "channel": "Channel",
        "client": "Union[str, None]",
        "session": "Union[str, None]",
    },
    total=False,
)


class Unsubscribe(_UnsubscribeNeeded, _UnsubscribeOthers):
    """The end of subscriptions of a user's connections."""


_UnsubscribeUserNeeded = TypedDict(
    "_UnsubscribeUserNeeded",
    {
        "body": "Unsubscribe",
        "user": "str",
    },
)

_UnsubscribeUserOthers = TypedDict(
    "_UnsubscribeUserOthers",
    {
    },
    total=False,
)


class UnsubscribeUser(_UnsubscribeUserNeeded, _UnsubscribeUserOthers):
    """The end of subscriptions of a user's connections, in a batch."""



class Refused(Exception):
    """What a node says no with."""

    def __init__(self, status: int, problem: "Optional[Problem]") -> None:
        super().__init__(problem["detail"] if problem else f"status {status}")
        self.status = status
        self.problem = problem


class Wigwag:
    """The REST API of one node."""

    def __init__(self, base: str, key: str, timeout: float = 15.0) -> None:
        self._base = base.rstrip("/")
        self._key = key
        self._timeout = timeout
        self._opener = build_opener(ProxyHandler({}))

    def batch(self, body: Batch) -> BatchResult:
        """Performs many commands."""
        result: BatchResult = self._call("POST", f"/v1/batch", {}, {}, body)
        return result

    def broadcast(self, body: Broadcast, *, idempotency_key: Optional[str] = None) -> BroadcastResult:
        """Publishes the same into many channels."""
        result: BroadcastResult = self._call("POST", f"/v1/broadcast", {}, {"Idempotency-Key": idempotency_key}, body)
        return result

    def channels(self, *, prefix: Optional[str] = None, limit: Optional[int] = None, cursor: Optional[str] = None) -> Channels:
        """Lists the channels with subscribers on this node."""
        result: Channels = self._call("GET", f"/v1/channels", {"prefix": prefix, "limit": limit, "cursor": cursor}, {})
        return result

    def history_of_channel(self, channel: str, *, limit: Optional[int] = None, order: Optional[Literal['oldest', 'newest']] = None, since_offset: Optional[int] = None, since_epoch: Optional[str] = None, cursor: Optional[str] = None) -> History:
        """Reads the history of the channel of the path."""
        result: History = self._call("GET", f"/v1/channels/{quote(channel, safe='')}/history", {"limit": limit, "order": order, "since_offset": since_offset, "since_epoch": since_epoch, "cursor": cursor}, {})
        return result

    def forget_history_of_channel(self, channel: str) -> None:
        """Empties the history of the channel of the path."""
        self._call("DELETE", f"/v1/channels/{quote(channel, safe='')}/history", {}, {})

    def presence_of_channel(self, channel: str, *, limit: Optional[int] = None, cursor: Optional[str] = None) -> Presence:
        """Tells who is in the channel of the path."""
        result: Presence = self._call("GET", f"/v1/channels/{quote(channel, safe='')}/presence", {"limit": limit, "cursor": cursor}, {})
        return result

    def presence_stats_of_channel(self, channel: str) -> PresenceStats:
        """Counts who is in the channel of the path."""
        result: PresenceStats = self._call("GET", f"/v1/channels/{quote(channel, safe='')}/presence/stats", {}, {})
        return result

    def publish_to_channel(self, channel: str, body: PublishHere, *, idempotency_key: Optional[str] = None) -> Published:
        """Publishes into the channel of the path."""
        result: Published = self._call("POST", f"/v1/channels/{quote(channel, safe='')}/publish", {}, {"Idempotency-Key": idempotency_key}, body)
        return result

    def connections(self, *, user: Optional[str] = None, channel: Optional[str] = None, limit: Optional[int] = None, cursor: Optional[str] = None) -> Connections:
        """Lists the connections of this node."""
        result: Connections = self._call("GET", f"/v1/connections", {"user": user, "channel": channel, "limit": limit, "cursor": cursor}, {})
        return result

    def connection(self, client: str) -> Connection:
        """Shows a connection of this node."""
        result: Connection = self._call("GET", f"/v1/connections/{quote(client, safe='')}", {}, {})
        return result

    def close_connection(self, client: str, *, code: Optional[int] = None, reason: Optional[str] = None) -> None:
        """Closes a connection of this node."""
        self._call("DELETE", f"/v1/connections/{quote(client, safe='')}", {"code": code, "reason": reason}, {})

    def history(self, *, channel: str, limit: Optional[int] = None, order: Optional[Literal['oldest', 'newest']] = None, since_offset: Optional[int] = None, since_epoch: Optional[str] = None, cursor: Optional[str] = None) -> History:
        """Reads the history of a channel."""
        result: History = self._call("GET", f"/v1/history", {"channel": channel, "limit": limit, "order": order, "since_offset": since_offset, "since_epoch": since_epoch, "cursor": cursor}, {})
        return result

    def forget_history(self, *, channel: str) -> None:
        """Empties the history of a channel."""
        self._call("DELETE", f"/v1/history", {"channel": channel}, {})

    def info(self) -> Info:
        """Tells what the node is and how much it has to do."""
        result: Info = self._call("GET", f"/v1/info", {}, {})
        return result

    def namespaces(self) -> Namespaces:
        """Lists the namespaces with their options."""
        result: Namespaces = self._call("GET", f"/v1/namespaces", {}, {})
        return result

    def presence(self, *, channel: str, limit: Optional[int] = None, cursor: Optional[str] = None) -> Presence:
        """Tells who is in a channel."""
        result: Presence = self._call("GET", f"/v1/presence", {"channel": channel, "limit": limit, "cursor": cursor}, {})
        return result

    def presence_stats(self, *, channel: str) -> PresenceStats:
        """Counts who is in a channel."""
        result: PresenceStats = self._call("GET", f"/v1/presence/stats", {"channel": channel}, {})
        return result

    def publish(self, body: Publish, *, idempotency_key: Optional[str] = None) -> Published:
        """Publishes into a channel."""
        result: Published = self._call("POST", f"/v1/publish", {}, {"Idempotency-Key": idempotency_key}, body)
        return result

    def reload(self) -> Reload:
        """Reads the configuration again, as SIGHUP does."""
        result: Reload = self._call("POST", f"/v1/reload", {}, {})
        return result

    def connections_of_user(self, user: str, *, limit: Optional[int] = None, cursor: Optional[str] = None) -> Connections:
        """Lists the connections that a user has to this node."""
        result: Connections = self._call("GET", f"/v1/users/{quote(user, safe='')}/connections", {"limit": limit, "cursor": cursor}, {})
        return result

    def disconnect(self, user: str, body: Disconnect) -> None:
        """Closes the connections of a user."""
        self._call("POST", f"/v1/users/{quote(user, safe='')}/disconnect", {}, {}, body)

    def refresh(self, user: str, body: Refresh) -> None:
        """Changes when the connections of a user end."""
        self._call("POST", f"/v1/users/{quote(user, safe='')}/refresh", {}, {}, body)

    def subscribe(self, user: str, body: Subscribe) -> None:
        """Subscribes the connections of a user to a channel."""
        self._call("POST", f"/v1/users/{quote(user, safe='')}/subscribe", {}, {}, body)

    def unsubscribe(self, user: str, body: Unsubscribe) -> None:
        """Ends subscriptions of a user's connections."""
        self._call("POST", f"/v1/users/{quote(user, safe='')}/unsubscribe", {}, {}, body)

    def _call(self, method: str, path: str, query: Parameters, headers: Parameters, body: Json = None) -> Json:
        text = urlencode({name: value for name, value in query.items() if value is not None})
        request = Request(self._base + path + ("?" + text if text else ""), method=method)
        request.add_header("Authorization", "Bearer " + self._key)
        for name, value in headers.items():
            if value is not None:
                request.add_header(name, str(value))
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                answer = response.read()
        except HTTPError as refusal:
            with refusal:
                is_problem = "json" in (refusal.headers.get("Content-Type") or "")
                problem: Optional[Problem] = json.loads(refusal.read()) if is_problem else None
            raise Refused(refusal.code, problem) from None
        return json.loads(answer) if answer else None
