use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};

use ports::time::Timestamp;

use super::*;

#[derive(Default)]
struct ByHand(AtomicU64);

impl Clock for ByHand {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_800_000_000).plus(Duration::from_millis(self.0.load(Ordering::Relaxed)))
    }
}

fn callers(connections_max: u32, rate_max: u32) -> (Arc<Callers>, Arc<ByHand>) {
    let clock = Arc::new(ByHand::default());
    (Arc::new(Callers::new(Caps { connections_max, rate_max }, clock.clone())), clock)
}

fn host(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0000 + number).into()
}

#[test]
fn address_has_so_many_connections_at_a_time_and_others_have_theirs() {
    let (callers, _) = callers(2, 0);
    let [first, second, third] = [1, 1, 1].map(|number| callers.enter(host(number)).unwrap());
    assert_eq!((first.connect(), second.connect()), (Ok(()), Ok(())));

    assert_eq!(third.connect(), Err(TooMany::AtATime));
    assert_eq!(callers.enter(host(2)).unwrap().connect(), Ok(()));
    drop(first);
    assert_eq!(third.connect(), Ok(()));
}

#[test]
fn connection_that_is_one_already_is_not_counted_again() {
    let (callers, _) = callers(1, 1);
    let place = callers.enter(host(1)).unwrap();

    assert_eq!((place.connect(), place.connect()), (Ok(()), Ok(())));
}

#[test]
fn connection_that_came_to_nothing_leaves_its_place_to_another() {
    let (callers, _) = callers(1, 0);
    let [first, second] = [1, 1].map(|number| callers.enter(host(number)).unwrap());
    first.connect().unwrap();

    first.disconnect();
    first.disconnect();

    assert_eq!(second.connect(), Ok(()));
    assert_eq!(first.connect(), Err(TooMany::AtATime));
    drop((first, second));
    assert_eq!(callers.table.lock().len(), 0);
}

#[test]
fn sockets_that_never_ask_for_anything_count_too() {
    let (callers, _) = callers(4, 0);
    let sockets: Vec<Place> = std::iter::from_fn(|| callers.enter(host(1))).take(1_000).collect();

    assert_eq!(sockets.len(), 4 + 16);
    assert!(callers.enter(host(2)).is_some());
    // A connection leaves its place among them to another.
    assert_eq!(sockets[0].connect(), Ok(()));
    assert!(callers.enter(host(1)).is_some());
}

#[test]
fn address_may_open_so_many_at_once_and_then_so_many_a_second() {
    let (callers, clock) = callers(0, 10);
    let open = || callers.enter(host(1)).unwrap().connect();

    assert_eq!((0..20).filter(|_| open().is_ok()).count(), 10);
    assert_eq!(open(), Err(TooMany::JustNow(Duration::from_millis(100))));
    clock.0.store(100, Ordering::Relaxed);
    assert_eq!(open(), Ok(()));
    assert!(open().is_err());
}

#[test]
fn neighbours_of_one_prefix_count_as_one_and_mapped_addresses_as_themselves() {
    let address = |text: &str| Address::of(text.parse().unwrap());

    assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
    assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
    assert_eq!(address("::ffff:10.0.0.1"), address("10.0.0.1"));
    assert_ne!(address("10.0.0.1"), address("10.0.0.2"));
    assert_eq!(address("64:ff9b::10.0.0.1"), address("10.0.0.1"));
    assert_ne!(address("64:ff9b::1:10.0.0.1"), address("10.0.0.1"));
    assert_ne!(address("64:ff9b:1::10.0.0.1"), address("10.0.0.1"));
}

#[test]
fn table_forgets_who_has_nothing() {
    let (callers, clock) = callers(1, 1);

    for number in 0..10_000 {
        let place = callers.enter(host(number)).unwrap();
        assert_eq!(place.connect(), Ok(()));
        drop(place);
        // Their allowances are full again after a second.
        clock.0.fetch_add(1, Ordering::Relaxed);
    }
    assert!(callers.table.lock().len() < 5_000);

    clock.0.fetch_add(2_000, Ordering::Relaxed);
    let visits: Vec<Place> = (0..5_000).map(|number| callers.enter(host(number)).unwrap()).collect();
    drop(visits);
    assert!(callers.table.lock().len() < 5_000);
}
