// Made from docs/openapi.json by scripts/openapi-clients; changes here are lost.

export type Json = unknown;

/** A channel with subscribers. */
export interface ActiveChannel {
  /** Its name. */
  channel: Channel;
  /** Subscribed connections on this node. */
  subscribers: number;
}

/** Which parties may do something. */
export interface Allowed {
  /** Connections of the anonymous user. */
  anonymous: boolean;
  /** Connections of a known user. */
  client: boolean;
  /** Connections that are subscribed to the channel. */
  subscriber: boolean;
}

/** Many commands. */
export interface Batch {
  /** The commands. */
  commands: Command[];
  /** Their order does not matter, so that they need not wait for each other. */
  parallel?: boolean | null;
}

/** What became of one command. */
export interface BatchItem {
  /** The body that the single call would have had, if it has one. */
  body?: Json;
  /** Why it failed. */
  problem?: Problem;
  /** The status that the single call would have had. */
  status: number;
}

/** What became of the commands. */
export interface BatchResult {
  /** How many of them are problems. */
  failed: number;
  /** One result for each command, in order. */
  results: BatchItem[];
}

/** Something to be published into many channels. */
export interface Broadcast {
  /** What, in base64 with padding, if it is not JSON. */
  b64data?: string | null;
  /** Where. */
  channels: Channel[];
  /** What, as JSON. Either this or `b64data` is needed. */
  data?: Json;
  /** Subscribers of deltas get the difference only. */
  delta?: boolean | null;
  /** A key that was used in the channel within five minutes publishes nothing and is answered as then, as long as it is among the newest 10,000 keys of the node. */
  idempotency_key?: string | null;
  /** Keeps it out of the history. */
  skip_history?: boolean | null;
  /** Labels by which subscribers may choose. */
  tags?: Record<string, string> | null;
  /** Publishes nothing if the channel has this version or a later one. */
  version?: number | null;
  /** Versions of different epochs are not compared. */
  version_epoch?: string | null;
}

/** What became of a broadcast in one channel: either a place or a problem. */
export interface BroadcastItem {
  /** The channel as it was given. */
  channel: string;
  /** Why it did not. */
  problem?: Problem;
  /** Where the publication went. */
  published?: Published;
  /** The status that publishing into this channel alone would have had. */
  status: number;
}

/** What became of a broadcast, channel by channel. */
export interface BroadcastResult {
  /** How many of them are problems. */
  failed: number;
  /** One result for each channel, in order. */
  results: BroadcastItem[];
}

/** A channel's name: printable ASCII. */
export type Channel = string;

/** A channel in a batch. */
export interface ChannelOnly {
  /** Which. */
  channel: Channel;
}

/** A piece of the list of channels. */
export interface Channels {
  /** The channels, ordered by name. */
  channels: ActiveChannel[];
  /** Where the next piece begins; missing if there is none. */
  next_cursor?: string;
}

/** A connection as others see it in a channel. */
export interface Client {
  /** The same in base64, if it is not JSON. */
  b64chan_info?: string;
  /** The same in base64, if it is not JSON. */
  b64conn_info?: string;
  /** What its subscription token says of it. */
  chan_info?: Json;
  /** The connection's id. */
  client: string;
  /** What its connection token says of it. */
  conn_info?: Json;
  /** Its user; empty for the anonymous one. */
  user: string;
}

/** One command: exactly one member, named after what is to be done, with the body of the single call. */
export interface Command {
  broadcast?: null | Broadcast;
  disconnect?: null | DisconnectUser;
  forget_history?: null | ChannelOnly;
  history?: null | HistoryOf;
  presence?: null | PresenceOf;
  presence_stats?: null | ChannelOnly;
  publish?: null | Publish;
  refresh?: null | RefreshUser;
  subscribe?: null | SubscribeUser;
  unsubscribe?: null | UnsubscribeUser;
}

/** A connection. */
export interface Connection {
  /** What it is subscribed to, by name. */
  channels: string[];
  /** Its id. */
  client: string;
  /** When it was established, in seconds since 1970. */
  connected_at: number;
  /** When it ends unless refreshed, in seconds since 1970; missing if never. */
  expire_at?: number;
  /** Its user; empty for the anonymous one. */
  user: string;
}

/** A connection's id. */
export type ConnectionId = string;

/** A piece of the list of connections. */
export interface Connections {
  /** The connections, ordered by id. */
  connections: Connection[];
  /** Where the next piece begins; missing if there is none. */
  next_cursor?: string;
}

/** In which order publications come. */
export type Direction = 'oldest' | 'newest';

/** The end of a user's connections. */
export interface Disconnect {
  /** Only the connection with this id. */
  client?: string | null;
  /** The close code: 4000 to 4999, or a code of the protocol; 3503 if left out. */
  code?: number | null;
  /** Ids of connections that may stay. */
  except?: ConnectionId[] | null;
  /** The close reason, in at most 123 bytes; no JSON. */
  reason?: string | null;
  /** Only the connection with this secret. */
  session?: string | null;
}

/** The end of a user's connections, in a batch. */
export interface DisconnectUser {
  /** The body of the single call. */
  body: Disconnect;
  /** Whose connections; empty for those of the anonymous user. */
  user: string;
}

/** What is wrong with one field of a request. */
export interface FieldError {
  /** The field: a member of the body, a parameter of the query or the path, or a header. */
  field: string;
  /** What is wrong with it, and what to write. */
  message: string;
}

/** A piece of a history. */
export interface History {
  /** Which timeline the offsets are in. */
  epoch: string;
  /** Where the next piece begins; missing if there is none. */
  next_cursor?: string;
  /** The offset of the newest publication there ever was. */
  offset: number;
  /** The publications, in the order asked for. */
  publications: Publication[];
}

/** What is asked of a history in a batch. */
export interface HistoryOf {
  /** Of which channel. */
  channel: Channel;
  /** `next_cursor` of the piece before. */
  cursor?: string | null;
  /** Most publications of the answer; 0 asks for the position only. */
  limit?: number | null;
  order?: null | Direction;
  /** The timeline of that offset. */
  since_epoch?: string | null;
  /** Only what comes after this offset; if the newest come first, before it. */
  since_offset?: number | null;
}

/** The node and its numbers. */
export interface Info {
  /** Channels with subscribers. */
  channels: number;
  /** Connections. */
  connections: number;
  /** The id of the process; another one after each start. */
  node: string;
  /** When it started, in seconds since 1970. */
  started_at: number;
  /** Subscriptions of all connections. */
  subscriptions: number;
  /** Distinct users among them; the anonymous one counts once. */
  users: number;
  /** The version of the server. */
  version: string;
}

/** A namespace: what its channels can do and who may do it. */
export interface Namespace {
  /** Subscribers may ask for deltas. */
  delta: boolean;
  /** They are delivered without the client asking. */
  force_push_join_leave: boolean;
  /** What is remembered; missing if nothing is. */
  history?: Remembered;
  /** Joins and leaves are announced. */
  join_leave: boolean;
  /** What names of its channels begin with, before a colon; empty for channels without a colon. */
  name: string;
  /** Who may read presence; missing if none is kept. */
  presence?: Allowed;
  /** Who may publish from a connection. */
  publish: Allowed;
  /** Who may subscribe without a subscription token. */
  subscribe: Allowed;
  /** Subscribers may filter by tags. */
  tags_filter: boolean;
  /** A `#` in a name limits who may subscribe. */
  user_limited: boolean;
}

/** The namespaces there are. */
export interface Namespaces {
  /** First the one without a name, if there is one, then the others by name. */
  namespaces: Namespace[];
}

/** Options of one subscription; those left out are the namespace's. */
export interface Override {
  /** Its position is tracked. */
  force_positioning?: boolean | null;
  /** They are delivered without the client asking. */
  force_push_join_leave?: boolean | null;
  /** The subscription recovers. */
  force_recovery?: boolean | null;
  /** Joins and leaves are announced. */
  join_leave?: boolean | null;
  /** Presence is kept. */
  presence?: boolean | null;
}

/** A piece of who is in a channel. */
export interface Presence {
  /** The connections, ordered by id. */
  clients: Client[];
  /** Where the next piece begins; missing if there is none. */
  next_cursor?: string;
}

/** What is asked of presence in a batch. */
export interface PresenceOf {
  /** Of which channel. */
  channel: Channel;
  /** `next_cursor` of the piece before. */
  cursor?: string | null;
  /** Most connections of the answer. */
  limit?: number | null;
}

/** How many are in a channel. */
export interface PresenceStats {
  /** Connections. */
  clients: number;
  /** Distinct users; the anonymous one counts once. */
  users: number;
}

/** What every refusal of `/v1` says (RFC 9457, with members of our own). */
export interface Problem {
  /** The number that clients of the realtime protocol know the kind by, if there is one. */
  code?: number;
  /** What is wrong with this request, and what to do about it. */
  detail: string;
  /** The stable name of the kind, for programs. */
  error: string;
  /** What is wrong with single fields. */
  errors?: FieldError[];
  /** The same as `detail`. */
  message: string;
  /** The request's id, as in the header `X-Request-Id` and in the log. */
  request_id?: string;
  /** The status of the answer. */
  status: number;
  /** What kind of problem it is, in words. */
  title: string;
  /** Where the kind of the problem is described, relative to the address of the request. */
  type: string;
}

/** A publication. */
export interface Publication {
  /** The payload in base64, if it is not JSON. */
  b64data?: string;
  /** The payload, as it was published. */
  data?: Json;
  /** Who published it, if a client did. */
  info?: Client;
  /** Its place. */
  offset: number;
  /** Its labels. */
  tags?: Record<string, string>;
}

/** Something to be published into one channel. */
export interface Publish {
  /** What, in base64 with padding, if it is not JSON. */
  b64data?: string | null;
  /** Where. */
  channel: Channel;
  /** What, as JSON. Either this or `b64data` is needed. */
  data?: Json;
  /** Subscribers of deltas get the difference only. */
  delta?: boolean | null;
  /** A key that was used in the channel within five minutes publishes nothing and is answered as then, as long as it is among the newest 10,000 keys of the node. */
  idempotency_key?: string | null;
  /** Keeps it out of the history. */
  skip_history?: boolean | null;
  /** Labels by which subscribers may choose. */
  tags?: Record<string, string> | null;
  /** Publishes nothing if the channel has this version or a later one. */
  version?: number | null;
  /** Versions of different epochs are not compared. */
  version_epoch?: string | null;
}

/** Something to be published into the channel of the path. */
export interface PublishHere {
  /** What, in base64 with padding, if it is not JSON. */
  b64data?: string | null;
  /** What, as JSON. Either this or `b64data` is needed. */
  data?: Json;
  /** Subscribers of deltas get the difference only. */
  delta?: boolean | null;
  /** A key that was used in the channel within five minutes publishes nothing and is answered as then, as long as it is among the newest 10,000 keys of the node. */
  idempotency_key?: string | null;
  /** Keeps it out of the history. */
  skip_history?: boolean | null;
  /** Labels by which subscribers may choose. */
  tags?: Record<string, string> | null;
  /** Publishes nothing if the channel has this version or a later one. */
  version?: number | null;
  /** Versions of different epochs are not compared. */
  version_epoch?: string | null;
}

/** Where a publication went. */
export interface Published {
  /** Which timeline the place is in. */
  epoch?: string;
  /** Its place in the channel's history; missing if it is in none. */
  offset?: number;
  /** Whether nothing was published because the key or the version was there already. */
  skipped: boolean;
}

/** A new life span of a user's connections. */
export interface Refresh {
  /** Only the connection with this id. */
  client?: string | null;
  /** When they end, in seconds since 1970; never if left out. */
  expire_at?: number | null;
  /** They are over, and are closed with 3005. */
  expired?: boolean | null;
  /** What others see of them from now on. */
  info?: Json;
  /** Only the connection with this secret. */
  session?: string | null;
}

/** A new life span of a user's connections, in a batch. */
export interface RefreshUser {
  /** The body of the single call. */
  body: Refresh;
  /** Whose connections; empty for those of the anonymous user. */
  user: string;
}

/** What has come of it: settings by name, such as `client.channels_max` or `namespace.chat.presence`. */
export interface Reload {
  /** These have changed and hold from now on. */
  changed: string[];
  /** These are written otherwise than at the start of the node, and hold after the next start. */
  needs_restart: string[];
}

/** How channels remember. */
export interface Remembered {
  /** How long a position outlives its last use, in seconds. */
  meta_ttl_secs: number;
  /** What recovering means. */
  mode: 'stream' | 'cache';
  /** When subscriptions track their position. */
  positioning: 'off' | 'on_request' | 'always';
  /** Who may read it. */
  read: Allowed;
  /** When subscriptions recover. */
  recovery: 'off' | 'on_request' | 'always';
  /** Most publications of a channel. */
  size: number;
  /** How long a publication is kept, in seconds. */
  ttl_secs: number;
}

/** A place in a history. */
export interface Since {
  /** Its timeline. */
  epoch: string;
  /** The last offset that is known. */
  offset: number;
}

/** A subscription of a user's connections. */
export interface Subscribe {
  /** The same in base64, if it is not JSON. */
  b64data?: string | null;
  /** The same in base64, if it is not JSON. */
  b64info?: string | null;
  /** To which channel. */
  channel: Channel;
  /** Only the connection with this id. */
  client?: string | null;
  /** What the client is handed with the subscription. */
  data?: Json;
  /** When it ends, in seconds since 1970; never if left out. */
  expire_at?: number | null;
  /** What others see of it in the channel. */
  info?: Json;
  override?: null | Override;
  recover_since?: null | Since;
  /** Only the connection with this secret. */
  session?: string | null;
}

/** A subscription of a user's connections, in a batch. */
export interface SubscribeUser {
  /** The body of the single call. */
  body: Subscribe;
  /** Whose connections; empty for those of the anonymous user. */
  user: string;
}

/** The end of subscriptions of a user's connections. */
export interface Unsubscribe {
  /** From which channel; all of them if left out. */
  channel?: Channel;
  /** Only the connection with this id. */
  client?: string | null;
  /** Only the connection with this secret. */
  session?: string | null;
}

/** The end of subscriptions of a user's connections, in a batch. */
export interface UnsubscribeUser {
  /** The body of the single call. */
  body: Unsubscribe;
  /** Whose connections; empty for those of the anonymous user. */
  user: string;
}

/** What a node says no with. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | undefined,
  ) {
    super(problem?.detail ?? `status ${status}`);
    this.name = 'Refused';
  }
}

type Parameters = Record<string, string | number | boolean | null | undefined>;

/** The REST API of one node. */
export class Wigwag {
  readonly #base: string;
  readonly #key: string;

  constructor(base: string, key: string) {
    this.#base = base.replace(/\/+$/, '');
    this.#key = key;
  }

  /** Performs many commands. */
  batch(body: Batch): Promise<BatchResult> {
    return this.#call<BatchResult>('POST', `/v1/batch`, {}, {}, body);
  }

  /** Publishes the same into many channels. */
  broadcast(body: Broadcast, options: { idempotencyKey?: string } = {}): Promise<BroadcastResult> {
    return this.#call<BroadcastResult>('POST', `/v1/broadcast`, {}, {'Idempotency-Key': options.idempotencyKey}, body);
  }

  /** Lists the channels with subscribers on this node. */
  channels(options: { prefix?: string; limit?: number; cursor?: string } = {}): Promise<Channels> {
    return this.#call<Channels>('GET', `/v1/channels`, {'prefix': options.prefix, 'limit': options.limit, 'cursor': options.cursor}, {});
  }

  /** Reads the history of the channel of the path. */
  historyOfChannel(channel: string, options: { limit?: number; order?: 'oldest' | 'newest'; sinceOffset?: number; sinceEpoch?: string; cursor?: string } = {}): Promise<History> {
    return this.#call<History>('GET', `/v1/channels/${encodeURIComponent(channel)}/history`, {'limit': options.limit, 'order': options.order, 'since_offset': options.sinceOffset, 'since_epoch': options.sinceEpoch, 'cursor': options.cursor}, {});
  }

  /** Empties the history of the channel of the path. */
  forgetHistoryOfChannel(channel: string): Promise<void> {
    return this.#call<void>('DELETE', `/v1/channels/${encodeURIComponent(channel)}/history`, {}, {});
  }

  /** Tells who is in the channel of the path. */
  presenceOfChannel(channel: string, options: { limit?: number; cursor?: string } = {}): Promise<Presence> {
    return this.#call<Presence>('GET', `/v1/channels/${encodeURIComponent(channel)}/presence`, {'limit': options.limit, 'cursor': options.cursor}, {});
  }

  /** Counts who is in the channel of the path. */
  presenceStatsOfChannel(channel: string): Promise<PresenceStats> {
    return this.#call<PresenceStats>('GET', `/v1/channels/${encodeURIComponent(channel)}/presence/stats`, {}, {});
  }

  /** Publishes into the channel of the path. */
  publishToChannel(channel: string, body: PublishHere, options: { idempotencyKey?: string } = {}): Promise<Published> {
    return this.#call<Published>('POST', `/v1/channels/${encodeURIComponent(channel)}/publish`, {}, {'Idempotency-Key': options.idempotencyKey}, body);
  }

  /** Lists the connections of this node. */
  connections(options: { user?: string; channel?: string; limit?: number; cursor?: string } = {}): Promise<Connections> {
    return this.#call<Connections>('GET', `/v1/connections`, {'user': options.user, 'channel': options.channel, 'limit': options.limit, 'cursor': options.cursor}, {});
  }

  /** Shows a connection of this node. */
  connection(client: string): Promise<Connection> {
    return this.#call<Connection>('GET', `/v1/connections/${encodeURIComponent(client)}`, {}, {});
  }

  /** Closes a connection of this node. */
  closeConnection(client: string, options: { code?: number; reason?: string } = {}): Promise<void> {
    return this.#call<void>('DELETE', `/v1/connections/${encodeURIComponent(client)}`, {'code': options.code, 'reason': options.reason}, {});
  }

  /** Reads the history of a channel. */
  history(options: { channel: string; limit?: number; order?: 'oldest' | 'newest'; sinceOffset?: number; sinceEpoch?: string; cursor?: string }): Promise<History> {
    return this.#call<History>('GET', `/v1/history`, {'channel': options.channel, 'limit': options.limit, 'order': options.order, 'since_offset': options.sinceOffset, 'since_epoch': options.sinceEpoch, 'cursor': options.cursor}, {});
  }

  /** Empties the history of a channel. */
  forgetHistory(options: { channel: string }): Promise<void> {
    return this.#call<void>('DELETE', `/v1/history`, {'channel': options.channel}, {});
  }

  /** Tells what the node is and how much it has to do. */
  info(): Promise<Info> {
    return this.#call<Info>('GET', `/v1/info`, {}, {});
  }

  /** Lists the namespaces with their options. */
  namespaces(): Promise<Namespaces> {
    return this.#call<Namespaces>('GET', `/v1/namespaces`, {}, {});
  }

  /** Tells who is in a channel. */
  presence(options: { channel: string; limit?: number; cursor?: string }): Promise<Presence> {
    return this.#call<Presence>('GET', `/v1/presence`, {'channel': options.channel, 'limit': options.limit, 'cursor': options.cursor}, {});
  }

  /** Counts who is in a channel. */
  presenceStats(options: { channel: string }): Promise<PresenceStats> {
    return this.#call<PresenceStats>('GET', `/v1/presence/stats`, {'channel': options.channel}, {});
  }

  /** Publishes into a channel. */
  publish(body: Publish, options: { idempotencyKey?: string } = {}): Promise<Published> {
    return this.#call<Published>('POST', `/v1/publish`, {}, {'Idempotency-Key': options.idempotencyKey}, body);
  }

  /** Reads the configuration again, as SIGHUP does. */
  reload(): Promise<Reload> {
    return this.#call<Reload>('POST', `/v1/reload`, {}, {});
  }

  /** Lists the connections that a user has to this node. */
  connectionsOfUser(user: string, options: { limit?: number; cursor?: string } = {}): Promise<Connections> {
    return this.#call<Connections>('GET', `/v1/users/${encodeURIComponent(user)}/connections`, {'limit': options.limit, 'cursor': options.cursor}, {});
  }

  /** Closes the connections of a user. */
  disconnect(user: string, body: Disconnect): Promise<void> {
    return this.#call<void>('POST', `/v1/users/${encodeURIComponent(user)}/disconnect`, {}, {}, body);
  }

  /** Changes when the connections of a user end. */
  refresh(user: string, body: Refresh): Promise<void> {
    return this.#call<void>('POST', `/v1/users/${encodeURIComponent(user)}/refresh`, {}, {}, body);
  }

  /** Subscribes the connections of a user to a channel. */
  subscribe(user: string, body: Subscribe): Promise<void> {
    return this.#call<void>('POST', `/v1/users/${encodeURIComponent(user)}/subscribe`, {}, {}, body);
  }

  /** Ends subscriptions of a user's connections. */
  unsubscribe(user: string, body: Unsubscribe): Promise<void> {
    return this.#call<void>('POST', `/v1/users/${encodeURIComponent(user)}/unsubscribe`, {}, {}, body);
  }

  async #call<T>(
    method: string,
    path: string,
    query: Parameters,
    headers: Parameters,
    body?: unknown,
  ): Promise<T> {
    const given = (all: Parameters): [string, string][] =>
      Object.entries(all).flatMap(([name, value]): [string, string][] => (value == null ? [] : [[name, String(value)]]));
    const text = new URLSearchParams(given(query)).toString();
    const response = await fetch(`${this.#base}${path}${text ? `?${text}` : ''}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.#key}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...Object.fromEntries(given(headers)),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await response.text();
    if (!response.ok) {
      const isProblem = response.headers.get('content-type')?.includes('json') ?? false;
      throw new Refused(response.status, isProblem ? (JSON.parse(answer) as Problem) : undefined);
    }
    return (answer === '' ? undefined : JSON.parse(answer)) as T;
  }
}
