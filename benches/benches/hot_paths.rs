//! The hot paths: decoding a command, encoding an event, fan-out through a feed, recovery, patches, the timer wheel.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ports::channels::{Position, Published, Shape};
use ports::protocol::{ClientProtocol as _, Recovery};
use std::hint::black_box;
use std::time::Duration;
use wigwag_benches::{NOW, address, epoch, feed_with, publication, published};
use wigwag_core::channels::delta::patch;
use wigwag_core::channels::feed;
use wigwag_core::channels::recovery::{Bounds, recover};
use wigwag_core::wheel::Wheel;

fn decode(c: &mut Criterion) {
    let subscribe =
        br#"{"id":2,"subscribe":{"channel":"news:a","recover":true,"epoch":"kQzWbnLd","offset":7,"flag":1}}"#;
    let publish = br#"{"id":3,"publish":{"channel":"news:a","data":{"text":"hello","stamp":12345}}}"#;
    for (name, frame) in [("decode subscribe", &subscribe[..]), ("decode publish", &publish[..])] {
        c.bench_function(name, |b| {
            let mut commands = Vec::new();
            b.iter(|| {
                commands.clear();
                centrifuge::Json.decode(black_box(frame), &mut commands)
            });
        });
    }
}

fn encode(c: &mut Criterion) {
    let event: std::sync::Arc<Published> = published(&address(), 8);
    c.bench_function("encode event of 128 bytes", |b| {
        b.iter(|| centrifuge::Json.event(black_box(&event), Shape::Plain))
    });
}

fn fan_out(c: &mut Criterion) {
    let address = address();
    c.bench_function("fan out to 1,000 members", |b| {
        let mut feed = feed_with(1_000);
        let mut effects = Vec::new();
        let mut offset = 0;
        b.iter(|| {
            offset += 1;
            effects.clear();
            feed.handle(NOW, feed::Input::Arrived(published(&address, offset)), &mut effects);
            assert_eq!(effects.len(), 1_000);
        });
    });
}

fn recovery(c: &mut Criterion) {
    let items: Vec<_> = (1..=300).map(publication).collect();
    let top = Position { offset: 300, epoch: epoch() };
    let wish = Recovery { offset: 50, epoch: epoch() };
    let bounds = Bounds { items_max: 300, bytes_max: 1 << 19 };
    c.bench_function("recover 250 of 300", |b| {
        b.iter(|| recover(black_box(&wish), &items, &top, true, bounds, |_| true));
    });
}

fn delta(c: &mut Criterion) {
    let document = |price: u32| {
        let items: Vec<_> = (0..16)
            .map(|id| {
                let price = if id == 8 { price } else { 1_000 + id };
                format!(r#"{{"id":{id},"name":"item number {id}","price":{price},"currency":"EUR"}}"#)
            })
            .collect();
        format!("[{}]", items.join(","))
    };
    let (base, target) = (document(4_321), document(8_765));
    c.bench_function("patch one number in 1 KiB", |b| {
        b.iter(|| patch(black_box(base.as_bytes()), black_box(target.as_bytes())));
    });
}

fn wheel(c: &mut Criterion) {
    c.bench_function("file 10,000 deadlines and take them", |b| {
        b.iter_batched(
            || Wheel::new(NOW),
            |mut wheel| {
                for key in 0..10_000_u32 {
                    wheel.file(key, Some(NOW.plus(Duration::from_millis(u64::from(key)))));
                }
                let mut due = Vec::new();
                wheel.due(NOW.plus(Duration::from_secs(20)), &mut due);
                assert_eq!(due.len(), 10_000);
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(hot_paths, decode, encode, fan_out, recovery, delta, wheel);
criterion_main!(hot_paths);
