//! The level of log lines is changed while the node runs. In a process of its own, for there is one log in each.

use tracing::debug;
use wigwag::config::Server;
use wigwag::telemetry::{logs, metrics, set_level};
use wigwag_tests::collector::exposition::Exposition;

#[test]
fn lines_follow_the_level_that_was_set_last() {
    let recorder = metrics::recorder().unwrap();
    logs::init(&Server::default(), []);
    let lines = || {
        debug!("a line");
        let read = Exposition::parse(&recorder.render()).unwrap();
        read.value(metrics::LOG_LINES, &[("level", "debug")]).unwrap()
    };

    assert_eq!(lines(), 0.0);
    set_level("info,telemetry_level=debug").unwrap();
    assert_eq!(lines(), 1.0);
    assert!(set_level("deafening=loud").is_err());
    assert_eq!(lines(), 2.0);
    set_level("info").unwrap();
    assert_eq!(lines(), 2.0);
}
