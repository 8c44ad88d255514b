//! The promises of [`ClientProtocol`]. An adapter's test says
//! `ports::protocol_contract!(fresh);`, where `fresh` makes a [`Dialect`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::channels::{
    Address, ChannelName, ClientInfo, Epoch, Event, Headcount, Position, Publication, Published,
};
use crate::ids::{ClientId, TenantId, UserId};
use crate::protocol::{
    Answer, ClientProtocol, Command, ConnectAnswer, Disconnect, ErrorCode, Frames, Push, Reply, StreamAnswer,
    SubscribeAnswer, Unspeakable, UnsubscribeCode,
};

/// Runs the suite; each case becomes a test of its own.
#[macro_export]
macro_rules! protocol_contract {
    ($fresh:path) => {
        $crate::protocol_contract!(@cases $fresh:
            the_offer_names_the_protocol
            an_empty_frame_is_malformed
            commands_are_read_in_order_behind_what_is_there
            commands_before_a_broken_one_are_kept
            a_cut_command_never_panics
            random_bytes_never_panic
            mutated_commands_never_panic
            every_error_code_can_be_said
            every_push_can_be_said
            every_answer_can_be_said
            every_event_can_be_said
            the_same_is_said_the_same_way
            a_payload_that_is_not_json_is_unspeakable_in_text
            info_that_is_not_json_spoils_nothing
            newlines_in_payloads_do_not_split_text
        );
    };
    (@cases $fresh:path: $($case:ident)+) => {
        $(
            #[test]
            fn $case() {
                $crate::contract::protocol::$case(&$fresh());
            }
        )+
    };
}

/// A protocol, and enough of its language to talk to it.
pub struct Dialect {
    /// What is tested.
    pub protocol: Box<dyn ClientProtocol>,
    /// Units of one good command each; at least two different ones.
    pub commands: &'static [&'static [u8]],
    /// A unit that no command can be read from.
    pub broken: &'static [u8],
    /// What stands between the units of one frame.
    pub separator: &'static [u8],
}

/// P-NEG-2.
pub fn the_offer_names_the_protocol(dialect: &Dialect) {
    let offer = dialect.protocol.offer();

    assert!(!offer.name.is_empty());
    assert!(!offer.subprotocol.is_empty());
}

/// P section 2: a frame holds at least one command.
pub fn an_empty_frame_is_malformed(dialect: &Dialect) {
    let mut commands = Vec::new();

    assert!(dialect.protocol.decode(b"", &mut commands).is_err());
    assert!(commands.is_empty());
}

/// P-FRM-1, P-FRM-2.
pub fn commands_are_read_in_order_behind_what_is_there(dialect: &Dialect) {
    let frame = dialect.commands.join(dialect.separator);
    let mut commands = one_by_one(dialect);
    let twice = [commands.clone(), commands.clone()].concat();

    let read = dialect.protocol.decode(&frame, &mut commands);

    assert_eq!(read, Ok(()));
    assert_eq!(commands, twice);
}

/// P-FRM-3.
pub fn commands_before_a_broken_one_are_kept(dialect: &Dialect) {
    let good = dialect.commands.join(dialect.separator);
    let frame = [&good, dialect.broken, &good].join(dialect.separator);
    let mut commands = Vec::new();

    let read = dialect.protocol.decode(&frame, &mut commands);

    assert!(read.is_err());
    assert_eq!(commands, one_by_one(dialect));
}

/// Every prefix of a good frame is read or refused.
pub fn a_cut_command_never_panics(dialect: &Dialect) {
    let frame = dialect.commands.join(dialect.separator);

    for end in 0..frame.len() {
        survives(dialect, frame.get(..end).unwrap_or_default());
    }
}

/// Bytes without any sense are read or refused.
pub fn random_bytes_never_panic(dialect: &Dialect) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);

    for _ in 0..5_000 {
        let frame: Vec<u8> = (0..dice.below(96)).map(|_| dice.byte()).collect();
        survives(dialect, &frame);
    }
}

/// Good frames with some bytes changed, inserted or removed are read or refused.
pub fn mutated_commands_never_panic(dialect: &Dialect) {
    let good = dialect.commands.join(dialect.separator);
    let mut dice = Dice(0xd1b5_4a32_d192_ed03);

    for _ in 0..10_000 {
        let mut frame = good.clone();
        for _ in 0..=dice.below(4) {
            let place = dice.below(frame.len());
            let known = good.get(dice.below(good.len())).copied().unwrap_or_default();
            match dice.below(4) {
                0 => frame.insert(place, dice.byte()),
                1 => frame.insert(place, known),
                2 => frame.truncate(frame.len().saturating_sub(dice.below(8))),
                _ => frame.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1 << dice.below(8)),
            }
        }
        survives(dialect, &frame);
    }
}

/// P 11.1.
pub fn every_error_code_can_be_said(dialect: &Dialect) {
    for code in ErrorCode::ALL {
        let reply = Reply { id: 7, outcome: Err(code.into()) };

        assert_said(dialect, &dialect.protocol.reply(&reply));
    }
}

/// P 11.2, P 11.3, P-PING-1.
pub fn every_push_can_be_said(dialect: &Dialect) {
    assert_said(dialect, &dialect.protocol.push(&Push::Ping));
    for disconnect in Disconnect::ALL {
        assert_said(dialect, &dialect.protocol.push(&Push::Disconnect(disconnect.clone())));
    }
    for code in [UnsubscribeCode::Server, UnsubscribeCode::Insufficient, UnsubscribeCode::Expired] {
        let push = Push::Unsubscribe { channel: channel(), code };

        assert_said(dialect, &dialect.protocol.push(&push));
    }
}

/// P 4.2.
pub fn every_answer_can_be_said(dialect: &Dialect) {
    for answer in answers(b"{\"answer\":42}") {
        assert_said(dialect, &dialect.protocol.reply(&reply(answer)));
    }
}

/// P 9.1.
pub fn every_event_can_be_said(dialect: &Dialect) {
    for event in events(b"{\"answer\":42}") {
        assert_said(dialect, &dialect.protocol.event(&published(event)));
    }
}

/// Encoding has no state, so that one encoding serves all subscribers.
pub fn the_same_is_said_the_same_way(dialect: &Dialect) {
    for event in events(b"[1,2,3]") {
        let published = published(event);

        assert_eq!(dialect.protocol.event(&published), dialect.protocol.event(&published));
    }
}

/// P-FRM-6. Protocols with binary frames carry anything.
pub fn a_payload_that_is_not_json_is_unspeakable_in_text(dialect: &Dialect) {
    for payload in OFF_JSON {
        for answer in answers_with_payload(payload) {
            check(dialect, dialect.protocol.reply(&reply(answer)));
        }
        let event = Event::Publication(Arc::new(publication(payload)), Some(epoch()));
        check(dialect, dialect.protocol.event(&published(event)));
    }

    fn check(dialect: &Dialect, said: Result<Bytes, Unspeakable>) {
        match dialect.protocol.offer().frames {
            Frames::Text => assert_eq!(said, Err(Unspeakable)),
            Frames::Binary => assert!(said.is_ok()),
        }
    }
}

/// P-FRM-6. What is said of one connection never keeps a message from the others.
pub fn info_that_is_not_json_spoils_nothing(dialect: &Dialect) {
    for odd in OFF_JSON {
        let signed = Publication { info: Some(info(odd)), ..publication(b"1") };
        for event in
            [Event::Join(info(odd)), Event::Leave(info(odd)), Event::Publication(Arc::new(signed), None)]
        {
            assert_said(dialect, &dialect.protocol.event(&published(event)));
        }
        assert_said(dialect, &dialect.protocol.reply(&reply(Answer::Presence(vec![info(odd)]))));
    }
}

/// P-FRM-5.
pub fn newlines_in_payloads_do_not_split_text(dialect: &Dialect) {
    let pretty = b"{\r\n  \"line\": \"a\\nb\"\n}";

    for answer in answers(pretty) {
        assert_said(dialect, &dialect.protocol.reply(&reply(answer)));
    }
    for event in events(pretty) {
        assert_said(dialect, &dialect.protocol.event(&published(event)));
    }
}

/// What every message has to be: there, and in text frames one line of UTF-8.
fn assert_said(dialect: &Dialect, said: &Result<Bytes, Unspeakable>) {
    assert!(said.is_ok(), "unspeakable");
    let bytes = said.clone().unwrap_or_default();

    match dialect.protocol.offer().frames {
        Frames::Text => {
            assert!(std::str::from_utf8(&bytes).is_ok_and(|text| !text.is_empty()), "{bytes:?}");
            assert!(!bytes.contains(&b'\n') && !bytes.contains(&b'\r'), "{bytes:?}");
        }
        Frames::Binary => {}
    }
}

/// Hostile bytes yield commands or an error, and no more commands than bytes.
fn survives(dialect: &Dialect, frame: &[u8]) {
    let mut commands = Vec::new();

    let read = dialect.protocol.decode(frame, &mut commands);

    assert!(read.is_err() || !commands.is_empty(), "read nothing from {frame:?}");
    assert!(commands.len() <= frame.len(), "more commands than bytes in {frame:?}");
}

/// The sample commands, each read from a frame of its own.
fn one_by_one(dialect: &Dialect) -> Vec<Command> {
    let mut commands = Vec::new();
    for (index, unit) in dialect.commands.iter().enumerate() {
        assert_eq!(dialect.protocol.decode(unit, &mut commands), Ok(()), "{unit:?}");
        assert_eq!(commands.len(), index + 1, "{unit:?} is not one command");
    }
    assert!(commands.len() > 1 && commands.first() != commands.last(), "needs two different commands");
    commands
}

fn answers(payload: &'static [u8]) -> Vec<Answer> {
    let mut answers = answers_with_payload(payload);
    answers.extend([
        Answer::Connect(Box::new(connected(SubscribeAnswer::default()))),
        Answer::Subscribe(Box::default()),
        Answer::Unsubscribe,
        Answer::Publish,
        Answer::Presence(Vec::new()),
        Answer::Presence(vec![info(payload)]),
        Answer::PresenceStats(Headcount::default()),
        Answer::PresenceStats(Headcount { clients: 3, users: 2 }),
        Answer::History(Box::new(StreamAnswer { publications: Vec::new(), top: top() })),
        Answer::Rpc { data: Bytes::new() },
        Answer::Refresh { client: client(), expiry: Some(600) },
        Answer::Refresh { client: client(), expiry: None },
        Answer::SubRefresh(Some(600)),
        Answer::SubRefresh(None),
    ]);
    answers
}

/// One answer for each way a payload can hide in it.
const OFF_JSON: [&[u8]; 5] = [b"\x00\xff", b"{\"cut\":", b"plain words", b"1 2", b"\"\xff\""];

fn answers_with_payload(payload: &'static [u8]) -> Vec<Answer> {
    let publications = vec![Arc::new(publication(payload))];
    let with_data = SubscribeAnswer { data: Some(Bytes::from_static(payload)), ..SubscribeAnswer::default() };
    let recovered = SubscribeAnswer {
        expiry: Some(600),
        recoverable: true,
        positioned: true,
        position: Some(top()),
        was_recovering: true,
        recovered: true,
        publications: publications.clone(),
        data: None,
    };
    vec![
        Answer::Connect(Box::new(connected(with_data.clone()))),
        Answer::Subscribe(Box::new(with_data)),
        Answer::Subscribe(Box::new(recovered)),
        Answer::History(Box::new(StreamAnswer { publications, top: top() })),
        Answer::Rpc { data: Bytes::from_static(payload) },
    ]
}

fn events(payload: &'static [u8]) -> Vec<Event> {
    let plain = Publication { offset: 0, info: None, tags: None, ..publication(payload) };
    let signed = Publication { info: Some(info(payload)), ..publication(payload) };
    vec![
        Event::Publication(Arc::new(plain), None),
        Event::Publication(Arc::new(publication(payload)), Some(epoch())),
        Event::Publication(Arc::new(signed), Some(epoch())),
        Event::Join(info(payload)),
        Event::Leave(info(payload)),
    ]
}

fn connected(subscription: SubscribeAnswer) -> ConnectAnswer {
    ConnectAnswer {
        client: client(),
        version: Cow::Borrowed("0.1.0"),
        expiry: Some(600),
        subs: BTreeMap::from([(channel(), subscription)]),
        ping_secs: 25,
        pong: true,
    }
}

fn publication(payload: &'static [u8]) -> Publication {
    let tags = BTreeMap::from([("kind".to_owned(), "line\nbreak".to_owned())]);
    Publication { offset: 1, data: Bytes::from_static(payload), info: None, tags: Some(Arc::new(tags)) }
}

fn info(payload: &'static [u8]) -> Arc<ClientInfo> {
    Arc::new(ClientInfo {
        user: UserId::new("tab\tand\nnewline"),
        client: client(),
        conn_info: Some(Bytes::from_static(payload)),
        chan_info: None,
    })
}

fn published(event: Event) -> Published {
    Published::new(Arc::new(Address::public(TenantId::default(), channel())), event)
}

fn reply(answer: Answer) -> Reply {
    Reply { id: 7, outcome: Ok(answer) }
}

fn channel() -> ChannelName {
    match ChannelName::parse("news:\"a\\b\"") {
        Ok(name) => name,
        Err(error) => unreachable!("{error}"),
    }
}

fn client() -> ClientId {
    ClientId::from_random([7; 16])
}

fn epoch() -> Epoch {
    Epoch::new("kQzWbnLd")
}

fn top() -> Position {
    Position { offset: 1, epoch: epoch() }
}

/// A small generator (xorshift), so that a failing run can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn byte(&mut self) -> u8 {
        self.roll().to_be_bytes()[0]
    }

    /// A number below `bound`; zero if the bound is.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() >> 11).unwrap_or_default().checked_rem(bound).unwrap_or_default()
    }
}
