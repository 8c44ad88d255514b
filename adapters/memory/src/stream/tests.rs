use std::time::Duration;

use proptest::collection::vec as many;
use proptest::option;
use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const TTL: Duration = Duration::from_secs(60);
const KEEP: Retention = Retention { size: 100, ttl: TTL, meta_ttl: Duration::from_secs(3_600) };

#[test]
fn item_lives_until_its_ttl_is_over_and_the_due_time_says_when() {
    let mut stream = stream();
    append(&mut stream, 1);
    assert_eq!(stream.due(), START.plus(TTL));

    stream.trim(START.plus(TTL - Duration::from_millis(1)));
    assert_eq!(stream.items.len(), 1);

    stream.trim(START.plus(TTL));
    assert_eq!(stream.items.len(), 0);
    assert_eq!(stream.due(), START.plus(KEEP.meta_ttl));
}

#[test]
fn stream_is_over_when_unused_for_its_meta_ttl() {
    let mut stream = stream();
    let used = START.plus(TTL);
    stream.touch(KEEP, used);

    assert!(!stream.is_over(used.plus(KEEP.meta_ttl - Duration::from_millis(1))));
    assert!(stream.is_over(used.plus(KEEP.meta_ttl)));
}

#[test]
fn time_that_steps_back_does_not_shorten_a_life() {
    let mut stream = stream();
    stream.touch(KEEP, START.plus(TTL));
    stream.touch(KEEP, START);
    append(&mut stream, 1);

    stream.trim(START.plus(TTL));

    assert_eq!(stream.items.len(), 1);
}

#[test]
fn oldest_items_make_room_within_the_bytes() {
    let mut stream = stream();
    let bytes_max = STREAM_BYTES + 3 * (ITEM_BYTES + 10);
    for _ in 0..5 {
        stream.append(publication(10), None, bytes_max);
    }
    assert_eq!((offsets(&stream), stream.bytes()), (vec![3, 4, 5], bytes_max));

    stream.append(publication(bytes_max), None, bytes_max);

    assert_eq!((offsets(&stream), stream.bytes(), stream.top), (vec![], STREAM_BYTES, 6));
}

#[test]
fn publisher_and_tags_weigh_something() {
    let info = ports::channels::ClientInfo {
        user: ports::ids::UserId::new("ann"),
        client: ports::ids::ClientId::from_random([1; 16]),
        conn_info: Some("{}".into()),
        chan_info: None,
    };
    let tags = [("key".to_owned(), "value".to_owned())].into();
    let full = Publication { info: Some(Arc::new(info)), tags: Some(Arc::new(tags)), ..publication(7) };

    assert_eq!(weight(&full), ITEM_BYTES + 7 + INFO_BYTES + 3 + 2 + TAG_BYTES + 8);
}

#[test]
fn version_is_kept_by_items_without_one() {
    let mut stream = stream();
    let version = |number| Version { number, epoch: "e".into() };
    stream.append(publication(1), Some(version(5)), usize::MAX);
    append(&mut stream, 1);

    assert!(stream.holds(&version(5)) && !stream.holds(&version(6)));
    assert!(!stream.holds(&Version { number: 1, epoch: "other".into() }));
}

/// Anything that can happen to a stream.
#[derive(Clone, Debug)]
enum Step {
    Append { bytes: usize },
    Touch { size: usize, ttl_s: u64 },
    Trim,
    Forget,
    Wait { secs: u64 },
    View(Option<u64>, Option<usize>, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..400_usize).prop_map(|bytes| Step::Append { bytes }),
        1 => (0..8_usize, 0..30_u64).prop_map(|(size, ttl_s)| Step::Touch { size, ttl_s }),
        1 => Just(Step::Trim),
        1 => Just(Step::Forget),
        2 => (0..20_u64).prop_map(|secs| Step::Wait { secs }),
        4 => (option::of(0..40_u64), option::of(0..6_usize), any::<bool>())
            .prop_map(|(since, limit, newest)| Step::View(since, limit, newest)),
    ]
}

/// The same, said as simply as possible: every item ever appended, and whether it is still there.
struct Model {
    all: Vec<(u64, Timestamp, usize)>,
    top: u64,
    keep: Retention,
}

impl Model {
    fn append(&mut self, now: Timestamp, bytes: usize, bytes_max: usize) {
        self.top += 1;
        self.all.push((self.top, now, ITEM_BYTES + bytes));
        self.bound(bytes_max);
    }

    fn bound(&mut self, bytes_max: usize) {
        while self.all.len() > self.keep.size || (self.bytes() > bytes_max && !self.all.is_empty()) {
            self.all.remove(0);
        }
    }

    fn trim(&mut self, now: Timestamp) {
        let ttl = self.keep.ttl;
        self.all.retain(|(_, at, _)| at.plus(ttl) > now);
        self.bound(usize::MAX);
    }

    fn bytes(&self) -> usize {
        STREAM_BYTES + self.all.iter().map(|(_, _, bytes)| bytes).sum::<usize>()
    }

    fn view(&self, since: Option<u64>, limit: Option<usize>, newest: bool) -> Vec<u64> {
        if newest && since.is_some_and(|since| since > self.top + 1) {
            return Vec::new();
        }
        let mut offsets: Vec<_> = self.all.iter().map(|(offset, _, _)| *offset).collect();
        if newest {
            offsets.reverse();
        }
        offsets.retain(|offset| {
            since.is_none_or(|since| if newest { *offset < since } else { *offset > since })
        });
        offsets.truncate(limit.unwrap_or(usize::MAX));
        offsets
    }
}

proptest! {
    #[test]
    fn stream_behaves_like_a_plain_list(steps in many(step(), 1..80), bytes_max in 1_000..3_000_usize) {
        let mut now = START;
        let mut stream = stream();
        let mut model = Model { all: Vec::new(), top: 0, keep: KEEP };

        for step in steps {
            match step {
                Step::Append { bytes } => {
                    stream.touch(model.keep, now);
                    model.trim(now);
                    let appended = stream.append(publication(bytes), None, bytes_max);
                    model.append(now, bytes, bytes_max);
                    prop_assert_eq!(appended.offset, model.top);
                }
                Step::Touch { size, ttl_s } => {
                    model.keep = Retention { size, ttl: Duration::from_secs(ttl_s), ..KEEP };
                    stream.touch(model.keep, now);
                    model.trim(now);
                }
                Step::Trim => {
                    stream.trim(now);
                    model.trim(now);
                }
                Step::Forget => {
                    stream.forget();
                    model.all.clear();
                }
                Step::Wait { secs } => now = now.plus(Duration::from_secs(secs)),
                Step::View(since, limit, newest) => {
                    let order = if newest { Order::NewestFirst } else { Order::OldestFirst };
                    let view = stream.view(HistoryQuery { since, limit, order });
                    let seen: Vec<_> = view.publications.iter().map(|item| item.offset).collect();
                    prop_assert_eq!(seen, model.view(since, limit, newest));
                    prop_assert_eq!(view.top, Position { offset: model.top, epoch: Epoch::new("epoch") });
                }
            }
            prop_assert_eq!(offsets(&stream), model.view(None, None, false));
            prop_assert_eq!(stream.bytes(), model.bytes());
        }
    }
}

fn stream() -> Stream {
    Stream::new(Epoch::new("epoch"), KEEP, START)
}

fn append(stream: &mut Stream, bytes: usize) {
    stream.append(publication(bytes), None, usize::MAX);
}

fn publication(bytes: usize) -> Publication {
    Publication { offset: 0, data: vec![b'x'; bytes].into(), info: None, tags: None, delta: false }
}

fn offsets(stream: &Stream) -> Vec<u64> {
    stream.publications().map(|publication| publication.offset).collect()
}
