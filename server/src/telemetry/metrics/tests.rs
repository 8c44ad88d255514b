use std::collections::BTreeSet;

use ports::protocol::Disconnect;

use super::*;

#[test]
fn names_follow_the_conventions_of_the_format() {
    for row in TABLE {
        let letters = row.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(letters && (row.name.starts_with("wigwag_") || row.name.starts_with("process_")), "{row:?}");
        let counts = matches!(row.kind, Kind::Counter | Kind::Reading);
        assert_eq!(row.name.ends_with("_total"), counts, "{row:?}");
        assert_eq!(row.name.ends_with("_duration_seconds"), row.kind == Kind::Histogram, "{row:?}");
        assert!(row.help.ends_with('.') && !row.help.contains('\n'), "{row:?}");
        assert!(row.buckets.is_sorted(), "{row:?}");
        for label in row.labels {
            assert!(label.values.is_empty() != label.about.is_empty(), "{row:?}");
            assert!(!["le", "quantile", "user", "channel", "client"].contains(&label.name), "{row:?}");
        }
    }
    let names: BTreeSet<&str> = TABLE.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), TABLE.len());
}

#[test]
fn every_close_code_of_the_protocol_has_a_value_of_its_own_and_applications_share_one() {
    for disconnect in Disconnect::ALL {
        assert_eq!(close_code(disconnect.code), disconnect.code.to_string());
    }
    assert_eq!(
        [close_code(4_000), close_code(4_999), close_code(1_000)],
        ["application", "application", "other"]
    );
}

#[test]
fn labels_that_can_be_listed_give_every_combination_once() {
    let of = |name| Row::of(name).unwrap().combinations();

    assert_eq!(of(TOKENS_REFUSED).len(), 6);
    assert_eq!(of(FRAMES_SENT), [vec![]]);
    assert!(of(CLOSED).is_empty());
}

#[test]
fn samples_are_counted_up_to_the_bound_that_holds_them() {
    let times = times::Times::default();
    let key = metrics::Key::from_parts(REQUEST_TIME, vec![metrics::Label::new("route", "/a\"b")]);
    for seconds in [0.0005, 0.001, 0.002, 0.3, 99.0] {
        metrics::HistogramFn::record(&*times.of(&key).unwrap(), seconds);
    }

    let mut text = Exposition::default();
    times.put(&mut text);

    let text = text.text();
    assert_eq!(text.matches("# TYPE wigwag_http_request_duration_seconds histogram\n").count(), 1, "{text}");
    let line = |le: &str| format!("_bucket{{route=\"/a\\\"b\",le=\"{le}\"}}");
    for (le, count) in [("0.001", 2), ("0.0025", 3), ("0.25", 3), ("0.5", 4), ("10", 4), ("+Inf", 5)] {
        assert!(text.contains(&format!("{} {count}\n", line(le))), "{le}: {text}");
    }
    assert!(text.contains("_sum{route=\"/a\\\"b\"} 99.3035\n"), "{text}");
    assert!(text.contains("_count{route=\"/a\\\"b\"} 5\n"), "{text}");
    assert!(times.of(&metrics::Key::from_name("no_such_metric")).is_none());
}

#[test]
fn readings_are_written_with_help_type_and_escaped_labels() {
    let mut text = Exposition::default();
    text.put(READY, 1.0);
    text.put_with(BUILD, &[("version", "a\"b\\c\nd")], 1.0);
    text.put("no_such_metric", 1.0);

    let text = text.text();
    assert!(text.starts_with("# HELP wigwag_ready Whether"), "{text}");
    assert!(text.contains("\n# TYPE wigwag_ready gauge\nwigwag_ready 1\n"), "{text}");
    assert!(text.contains("wigwag_build_info{version=\"a\\\"b\\\\c\\nd\"} 1\n"), "{text}");
    assert!(!text.contains("no_such_metric"));
}
