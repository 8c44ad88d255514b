use proptest::prelude::*;

use super::*;

const MASK: [u8; 4] = [0x11, 0x22, 0x33, 0x44];

/// An item without its borrow.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    Message(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

/// A client's frame: first byte, payload, masked.
fn client(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        medium @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((medium as u16).to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

fn hear(assembler: &mut Assembler, bytes: &[u8]) -> (Vec<Heard>, Result<(), Fault>) {
    let mut heard = Vec::new();
    let result = assembler.feed(&mut bytes.to_vec(), &mut |item| {
        heard.push(match item {
            Item::Message(_, message) => Heard::Message(message.to_vec()),
            Item::Ping(payload) => Heard::Ping(payload.to_vec()),
            Item::Pong => Heard::Pong,
            Item::Close(code) => Heard::Close(code),
        });
    });
    (heard, result)
}

fn check(bytes: &[u8], expected: Result<&[Heard], Fault>) {
    let (heard, result) = hear(&mut Assembler::new(1_000), bytes);
    match expected {
        Ok(expected) => assert_eq!((heard.as_slice(), result), (expected, Ok(())), "{bytes:02x?}"),
        Err(fault) => assert_eq!(result, Err(fault), "{bytes:02x?}"),
    }
}

#[test]
fn whole_messages_are_handed_out() {
    check(&client(0x81, b"hello"), Ok(&[Heard::Message(b"hello".to_vec())]));
    check(&client(0x82, &[0xff, 0x00]), Ok(&[Heard::Message(vec![0xff, 0x00])]));
    check(&client(0x81, &[b'x'; 300]), Ok(&[Heard::Message(vec![b'x'; 300])]));
    check(&client(0x81, b""), Ok(&[Heard::Message(vec![])]));
}

#[test]
fn fragments_make_one_message_with_control_frames_between() {
    let mut bytes = client(0x01, b"he");
    bytes.extend(client(0x89, b"are you there"));
    bytes.extend(client(0x00, b"l"));
    bytes.extend(client(0x8A, b""));
    bytes.extend(client(0x80, b"lo"));

    let ping = Heard::Ping(b"are you there".to_vec());
    check(&bytes, Ok(&[ping, Heard::Pong, Heard::Message(b"hello".to_vec())]));
}

#[test]
fn a_character_may_be_split_over_fragments() {
    let mut bytes = client(0x01, &[0xe2, 0x82]);
    bytes.extend(client(0x80, &[0xac]));

    check(&bytes, Ok(&[Heard::Message("€".as_bytes().to_vec())]));
}

#[test]
fn close_frames_tell_their_code() {
    check(&client(0x88, b""), Ok(&[Heard::Close(None)]));
    check(&client(0x88, &[0x03, 0xe8, b'b', b'y', b'e']), Ok(&[Heard::Close(Some(1000))]));
    check(&client(0x88, &[0x0b, 0xb8]), Ok(&[Heard::Close(Some(3000))]));
}

#[test]
fn what_is_against_the_rules_is_a_protocol_error() {
    let unmasked = vec![0x81, 0x02, b'h', b'i'];
    let reserved_bits = [0xC1, 0xA1, 0x91].map(|first| client(first, b"x"));
    let reserved_opcodes =
        [0x83, 0x84, 0x85, 0x86, 0x87, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F].map(|first| client(first, b"x"));
    let fragmented_control = [0x08, 0x09, 0x0A].map(|first| client(first, b""));
    let long_control = [0x88, 0x89, 0x8A].map(|first| client(first, &[b'x'; 126]));
    let orphans = [0x00, 0x80].map(|first| client(first, b"x"));
    let interleaved = [client(0x01, b"a"), client(0x81, b"b")].concat();
    let close_codes: [&[u8]; 9] = [
        &[0x03],
        &[0x00, 0x00],
        &[0x03, 0xe7],
        &[0x03, 0xec],
        &[0x03, 0xed],
        &[0x03, 0xee],
        &[0x03, 0xf7],
        &[0x07, 0xd0],
        &[0x13, 0x88],
    ];

    let mut broken = vec![unmasked, interleaved];
    broken.extend(reserved_bits);
    broken.extend(reserved_opcodes);
    broken.extend(fragmented_control);
    broken.extend(long_control);
    broken.extend(orphans);
    broken.extend(close_codes.map(|payload| client(0x88, payload)));
    for bytes in broken {
        check(&bytes, Err(Fault::Protocol));
    }
}

#[test]
fn text_must_be_utf8() {
    check(&client(0x81, &[0xff]), Err(Fault::NotUtf8));
    check(&client(0x81, &[0xed, 0xa0, 0x80]), Err(Fault::NotUtf8));
    check(&client(0x88, &[0x03, 0xe8, 0xff]), Err(Fault::NotUtf8));
    check(&[client(0x01, &[0xe2, 0x82]), client(0x80, b"x")].concat(), Err(Fault::NotUtf8));
}

#[test]
fn a_message_over_the_limit_is_refused_before_it_is_there() {
    let announced = [&[0x82, 0xff][..], &(1_u64 << 62).to_be_bytes(), &MASK].concat();

    check(&announced, Err(Fault::TooBig));
    check(&client(0x82, &[0; 1_000]), Ok(&[Heard::Message(vec![0; 1_000])]));
    check(&client(0x82, &[0; 1_001]), Err(Fault::TooBig));
    check(&[client(0x02, &[0; 600]), client(0x80, &[0; 401])].concat(), Err(Fault::TooBig));
}

#[test]
fn nothing_is_kept_between_messages() {
    let mut assembler = Assembler::new(1_000);
    let bytes = client(0x81, b"hello");

    for part in bytes.chunks(1) {
        assert_eq!(hear(&mut assembler, part).1, Ok(()));
    }

    assert!(assembler.begun.is_none());
}

#[test]
fn frames_of_the_server_carry_their_length_as_the_rules_say() {
    assert_eq!(frame(Kind::Text, b"hi")[..], *b"\x81\x02hi");
    assert_eq!(frame(Kind::Binary, &[0; 125])[..2], [0x82, 125]);
    assert_eq!(frame(Kind::Text, &[b'x'; 126])[..4], [0x81, 126, 0, 126]);
    assert_eq!(frame(Kind::Text, &[b'x'; 65_536])[..10], [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    assert_eq!(close_frame(3001, "shutdown")[..], *b"\x88\x0a\x0b\xb9shutdown");
    assert_eq!(close_frame(4000, &"é".repeat(100)).len(), 2 + 2 + 122);
}

proptest! {
    /// However a byte stream is cut into reads, it says the same.
    #[test]
    fn cuts_do_not_matter(
        messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..8),
        cuts in proptest::collection::vec(1_usize..40, 1..200),
    ) {
        let bytes: Vec<u8> = messages.iter().flat_map(|message| client(0x82, message)).collect();
        let mut assembler = Assembler::new(1_000);
        let mut heard = Vec::new();
        let mut rest = bytes.as_slice();
        let mut cuts = cuts.iter().cycle();
        while !rest.is_empty() {
            let (part, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            let (items, result) = hear(&mut assembler, part);
            prop_assert_eq!(result, Ok(()));
            heard.extend(items);
            rest = after;
        }
        prop_assert_eq!(heard, messages.into_iter().map(Heard::Message).collect::<Vec<_>>());
    }

    /// Hostile bytes are refused or heard, never a panic, and never kept beyond the limit.
    #[test]
    fn hostile_bytes_do_no_harm(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..64), 0..40)) {
        let mut assembler = Assembler::new(500);
        for part in parts {
            if hear(&mut assembler, &part).1.is_err() {
                break;
            }
            let begun = assembler.begun.as_deref();
            prop_assert!(begun.is_none_or(|begun| begun.frame.len() <= 500 + 64 + 14));
            prop_assert!(begun.is_none_or(|begun| begun.message.len() <= 500));
        }
    }
}
