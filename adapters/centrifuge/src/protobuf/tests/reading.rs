//! Commands by the numbers of their fields (P 4.1, 4.2).

use proptest::prelude::*;

use ports::channels::{Epoch, FilterNode};
use ports::protocol::{HistoryRequest, Recovery};

use super::notation::{bytes, frame, message, number, varint};
use super::*;
use crate::arbitrary::commands;

#[test]
fn the_spot_checks_are_read() {
    let connect = Command { id: 1, request: Request::Connect(Box::default()) };

    assert_eq!(decode(b"\x00"), Ok(vec![Command { id: 0, request: Request::Pong }]));
    assert_eq!(decode(b"\x04\x08\x01\x22\x00"), Ok(vec![connect]));
}

proptest! {
    #[test]
    fn any_command_is_read_as_it_was_written(
        commands in commands(),
    ) {
        let written: Vec<_> = commands.iter().map(|(command, noisy)| written(command, *noisy)).collect();
        let meant: Vec<_> = commands.into_iter().map(|(command, _)| command).collect();

        prop_assert_eq!(decode(&written.concat()), Ok(meant));
    }
}

#[test]
fn a_payload_is_any_bytes() {
    let odd = b"\x00\xff\n\r";

    assert_eq!(
        request(&frame(&[number(1, 1), message(7, &[bytes(1, "c"), bytes(2, odd)])])),
        Request::Publish { channel: "c".into(), data: odd.as_slice().into() }
    );
}

#[test]
fn p_enc_9_the_first_request_in_field_order_is_taken() {
    let history = message(10, &[bytes(1, "c")]);
    let publish = message(7, &[bytes(1, "c")]);

    assert_eq!(
        request(&frame(&[message(15, &[bytes(1, "d")]), history, publish, number(1, 1)])),
        Request::Publish { channel: "c".into(), data: "".into() }
    );
}

#[test]
fn p_enc_5_an_empty_request_is_a_request() {
    assert_eq!(request(&frame(&[number(1, 1), bytes(11, "")])), Request::Ping);
    assert_eq!(request(&frame(&[number(1, 1), bytes(10, "")])), Request::History(HistoryRequest::default()));
    assert_eq!(request(&frame(&[bytes(12, "")])), Request::Send { data: "".into() });
}

#[test]
fn an_empty_position_is_a_position_and_an_empty_filter_is_a_filter() {
    let since = request(&frame(&[number(1, 1), message(10, &[bytes(8, "")])]));
    let Request::History(asked) = since else { panic!("{since:?}") };
    assert_eq!(asked.since, Some(Recovery { offset: 0, epoch: Epoch::new("") }));

    let filtered = request(&frame(&[number(1, 1), message(5, &[bytes(13, "")])]));
    let Request::Subscribe(asked) = filtered else { panic!("{filtered:?}") };
    assert_eq!(asked.filter, Some(FilterNode::default()));
}

#[test]
fn p_conn_5_without_id_and_send_it_is_a_pong_whatever_else_it_holds() {
    for pong in [frame(&[number(1, 0)]), frame(&[bytes(4, "")]), frame(&[number(99, 1)])] {
        assert_eq!(request(&pong), Request::Pong);
    }
}

#[test]
fn p_conn_7_an_id_without_a_known_request_is_unknown() {
    assert_eq!(request(&frame(&[number(1, 1)])), Request::Unknown);
    assert_eq!(request(&frame(&[number(1, u64::from(u32::MAX)), bytes(77, "dance")])), Request::Unknown);
}

/// A command by hand, in a noisy version with unknown fields, its own in another order.
pub(super) fn written(command: &Command, noisy: bool) -> Vec<u8> {
    let mut parts = vec![number(1, command.id.into())];
    parts.extend(field(&command.request, noisy));
    if noisy {
        parts.reverse();
        parts.push(message(100, &[number(1, 1)]));
    }
    frame(&parts)
}

fn field(request: &Request, noisy: bool) -> Option<Vec<u8>> {
    let (field, mut parts) = match request {
        Request::Pong | Request::Unknown => return None,
        Request::Connect(asked) => {
            let subs = asked.subs.iter().map(|(channel, resume)| {
                let mut sub = position(resume.recover.as_ref(), 7, 6);
                sub.extend([number(3, resume.recover.is_some().into()), bytes(12, &resume.delta)]);
                message(3, &[bytes(1, channel), message(2, &sub)])
            });
            let mut parts = vec![bytes(1, &asked.token), bytes(2, &asked.data), bytes(4, &asked.name)];
            parts.push(bytes(5, &asked.version));
            parts.extend(subs);
            let headers = asked.headers.iter();
            parts.extend(headers.map(|(name, value)| message(6, &[bytes(1, name), bytes(2, value)])));
            (4, parts)
        }
        Request::Subscribe(asked) => {
            let mut parts = position(asked.recover.as_ref(), 7, 6);
            parts.extend([
                bytes(1, &asked.channel),
                bytes(2, &asked.token),
                number(3, asked.recover.is_some().into()),
                bytes(8, &asked.data),
                number(9, asked.positioned.into()),
                number(10, asked.recoverable.into()),
                number(11, asked.join_leave.into()),
                bytes(12, &asked.delta),
                number(14, asked.flags.0 as u64),
                number(15, i64::from(asked.kind) as u64),
            ]);
            parts.extend(asked.filter.as_ref().map(|root| message(13, &filter(root))));
            (5, parts)
        }
        Request::Unsubscribe { channel } => (6, vec![bytes(1, channel)]),
        Request::Publish { channel, data } => (7, vec![bytes(1, channel), bytes(2, data)]),
        Request::Presence { channel } => (8, vec![bytes(1, channel)]),
        Request::PresenceStats { channel } => (9, vec![bytes(1, channel)]),
        Request::History(asked) => {
            let mut parts = vec![bytes(1, &asked.channel), number(7, i64::from(asked.limit) as u64)];
            parts.push(number(9, asked.reverse.into()));
            parts.extend(asked.since.as_ref().map(|since| message(8, &position(Some(since), 1, 2))));
            (10, parts)
        }
        Request::Ping => (11, vec![]),
        Request::Send { data } => (12, vec![bytes(1, data)]),
        Request::Rpc { method, data } => (13, vec![bytes(1, data), bytes(2, method)]),
        Request::Refresh { token } => (14, vec![bytes(1, token)]),
        Request::SubRefresh { channel, token } => (15, vec![bytes(1, channel), bytes(2, token)]),
    };
    if noisy {
        parts.push([varint(1000 << 3 | 1), vec![7; 8]].concat());
    }
    Some(message(field, &parts))
}

fn position(recovery: Option<&Recovery>, offset: u64, epoch: u64) -> Vec<Vec<u8>> {
    recovery.map_or(vec![], |place| vec![number(offset, place.offset), bytes(epoch, place.epoch.as_str())])
}

fn filter(node: &FilterNode) -> Vec<Vec<u8>> {
    let mut parts = vec![bytes(1, &node.op), bytes(2, &node.key), bytes(3, &node.cmp), bytes(4, &node.val)];
    parts.extend(node.vals.iter().map(|text| bytes(5, text)));
    parts.extend(node.nodes.iter().map(|node| message(6, &filter(node))));
    parts
}
