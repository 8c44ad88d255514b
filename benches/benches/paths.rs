//! The hot paths under criterion. A path's name as an argument picks it.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use wigwag_benches::path;

fn paths(criterion: &mut Criterion) {
    for path in path::all() {
        let mut turn = (path.prepare)();
        criterion.bench_function(path.name, |bencher| bencher.iter(&mut turn));
    }
}

/// Short, so that all of them together are run before a commit.
fn brief() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(50)
}

criterion_group!(name = hot; config = brief(); targets = paths);
criterion_main!(hot);
