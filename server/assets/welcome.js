// The welcome page: a small client of the JSON protocol, and the page around it. No library; docs/protocol.md has the rules.

const CHANNEL = 'demo:lobby';
const UNPLUGGED_MS = 5_000;
const BACKOFF_MS = { first: 500, longest: 20_000 };
const PING_SLACK_MS = 10_000;
const ANSWER_MS = 5_000;
const SHOWN_MAX = 200;

/** Which close codes end it for good; after all others the client comes back. */
const isFinal = (code) => code === 1009 || (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000);

/** One connection that subscribes to one channel, comes back by itself and recovers what it missed. */
class Connection {
  #token;
  #on;
  #socket = null;
  #lastId = 0;
  #waiting = new Map();
  #attempt = 0;
  #position = null;
  #pingMs = 0;
  #watchdog = 0;
  #unplugged = false;

  /** `on` takes: state, publication, recovered, joined, left. */
  constructor(token, on) {
    this.#token = token;
    this.#on = on;
  }

  open() {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/connection/websocket`);
    this.#socket = socket;
    this.#on.state('connecting', 'Connecting…');
    socket.onopen = () => this.#introduce().catch((error) => this.#refused(socket, error));
    socket.onmessage = ({ data }) => this.#read(socket, data);
    socket.onclose = ({ code, reason }) => this.#lost(socket, code, reason);
  }

  /** Sends one command; resolves with its result, rejects with the server's error or after five seconds of silence. */
  ask(request) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        reject(new Error('not connected'));
        return;
      }
      const id = ++this.#lastId;
      const timer = setTimeout(() => this.#answer(id, { error: { code: 0, message: 'no answer' } }), ANSWER_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ id, ...request }));
    });
  }

  publish(data) {
    return this.ask({ publish: { channel: CHANNEL, data } });
  }

  unplug() {
    this.#unplugged = true;
    this.#lost(this.#socket, 1000, 'unplugged');
  }

  async #introduce() {
    const { connect } = await this.ask({ connect: { token: this.#token, name: 'welcome' } });
    this.#pingMs = (connect.ping ?? 0) * 1_000;
    this.#rearm();
    const recover = this.#position && { recover: true, ...this.#position };
    const { subscribe } = await this.ask({ subscribe: { channel: CHANNEL, ...recover } });
    this.#resume(subscribe);
    const { presence } = await this.ask({ presence: { channel: CHANNEL } });
    this.#attempt = 0;
    this.#on.state('connected', 'Connected', connect.client, Object.values(presence.presence));
  }

  /** Takes what was missed. Whether all of it came back is counted here too, not only believed. */
  #resume({ was_recovering, recovered, publications = [], offset = 0, epoch = '' }) {
    this.#position = { offset, epoch };
    const gapless = publications.every((publication, index) => publication.offset === offset + 1 + index);
    publications.forEach((publication) => this.#deliver(publication, true));
    if (was_recovering) {
      this.#on.recovered(publications.length, Boolean(recovered) && gapless);
    }
  }

  #deliver(publication, late) {
    if (publication.offset) {
      this.#position.offset = publication.offset;
    }
    this.#on.publication(publication, late);
  }

  #read(socket, frame) {
    if (socket !== this.#socket) {
      return;
    }
    this.#rearm();
    frame.split('\n').filter(Boolean).forEach((line) => this.#take(JSON.parse(line)));
  }

  #take(message) {
    if (message.id) {
      this.#answer(message.id, message);
    } else if (message.push) {
      this.#pushed(message.push);
    } else {
      this.#socket.send('{}');
    }
  }

  #answer(id, reply) {
    const asked = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(asked?.timer);
    if (reply.error) {
      asked?.reject(Object.assign(new Error(reply.error.message), reply.error));
    } else {
      asked?.resolve(reply);
    }
  }

  #pushed(push) {
    if (push.pub) {
      this.#deliver(push.pub, false);
    } else if (push.join) {
      this.#on.joined(push.join.info);
    } else if (push.leave) {
      this.#on.left(push.leave.info);
    } else if (push.unsubscribe) {
      this.#lost(this.#socket, push.unsubscribe.code < 2500 ? 3503 : 1006, push.unsubscribe.reason);
    }
  }

  #refused(socket, { code = 0, message }) {
    if (socket !== this.#socket) {
      return;
    }
    const final = code >= 100 && code !== 100 && code !== 111;
    this.#lost(socket, final ? 3500 : 1006, message);
  }

  #lost(socket, code, reason) {
    if (socket !== this.#socket) {
      return;
    }
    this.#socket = null;
    socket.close();
    clearTimeout(this.#watchdog);
    [...this.#waiting.keys()].forEach((id) => this.#answer(id, { error: { code: 0, message: 'connection lost' } }));
    if (isFinal(code)) {
      this.#on.state('stopped', `Stopped: ${reason || code}. Open the link the server printed when it started.`);
      return;
    }
    const state = this.#unplugged ? ['unplugged', 'Unplugged'] : ['waiting', 'Connection lost, coming back…'];
    this.#on.state(...state);
    setTimeout(() => this.open(), this.#delay());
    this.#unplugged = false;
  }

  #delay() {
    if (this.#unplugged) {
      return UNPLUGGED_MS;
    }
    return Math.random() * Math.min(BACKOFF_MS.longest, BACKOFF_MS.first * 2 ** this.#attempt++);
  }

  /** Silence for longer than a ping interval means that the line is dead, whatever the socket believes. */
  #rearm() {
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    if (this.#pingMs && socket) {
      this.#watchdog = setTimeout(() => this.#lost(socket, 1006, 'no ping'), this.#pingMs + PING_SLACK_MS);
    }
  }
}

const element = (id) => document.getElementById(id);
const made = (tag, className, text) => Object.assign(document.createElement(tag), { className, textContent: text });

let me = '';
const members = new Map();

function showMembers() {
  element('count').textContent = `(${members.size})`;
  const items = [...members.values()].map(({ user, client }) => {
    const name = `${user || 'anonymous'} · ${client.slice(0, 4)}`;
    return made('li', client === me ? 'me' : '', client === me ? `${name} (you)` : name);
  });
  element('members').replaceChildren(...items);
}

function sayable(data) {
  if (typeof data === 'string') {
    return data;
  }
  return typeof data?.text === 'string' ? data.text : JSON.stringify(data);
}

function howItCame(data, late) {
  if (late) {
    return 'recovered';
  }
  if (typeof data?.sent !== 'number') {
    return '';
  }
  const took = Math.max(0, Date.now() - data.sent);
  return took < 1 ? 'under 1 ms' : `${took} ms`;
}

function showMessage({ data, info, offset }, late) {
  const item = made('li', late ? 'late' : 'live', '');
  item.dataset.offset = offset ?? '';
  const from = info ? `${info.user || 'anonymous'} · ${info.client.slice(0, 4)}` : 'API';
  const meta = [from, howItCame(data, late)].filter(Boolean).join(', ');
  item.append(made('span', 'text', sayable(data)), made('span', 'meta', meta));
  element('messages').prepend(item);
  while (element('messages').children.length > SHOWN_MAX) {
    element('messages').lastElementChild.remove();
  }
}

const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';

const connection = new Connection(token, {
  state(name, text, client, present) {
    element('state').dataset.state = name;
    element('state').textContent = text;
    element('send').disabled = element('unplug').disabled = name !== 'connected';
    me = client ?? '';
    members.clear();
    (present ?? []).forEach((info) => members.set(info.client, info));
    showMembers();
  },
  publication: showMessage,
  recovered(count, complete) {
    const messages = count === 1 ? '1 message' : `${count} messages`;
    element('recovered').textContent = complete
      ? `${messages} recovered, none lost`
      : 'The server no longer has what was missed; live again from here';
  },
  joined(info) {
    members.set(info.client, info);
    showMembers();
  },
  left(info) {
    members.delete(info.client);
    showMembers();
  },
});

element('publish').addEventListener('submit', async (event) => {
  event.preventDefault();
  const box = element('text');
  try {
    await connection.publish({ text: box.value, sent: Date.now() });
    box.value = '';
  } catch (error) {
    box.setCustomValidity(`Not published: ${error.message}`);
    box.reportValidity();
  }
});
element('text').addEventListener('input', (event) => event.target.setCustomValidity(''));
element('unplug').addEventListener('click', () => {
  element('recovered').textContent = '';
  connection.unplug();
});
element('again').href = `/${location.hash}`;
addEventListener('hashchange', () => location.reload());
connection.open();
