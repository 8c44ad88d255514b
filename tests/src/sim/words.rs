//! How a trace spells things.

use ports::channels::{Address, Event, Form};
use ports::orders::{Action, Order};
use ports::protocol::{Answer, Command, Push, Reply, Request, SubscribeAnswer};
use wigwag_core::shard::Outgoing;

use super::agenda::Message;

pub(super) fn address(address: &Address) -> String {
    format!("{}/{}", address.tenant, address.place.channel())
}

pub(super) fn event(of: &Address, event: &Event) -> String {
    let place = address(of);
    match event {
        Event::Publication(publication, Some(epoch)) => format!("{place} {epoch}#{}", publication.offset),
        Event::Publication(publication, None) => {
            format!("{place} {}", String::from_utf8_lossy(&publication.data).trim_end_matches(['.', '"']))
        }
        Event::Join(info) => format!("{place} join {} {}", info.user, info.client),
        Event::Leave(info) => format!("{place} leave {} {}", info.user, info.client),
    }
}

pub(super) fn message(message: &Message) -> String {
    match message {
        Message::Said(outgoing) => self::outgoing(outgoing),
        Message::Closed(disconnect) => format!("close {}", disconnect.code),
        Message::Lost => "socket lost".into(),
    }
}

pub(super) fn outgoing(outgoing: &Outgoing) -> String {
    match outgoing {
        Outgoing::Event(published, form) => {
            let event = event(&published.address, &published.event);
            match form {
                Form::Delta(Some(base)) => format!("{event} as difference to #{}", base.offset),
                Form::Plain | Form::Delta(None) => event,
            }
        }
        Outgoing::Push(Push::Subscribe { channel, answer }) => {
            format!("subscribe {channel} {}", subscribed(answer))
        }
        Outgoing::Push(Push::Refresh(expiry)) => format!("refresh {expiry:?}"),
        Outgoing::Push(Push::Ping) => "ping".into(),
        Outgoing::Push(Push::Unsubscribe { channel, code }) => {
            format!("unsubscribe {channel} {}", code.number())
        }
        Outgoing::Push(Push::Disconnect(disconnect)) => format!("disconnect {}", disconnect.code),
        Outgoing::Reply(reply) => self::reply(reply),
    }
}

pub(super) fn order(order: &Order) -> String {
    let (tenant, user) = (&order.tenant, &order.target.user);
    let whose = order.target.client.map_or_else(String::new, |client| format!(" at {client}"));
    let what = match &order.action {
        Action::Subscribe(wish) => format!("subscribe {} {:?}", wish.channel, wish.recover),
        Action::Unsubscribe { channel } => format!("unsubscribe {channel:?}"),
        Action::Disconnect { disconnect, spare } => format!("disconnect {} but {spare:?}", disconnect.code),
        Action::Refresh { expire_at, .. } => format!("refresh {expire_at:?}"),
        Action::KeepNewest { since, client } => format!("keep {since:?} {client}"),
    };
    format!("{tenant}/{user}{whose}: {what}")
}

fn reply(reply: &Reply) -> String {
    let id = reply.id;
    match &reply.outcome {
        Err(error) => format!("reply {id}: error {}", error.code),
        Ok(Answer::Connect(answer)) => {
            let subs: Vec<String> = answer
                .subs
                .iter()
                .map(|(channel, answer)| format!("{channel} {}", subscribed(answer)))
                .collect();
            format!("reply {id}: connected {}", subs.join(", "))
        }
        Ok(Answer::Subscribe(answer)) => format!("reply {id}: subscribed {}", subscribed(answer)),
        Ok(Answer::Unsubscribe) => format!("reply {id}: unsubscribed"),
        Ok(Answer::Publish) => format!("reply {id}: published"),
        Ok(Answer::Presence(members)) => format!("reply {id}: {} present", members.len()),
        Ok(Answer::PresenceStats(count)) => format!("reply {id}: {} counted", count.clients),
        Ok(Answer::History(view)) => format!("reply {id}: {} items", view.publications.len()),
        Ok(Answer::Rpc { .. } | Answer::Refresh { .. } | Answer::SubRefresh(_)) => format!("reply {id}"),
    }
}

fn subscribed(answer: &SubscribeAnswer) -> String {
    let place = answer.position.as_ref().map(|place| format!("{}#{}", place.epoch, place.offset));
    let verdict = match (answer.was_recovering, answer.recovered) {
        (false, _) => "fresh",
        (true, true) => "recovered",
        (true, false) => "not recovered",
    };
    format!("{verdict} {} +{}", place.unwrap_or_default(), answer.publications.len())
}

pub(super) fn frame(frame: &[Command]) -> String {
    let commands: Vec<String> = frame.iter().map(command).collect();
    commands.join(", ")
}

fn command(command: &Command) -> String {
    let id = command.id;
    match &command.request {
        Request::Pong => "pong".into(),
        Request::Connect(_) => format!("{id} connect"),
        Request::Subscribe(request) => match &request.recover {
            Some(wish) => format!("{id} subscribe {} from {}#{}", request.channel, wish.epoch, wish.offset),
            None => format!("{id} subscribe {} {}{:?}", request.channel, request.delta, request.filter),
        },
        Request::Unsubscribe { channel } => format!("{id} unsubscribe {channel}"),
        Request::Publish { channel, .. } => format!("{id} publish {channel}"),
        Request::Presence { channel } | Request::PresenceStats { channel } => {
            format!("{id} presence {channel}")
        }
        Request::History(request) => format!("{id} history {}", request.channel),
        Request::Unknown
        | Request::Ping
        | Request::Send { .. }
        | Request::Rpc { .. }
        | Request::Refresh { .. }
        | Request::SubRefresh { .. } => format!("{id} something else"),
    }
}
