//! Frames that nobody means well with (P-FRM-3, P-FRM-4).

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::notation::{bytes, frame, message, number, varint};
use super::*;
use crate::arbitrary::command;

const PING: &[u8] = b"\x04\x08\x01\x5a\x00";

#[test]
fn a_frame_without_a_message_is_malformed() {
    assert_eq!(decode(b""), Err(Malformed("command 1: no length".into())));
}

#[test]
fn a_length_that_lies_is_malformed() {
    let lies: [&[u8]; 9] = [
        b"\x01",
        b"\x06\x08\x01\x5a\x00",
        b"\x03\x08\x01\x5a\x00",
        b"\x80",
        b"\xff\xff\xff\xff\x07",
        b"\xff\xff\xff\xff\x0f\x08\x01",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
        b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    ];

    for lie in lies {
        assert!(decode(lie).is_err(), "{}", lie.escape_ascii());
        assert!(decode(&[PING, lie].concat()).is_err(), "{}", lie.escape_ascii());
    }
}

#[test]
fn a_length_that_lies_inside_of_a_message_is_malformed() {
    let two_gib = varint(0x7fff_ffff);
    for field in 4..=15_u64 {
        let key = varint(field << 3 | 2);
        let inner = [varint(1 << 3 | 2), two_gib.clone()].concat();

        assert!(decode(&frame(&[&key, &two_gib])).is_err(), "{field}");
        assert!(decode(&frame(&[number(1, 1), bytes(field, inner)])).is_err(), "{field}");
    }
}

#[test]
fn what_is_not_a_command_is_malformed() {
    let broken: [Vec<u8>; 8] = [
        vec![0x08],
        vec![0x00, 0x00],
        vec![0x0f, 0x00],
        bytes(1, "1"),
        number(4, 1),
        message(4, &[bytes(1, b"\xff")]),
        message(4, &[message(3, &[bytes(1, b"\xff")])]),
        message(4, &[number(1, 7)]),
    ];

    for content in broken {
        assert!(decode(&frame(&[&content])).is_err(), "{}", content.escape_ascii());
    }
}

#[test]
fn commands_before_the_malformed_one_are_kept_and_those_after_it_are_not() {
    let mut commands = Vec::new();

    let read = Protobuf.decode(&[PING, b"\x00", b"\x01\xff", PING].concat(), &mut commands);

    let reason = "command 3: not Protobuf, or a field of the wrong type";
    assert_eq!(read, Err(Malformed(reason.into())));
    let requests: Vec<_> = commands.into_iter().map(|command| command.request).collect();
    assert_eq!(requests, [Request::Ping, Request::Pong]);
}

#[test]
fn the_reason_never_quotes_the_input() {
    let secret = bytes(1, "secret");
    let frames = [
        frame(&[message(4, &[secret.clone(), vec![0xff]])]),
        frame(&[bytes(1, "secret")]),
        [varint(100), secret].concat(),
    ];

    for frame in frames {
        let Malformed(reason) = decode(&frame).unwrap_err();

        assert!(!reason.contains("secret"), "{reason}");
    }
}

#[test]
fn a_tag_filter_of_any_depth_costs_an_error_at_most() {
    for depth in [20, 200, 20_000] {
        let filter = (0..depth).fold(Vec::new(), |inner, _| bytes(6, inner));

        let read = decode(&frame(&[number(1, 1), message(5, &[bytes(13, filter)])]));

        assert_eq!(read.is_ok(), depth == 20, "{depth}");
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(frame in vec(any::<u8>(), 0..256)) {
        let _ = decode(&frame);
    }

    #[test]
    fn random_bytes_in_a_true_length_never_panic(content in vec(any::<u8>(), 0..120)) {
        let _ = decode(&frame(&[content]));
    }

    #[test]
    fn random_fields_of_any_request_never_panic(
        request in 4..=15_u64,
        fields in vec((1..20_u64, vec(any::<u8>(), 0..12), any::<Option<u64>>()), 0..8),
    ) {
        let parts: Vec<_> = fields
            .into_iter()
            .map(|(field, content, value)| value.map_or(bytes(field, content), |value| number(field, value)))
            .collect();

        let _ = decode(&frame(&[number(1, 1), message(request, &parts)]));
    }

    #[test]
    fn mutated_frames_never_panic(
        commands in vec(command(), 1..4),
        changes in vec((any::<Index>(), any::<u8>(), 0..4_u8), 1..6),
    ) {
        let mut frame: Vec<u8> =
            commands.iter().flat_map(|command| reading::written(command, true)).collect();
        for (place, byte, kind) in changes {
            let place = place.index(frame.len());
            match kind {
                0 => frame[place] = byte,
                1 => frame.insert(place, byte),
                2 => frame[place] |= 0x80,
                _ => frame.truncate(place.max(1)),
            }
        }
        let _ = decode(&frame);
    }
}
