//! Frames (RFC 6455) over raw sockets, against the echo: what a proper client may send in unusual ways comes back, what
//! nobody may send ends the conversation with the right code. Numbers are sections of the RFC.
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

#[path = "websocket/conversation.rs"]
mod conversation;

use wigwag_tests::house::House;
use wigwag_tests::raw::{BINARY, CLOSE, Raw, TEXT, frame, header};

use self::conversation::*;

#[tokio::test]
async fn messages_of_all_lengths_come_back_5_2() {
    let lengths = [0, 1, 125, 126, 127, 128, 65_535, MESSAGE_BYTES_MAX];
    let payload = |length: usize| b"*".repeat(length);
    let cases = lengths.into_iter().flat_map(|length| {
        let bytes = payload(length);
        let binary = Heard::Binary(bytes.clone());
        [
            case(format!("text of {length} bytes"), said(&bytes), [text(&bytes)]),
            case(format!("binary of {length} bytes"), frame(BINARY, &bytes), [binary]),
        ]
    });
    check(Pieces::Whole, cases.collect()).await;
}

#[tokio::test]
async fn lengths_are_read_however_they_are_spelled_and_bounded_5_2() {
    let too_long = MESSAGE_BYTES_MAX + 1;
    let half = b"*".repeat(MESSAGE_BYTES_MAX / 2);
    let too_many = [begin(TEXT, &half), middle(&half), end("*")].concat();
    check(
        Pieces::Whole,
        vec![
            case("short in 16 bits", spelled_in_16(TEXT, b"hello"), [text("hello")]),
            case("empty in 16 bits", spelled_in_16(TEXT, b""), [text("")]),
            case("short in 64 bits", spelled_in_64(TEXT, 5, b"hello"), [text("hello")]),
            case("medium in 64 bits", spelled_in_64(TEXT, 300, &[b'*'; 300]), [text([b'*'; 300])]),
            case("ping in 16 bits", spelled_in_16(PING, b"hello"), [pong("hello")]),
            refused("one byte too long", said(b"*".repeat(too_long)), TOO_BIG),
            refused("only announced to be too long", spelled_in_64(TEXT, too_long as u64, b""), TOO_BIG),
            refused("announced to be half the world", spelled_in_64(TEXT, u64::MAX / 2, b""), TOO_BIG),
            refused("announced with the highest bit", spelled_in_64(TEXT, 1 << 63, b""), TOO_BIG),
            refused("announced to be everything", spelled_in_64(BINARY, u64::MAX, b""), TOO_BIG),
            refused("too long in fragments", too_many, TOO_BIG),
            case(
                "just not too long in fragments",
                [begin(TEXT, &half), end(&half)].concat(),
                [text([&half[..], &half].concat())],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn fragments_become_one_message_5_4() {
    let hundred = Vec::from_iter((0..98).map(|_| middle("x"))).concat();
    let hundred = [begin(TEXT, "x"), hundred, end("x")].concat();
    let with_ping = [begin(TEXT, "he"), ping("p"), end("llo")].concat();
    let with_pong = [begin(TEXT, "he"), frame(PONG, b"p"), end("llo")].concat();
    let many_pings =
        [ping("1"), begin(TEXT, "h"), ping("2"), middle("ell"), ping("3"), end("o"), ping("4")].concat();
    let pongs = ["1", "2", "3", "4"].map(pong);
    check(
        Pieces::Whole,
        vec![
            case("two", [begin(TEXT, "he"), end("llo")].concat(), [text("hello")]),
            case("three", [begin(TEXT, "he"), middle("ll"), end("o")].concat(), [text("hello")]),
            case("a hundred", hundred, [text("x".repeat(100))]),
            case("binary", [begin(BINARY, "he"), end("llo")].concat(), [Heard::Binary(b"hello".to_vec())]),
            case("first is empty", [begin(TEXT, ""), end("hello")].concat(), [text("hello")]),
            case("middle is empty", [begin(TEXT, "he"), middle(""), end("llo")].concat(), [text("hello")]),
            case("last is empty", [begin(TEXT, "hello"), end("")].concat(), [text("hello")]),
            case("all are empty", [begin(TEXT, ""), middle(""), end("")].concat(), [text("")]),
            case("ping between", with_ping, [pong("p"), text("hello")]),
            case("pong between", with_pong, [text("hello")]),
            case("pings everywhere", many_pings, [&pongs[..], &[text("hello")]].concat()),
            case(
                "two messages",
                [begin(TEXT, "a"), end("b"), begin(TEXT, "c"), end("d")].concat(),
                [text("ab"), text("cd")],
            ),
            case(
                "whole ones around",
                [said("1"), begin(TEXT, "2"), end("3"), said("4")].concat(),
                [text("1"), text("23"), text("4")],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn fragments_out_of_order_are_refused_5_4() {
    let twice = [begin(TEXT, "a"), end("b"), end("c")].concat();
    check(
        Pieces::Whole,
        vec![
            refused("end without a beginning", end("x"), PROTOCOL_ERROR),
            refused("middle without a beginning", middle("x"), PROTOCOL_ERROR),
            refused("empty end without a beginning", end(""), PROTOCOL_ERROR),
            case("two ends", twice, [text("ab"), Heard::Close(PROTOCOL_ERROR)]),
            case(
                "end after a whole message",
                [said("a"), end("b")].concat(),
                [text("a"), Heard::Close(PROTOCOL_ERROR)],
            ),
            refused("whole message within another", [begin(TEXT, "a"), said("b")].concat(), PROTOCOL_ERROR),
            refused("two beginnings", [begin(TEXT, "a"), begin(TEXT, "b")].concat(), PROTOCOL_ERROR),
            refused("binary within text", [begin(TEXT, "a"), frame(BINARY, b"b")].concat(), PROTOCOL_ERROR),
            refused("text within binary", [begin(BINARY, "a"), said("b")].concat(), PROTOCOL_ERROR),
            case(
                "close within a message",
                [begin(TEXT, "a"), close(1000, "")].concat(),
                [Heard::Close(1000)],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn ping_in_the_midst_of_a_message_is_answered_at_once_5_4() {
    let house = House::start().await;
    let mut raw = Raw::open_at(house.address, "/echo").await;

    raw.send(&[begin(TEXT, "he"), ping("now")].concat()).await;
    assert_eq!(raw.next_frame().await, Some((PONG, b"now".to_vec())));

    raw.send(&end("llo")).await;
    assert_eq!(raw.next_frame().await, Some((TEXT, b"hello".to_vec())));
}

#[tokio::test]
async fn control_frames_are_small_and_whole_5_5() {
    let full = [b'p'; 125];
    let over = [b'p'; 126];
    let over_close = [&1000_u16.to_be_bytes()[..], &[b'r'; 124]].concat();
    let bytes = [0x00, 0xff, 0xfe, 0x80];
    let ten = Vec::from_iter((b'0'..=b'9').map(|digit| ping([digit]))).concat();
    let ten_pongs = Vec::from_iter((b'0'..=b'9').map(|digit| pong([digit])));
    let announced = [header(PING, 126), vec![0; 4]].concat();
    check(
        Pieces::Whole,
        vec![
            case("empty ping", ping(""), [pong("")]),
            case("ping with text", ping("hello"), [pong("hello")]),
            case("ping with bytes", ping(bytes), [pong(bytes)]),
            case("longest ping", ping(full), [pong(full)]),
            case("ten pings", ten, ten_pongs),
            case("pong that nobody asked for", frame(PONG, b""), []),
            case("longest pong", frame(PONG, &full), []),
            case("pong, then ping", [frame(PONG, b"a"), ping("b")].concat(), [pong("b")]),
            refused("ping too long", ping(over), PROTOCOL_ERROR),
            refused("ping only announced to be too long", announced, PROTOCOL_ERROR),
            refused("ping announced to be huge", spelled_in_64(PING, 1 << 40, b""), PROTOCOL_ERROR),
            refused("pong too long", frame(PONG, &over), PROTOCOL_ERROR),
            refused("close too long", frame(CLOSE, &over_close), PROTOCOL_ERROR),
            refused("ping in fragments", begin(PING, "p"), PROTOCOL_ERROR),
            refused("pong in fragments", begin(PONG, "p"), PROTOCOL_ERROR),
            refused("close in fragments", begin(CLOSE, 1000_u16.to_be_bytes()), PROTOCOL_ERROR),
        ],
    )
    .await;
}

#[tokio::test]
async fn reserved_bits_and_opcodes_are_refused_5_2() {
    let bits = [("first", 0x40), ("second", 0x20), ("third", 0x10), ("every", 0x70)];
    let frames = [("text", TEXT), ("binary", BINARY), ("ping", PING), ("pong", PONG), ("close", CLOSE)];
    let set = frames.into_iter().flat_map(|(kind, first)| {
        bits.map(|(which, bit)| {
            refused(format!("{which} bit of a {kind}"), frame(first | bit, b""), PROTOCOL_ERROR)
        })
    });
    let continued = [begin(TEXT, "a"), frame(CONTINUATION | 0x40, b"b")].concat();
    let opcodes = (0x3..=0x7).chain(0xB..=0xF);
    let unknown = opcodes.flat_map(|opcode: u8| {
        [
            refused(format!("opcode {opcode:#x}"), frame(FINAL | opcode, b""), PROTOCOL_ERROR),
            refused(
                format!("opcode {opcode:#x} with a payload"),
                frame(FINAL | opcode, b"x"),
                PROTOCOL_ERROR,
            ),
            case(
                format!("opcode {opcode:#x} after a message"),
                [said("a"), frame(FINAL | opcode, b"")].concat(),
                [text("a"), Heard::Close(PROTOCOL_ERROR)],
            ),
        ]
    });
    let cases = set.chain([refused("bit of a continuation", continued, PROTOCOL_ERROR)]).chain(unknown);
    check(Pieces::Whole, cases.collect()).await;
}

#[tokio::test]
async fn client_frames_are_masked_with_any_mask_5_3() {
    let every = [masked([0xff; 4], b"a"), masked([1, 2, 3, 4], b"bcdef"), masked([0; 4], b"g")].concat();
    let half = [begin(TEXT, "a"), unmasked(CONTINUATION, b"b")].concat();
    check(
        Pieces::Whole,
        vec![
            case("mask of zeros", masked([0; 4], b"hello"), [text("hello")]),
            case("mask of ones", masked([0xff; 4], b"hello"), [text("hello")]),
            case(
                "mask that hides nothing but the first byte",
                masked([1, 0, 0, 0], b"hello"),
                [text("hello")],
            ),
            case("another mask for each", every, [text("a"), text("bcdef"), text("g")]),
            refused("text without a mask", unmasked(TEXT, b"hello"), PROTOCOL_ERROR),
            refused("empty text without a mask", unmasked(TEXT, b""), PROTOCOL_ERROR),
            refused("ping without a mask", unmasked(PING, b""), PROTOCOL_ERROR),
            refused("close without a mask", unmasked(CLOSE, &[0x03, 0xe8]), PROTOCOL_ERROR),
            refused("continuation without a mask", half, PROTOCOL_ERROR),
        ],
    )
    .await;
}

/// Texts at the edges of UTF-8.
fn texts() -> Vec<&'static str> {
    vec![
        "\0",
        "\u{7f}\u{80}",
        "\u{7ff}\u{800}",
        "\u{d7ff}\u{e000}",
        "\u{fffd}\u{fffe}\u{ffff}",
        "\u{10000}\u{10ffff}",
        "\u{feff}begin",
        "Ἀνερρίφθω κύβος",
        "👩‍👩‍👧‍👦",
    ]
}

/// What is no UTF-8, and why.
fn no_texts() -> Vec<(&'static str, &'static [u8])> {
    vec![
        ("continuation alone", b"\x80"),
        ("last continuation alone", b"a\xbf"),
        ("two for one", b"\xc3\x28"),
        ("slash in two bytes", b"\xc0\xaf"),
        ("DEL in two bytes", b"\xc1\xbf"),
        ("NUL in three bytes", b"\xe0\x80\x80"),
        ("U+07FF in three bytes", b"\xe0\x9f\xbf"),
        ("U+FFFF in four bytes", b"\xf0\x8f\xbf\xbf"),
        ("first surrogate", b"\xed\xa0\x80"),
        ("last surrogate", b"\xed\xbf\xbf"),
        ("pair of surrogates", b"\xed\xa0\xbd\xed\xb8\x80"),
        ("above all", b"\xf4\x90\x80\x80"),
        ("five bytes", b"\xf8\x88\x80\x80\x80"),
        ("never a byte of UTF-8", b"\xfe"),
        ("nor this", b"\xff"),
        ("cut in two bytes", b"a\xc3"),
        ("cut in three bytes", b"a\xe2\x82"),
        ("cut in four bytes", b"a\xf0\x9f\x98"),
        ("good, bad, good", b"a\xffb"),
    ]
}

#[tokio::test]
async fn text_is_utf8_8_1() {
    let good = texts().into_iter().map(|good| case(format!("{good:?}"), said(good), [text(good)]));
    let cut = texts().into_iter().map(|good| {
        let (one, other) = good.as_bytes().split_at(good.len() - 1);
        let frames = [begin(TEXT, one), middle(""), end(other)].concat();
        case(format!("{good:?}, cut within a character"), frames, [text(good)])
    });
    let bad = no_texts().into_iter().flat_map(|(why, bad)| {
        let (one, other) = bad.split_at(bad.len() / 2);
        [
            refused(why, said(bad), NOT_UTF8),
            refused(format!("{why}, in fragments"), [begin(TEXT, one), end(other)].concat(), NOT_UTF8),
            case(format!("{why}, as bytes"), frame(BINARY, bad), [Heard::Binary(bad.to_vec())]),
        ]
    });
    let before = [said("a"), said(b"\xff"), said("b")].concat();
    let before = case("what came before is answered", before, [text("a"), Heard::Close(NOT_UTF8)]);

    check(Pieces::Whole, good.chain(cut).chain(bad).chain([before]).collect()).await;
}

#[tokio::test]
async fn close_is_answered_with_its_code_7_4() {
    let codes =
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
    let good = codes.map(|code| case(format!("{code}"), close(code, "bye"), [Heard::Close(code)]));
    let codes = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
    let bad = codes.map(|code| refused(format!("{code}"), close(code, "bye"), PROTOCOL_ERROR));

    check(Pieces::Whole, good.into_iter().chain(bad).collect()).await;
}

#[tokio::test]
async fn nothing_counts_after_close_5_5_1() {
    let reason = "r".repeat(123);
    let greek = "κ".repeat(61);
    check(
        Pieces::Whole,
        vec![
            case("without a code", frame(CLOSE, b""), [Heard::Close(1000)]),
            case("without a reason", close(1000, ""), [Heard::Close(1000)]),
            case("longest reason", close(1000, reason), [Heard::Close(1000)]),
            case("reason in Greek", close(1000, greek), [Heard::Close(1000)]),
            refused("half a code", frame(CLOSE, &[0x03]), PROTOCOL_ERROR),
            refused("reason that is no text", close(1000, b"\xff"), NOT_UTF8),
            refused("reason cut within a character", close(1000, b"\xce"), NOT_UTF8),
            case("text after it", [close(1000, ""), said("a")].concat(), [Heard::Close(1000)]),
            case("ping after it", [close(1000, ""), ping("a")].concat(), [Heard::Close(1000)]),
            case("twice", [close(1000, ""), close(1001, "")].concat(), [Heard::Close(1000)]),
            case("nonsense after it", [close(1000, ""), vec![0xff; 64]].concat(), [Heard::Close(1000)]),
            case("text before it", [said("a"), close(1000, "")].concat(), [text("a"), Heard::Close(1000)]),
            case("ping before it", [ping("a"), close(1000, "")].concat(), [pong("a"), Heard::Close(1000)]),
        ],
    )
    .await;
}

/// Conversations that must not depend on how they are cut, good and bad.
fn sundry() -> Vec<Case> {
    let three = [said("one"), ping("two"), frame(BINARY, b"three")].concat();
    let message = [begin(TEXT, "κύ"), ping("p"), middle("β"), frame(PONG, b""), end("ος")].concat();
    let many = Vec::from_iter((0..50).map(|number| said(number.to_string()))).concat();
    let many_heard = Vec::from_iter((0..50).map(|number: i32| text(number.to_string())));
    vec![
        case("short text", said("hello"), [text("hello")]),
        case("empty text", said(""), [text("")]),
        case("text with a length in 16 bits", said([b'*'; 300]), [text([b'*'; 300])]),
        case("text with a length in 64 bits", spelled_in_64(TEXT, 5, b"hello"), [text("hello")]),
        case("text, ping, binary", three, [pong("two"), text("one"), Heard::Binary(b"three".to_vec())]),
        case("fragments with controls between", message, [pong("p"), text("κύβος")]),
        case("many texts", many, many_heard),
        case("text, then close", [said("a"), close(4000, "bye")].concat(), [text("a"), Heard::Close(4000)]),
        refused("reserved bit", frame(TEXT | 0x40, b"hello"), PROTOCOL_ERROR),
        refused("no mask", unmasked(TEXT, b"hello"), PROTOCOL_ERROR),
        refused("no UTF-8", said(b"hell\xff"), NOT_UTF8),
        refused("too long", spelled_in_64(TEXT, 1 << 20, b"hello"), TOO_BIG),
    ]
}

#[tokio::test]
async fn bytes_may_come_one_by_one() {
    check(Pieces::Of(1), sundry()).await;
}

#[tokio::test]
async fn bytes_may_come_in_threes() {
    check(Pieces::Of(3), sundry()).await;
}

#[tokio::test]
async fn bytes_may_come_in_sevens() {
    check(Pieces::Of(7), sundry()).await;
}

#[tokio::test]
async fn long_message_may_come_in_pieces_of_any_size() {
    let long = "0123456789abcdef".repeat(MESSAGE_BYTES_MAX / 16);
    for count in [997, 16_384, 65_539] {
        check(Pieces::Of(count), vec![case(format!("in {count}s"), said(&long), [text(&long)])]).await;
    }
}

#[tokio::test]
async fn head_may_be_cut_anywhere() {
    let house = House::start().await;
    let frames = [said([b'a'; 200]), spelled_in_64(BINARY, 3, b"two")].concat();
    for cut in 1..frames.len() {
        let mut raw = Raw::open_at(house.address, "/echo").await;
        let (one, other) = frames.split_at(cut);
        raw.send(one).await;
        tokio::task::yield_now().await;
        raw.send(other).await;

        assert_eq!(raw.next_frame().await, Some((TEXT, vec![b'a'; 200])), "cut at {cut}");
        assert_eq!(raw.next_frame().await, Some((BINARY, b"two".to_vec())), "cut at {cut}");
    }
}

#[tokio::test]
async fn thousands_of_small_frames_in_one_segment_come_back_in_order() {
    const FRAMES: usize = 5_000;
    let house = House::start().await;
    let mut raw = Raw::open_at(house.address, "/echo").await;

    raw.send(&Vec::from_iter((0..FRAMES).map(|number| said(number.to_string()))).concat()).await;

    for number in 0..FRAMES {
        assert_eq!(raw.next_frame().await, Some((TEXT, number.to_string().into_bytes())));
    }
}

#[tokio::test]
async fn flood_of_pings_is_answered_with_the_latest_5_5_3() {
    let house = House::start().await;
    let mut raw = Raw::open_at(house.address, "/echo").await;

    raw.send(&Vec::from_iter((0..2_000).map(|number| ping(number.to_string()))).concat()).await;

    let mut last = None;
    while last.as_deref() != Some(b"1999".as_slice()) {
        let (first, payload) = raw.next_frame().await.unwrap();
        assert_eq!(first, PONG);
        last = Some(payload);
    }
}

#[tokio::test]
async fn server_frames_are_never_masked_fragmented_or_longer_spelled_than_needed_5_1() {
    let house = House::start().await;
    for (length, head) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
        let mut raw = Raw::open_at(house.address, "/echo").await;
        raw.send(&[frame(BINARY, &vec![7; length]), close(1000, "")].concat()).await;

        let said = raw.end().await;

        let goodbye = [CLOSE, 2, 0x03, 0xe8];
        assert_eq!(said.len(), head + length + goodbye.len(), "{length}");
        assert_eq!(said[0], BINARY);
        assert!(said[1] < 0x80 && said.ends_with(&goodbye));
    }
}
