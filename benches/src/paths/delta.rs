//! The difference between two payloads.

use std::hint::black_box;

use wigwag_core::channels::delta::patch;

use crate::path::{Path, Turn};

pub(super) const PATHS: [Path; 2] = [
    Path { name: "delta-one-number", turns: 500, prepare: one_number },
    Path { name: "delta-every-number", turns: 20, prepare: every_number },
];

/// One number of a document of a kilobyte changes.
fn one_number() -> Turn {
    difference(document(|id| 1_000 + id), document(|id| if id == 8 { 8_765 } else { 1_000 + id }))
}

/// All its numbers change.
fn every_number() -> Turn {
    difference(document(|id| 1_000 + id), document(|id| 2_345 + 7 * id))
}

fn difference(base: String, target: String) -> Turn {
    assert!(patch(base.as_bytes(), target.as_bytes()).is_some());
    Box::new(move || {
        black_box(patch(black_box(base.as_bytes()), black_box(target.as_bytes())));
    })
}

fn document(price: impl Fn(u32) -> u32) -> String {
    let items: Vec<_> = (0..16)
        .map(|id| {
            let price = price(id);
            format!(r#"{{"id":{id},"name":"item number {id}","price":{price},"currency":"EUR"}}"#)
        })
        .collect();
    format!("[{}]", items.join(","))
}
