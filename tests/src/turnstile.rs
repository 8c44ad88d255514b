//! People who come in and leave at once, in many ways, by the hundred thousand.

use std::net::Ipv4Addr;
use std::ops::Range;

use futures_util::future::join_all;

use crate::house::House;
use crate::raw::{CLOSE, Raw, TEXT, frame};

/// Lets visitors with these numbers in and out, so many at a time. Every second four of them introduce themselves and
/// subscribe.
pub async fn pass(house: &House, numbers: Range<usize>, abreast: usize) {
    let lanes = (0..abreast).map(|lane| {
        let numbers = numbers.clone().skip(lane).step_by(abreast);
        async move {
            for number in numbers {
                visit(house, source(lane), number).await;
            }
        }
    });
    join_all(lanes).await;
}

async fn visit(house: &House, source: Ipv4Addr, number: usize) {
    const BAD_REQUEST: u16 = 3501;
    let mut guest = Raw::open_from(source, house.address).await;
    if (number / 4).is_multiple_of(2) {
        guest.connect(&house.token(&format!("user-{}", number % 1_000))).await;
        let channel = format!("live:{}", number % 64);
        guest.say(&format!(r#"{{"id":2,"subscribe":{{"channel":"{channel}"}}}}"#)).await;
        guest.next_frame().await;
    }
    match number % 4 {
        0 => {
            guest.send(&frame(CLOSE, &1000_u16.to_be_bytes())).await;
            assert_eq!(guest.close_code().await, 1000);
            guest.end().await;
        }
        1 => drop(guest),
        2 => guest.break_off(),
        _ => {
            guest.send(&frame(TEXT, b"oops")).await;
            assert_eq!(guest.close_code().await, BAD_REQUEST);
        }
    }
}

/// An address for each lane, so that the system does not run out of ports for sockets that it remembers for a minute.
fn source(lane: usize) -> Ipv4Addr {
    const HOSTS: usize = 250;
    let octet = |number: usize| u8::try_from(number + 1).unwrap_or(u8::MAX);
    Ipv4Addr::new(127, 0, octet(lane / HOSTS), octet(lane % HOSTS))
}
