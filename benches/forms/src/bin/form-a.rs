//! Form A, the obvious server: axum's WebSocket with its default buffers, split in two; a reader task and a ractor actor
//! per connection, which owns the sink and writes one message at a time; one actor as the hub; JSON encoded anew for
//! every recipient.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef};
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use wigwag_forms::protocol::{PING_INTERVAL, Request};
use wigwag_forms::{handshake, listen, protocol};

struct Hub;

enum ToHub {
    Join(String, ActorRef<ToConnection>),
    Leave(String, ActorId),
    Publish(Publication),
}

struct Publication {
    channel: String,
    data: Box<RawValue>,
    client: String,
}

impl Actor for Hub {
    type Msg = ToHub;
    type State = HashMap<String, HashMap<ActorId, ActorRef<ToConnection>>>;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<ToHub>, (): ()) -> Result<Self::State, ActorProcessingErr> {
        Ok(HashMap::new())
    }

    async fn handle(
        &self,
        _: ActorRef<ToHub>,
        message: ToHub,
        channels: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ToHub::Join(channel, connection) => {
                channels.entry(channel).or_default().insert(connection.get_id(), connection);
            }
            ToHub::Leave(channel, id) => {
                if let Some(members) = channels.get_mut(&channel) {
                    members.remove(&id);
                }
            }
            ToHub::Publish(publication) => {
                let publication = Arc::new(publication);
                for member in channels.get(&publication.channel).into_iter().flat_map(HashMap::values) {
                    // One that is just ending hears no more.
                    let _ = member.cast(ToConnection::Deliver(Arc::clone(&publication)));
                }
            }
        }
        Ok(())
    }
}

struct Connection;

enum ToConnection {
    Frame(Utf8Bytes),
    Deliver(Arc<Publication>),
    Ping,
}

struct Session {
    sink: SplitSink<WebSocket, Message>,
    hub: ActorRef<ToHub>,
    client: String,
    channels: Vec<String>,
}

impl Actor for Connection {
    type Msg = ToConnection;
    type State = Session;
    type Arguments = (WebSocket, ActorRef<ToHub>);

    async fn pre_start(
        &self,
        myself: ActorRef<ToConnection>,
        (socket, hub): Self::Arguments,
    ) -> Result<Session, ActorProcessingErr> {
        let (sink, mut incoming) = socket.split();
        myself.send_interval(PING_INTERVAL, || ToConnection::Ping);
        tokio::spawn(async move {
            while let Some(Ok(message)) = incoming.next().await {
                if let Message::Text(text) = message
                    && myself.cast(ToConnection::Frame(text)).is_err()
                {
                    break;
                }
            }
            myself.stop(None);
        });
        Ok(Session { sink, hub, client: protocol::client_id(), channels: Vec::new() })
    }

    async fn handle(
        &self,
        myself: ActorRef<ToConnection>,
        message: ToConnection,
        session: &mut Session,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ToConnection::Frame(text) => session.carry_out(&myself, &text).await,
            ToConnection::Deliver(publication) => {
                let Publication { channel, data, client } = &*publication;
                session.say(protocol::push(channel, data, client)).await
            }
            ToConnection::Ping => session.say("{}".to_owned()).await,
        }
    }

    async fn post_stop(
        &self,
        myself: ActorRef<ToConnection>,
        session: &mut Session,
    ) -> Result<(), ActorProcessingErr> {
        for channel in session.channels.drain(..) {
            session.hub.cast(ToHub::Leave(channel, myself.get_id()))?;
        }
        Ok(())
    }
}

impl Session {
    async fn carry_out(
        &mut self,
        myself: &ActorRef<ToConnection>,
        frame: &str,
    ) -> Result<(), ActorProcessingErr> {
        for command in protocol::commands(frame.as_bytes()) {
            let (id, request) = command?;
            let answer = match request {
                Request::Pong => continue,
                Request::Connect => protocol::connected(id, &self.client),
                Request::Subscribe(channel) => {
                    self.channels.push(channel.clone().into_owned());
                    self.hub.cast(ToHub::Join(channel.into_owned(), myself.clone()))?;
                    protocol::subscribed(id)
                }
                Request::Publish(publish) => {
                    self.hub.cast(ToHub::Publish(Publication {
                        channel: publish.channel.into_owned(),
                        data: publish.data.to_owned(),
                        client: self.client.clone(),
                    }))?;
                    protocol::published(id)
                }
            };
            self.say(answer).await?;
        }
        Ok(())
    }

    async fn say(&mut self, message: String) -> Result<(), ActorProcessingErr> {
        Ok(self.sink.send(Message::Text(message.into())).await?)
    }
}

async fn upgrade(State(hub): State<ActorRef<ToHub>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| async move {
        // A socket without an actor closes by itself.
        let _ = Actor::spawn(None, Connection, (socket, hub)).await;
    })
}

fn main() -> anyhow::Result<()> {
    let listener = listen::listener(listen::address()?)?;
    listen::runtime()?.block_on(async {
        let listener = TcpListener::from_std(listener)?.tap_io(|stream| {
            // Without it the system holds small messages back. A socket that refuses is about to end.
            let _ = stream.set_nodelay(true);
        });
        let (hub, _) = Actor::spawn(None, Hub, ()).await?;
        let router = Router::new().route(handshake::PATH, get(upgrade)).with_state(hub);
        Ok(axum::serve(listener, router).await?)
    })
}
