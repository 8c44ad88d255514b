//! What the doctor says about whole configurations.

use std::fs;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn report(text: &str) -> Report {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("wigwag.toml");
    let data_dir = ("WIGWAG_SERVER__DATA_DIR".to_owned(), home.path().display().to_string());
    fs::write(&file, text).unwrap();
    Report::of(Config::load(Some(&file), [data_dir].into_iter()), NOW)
}

/// The findings about a matter that are not well.
fn told(text: &str, about: &str) -> Vec<(Grade, String)> {
    let findings = report(text).0.into_iter();
    let bad = findings.filter(|finding| finding.about == about && finding.grade != Grade::Ok);
    bad.map(|finding| (finding.grade, finding.to_string())).collect()
}

const PUBLIC: &str = "[server]\nlisten = \"0.0.0.0:0\"\nallowed_origins = [\"*\"]\nconnections_max = 10\n[client]\nanonymous = true\n\
     [api]\nkey = \"q7X0mJ1nYcV5bT2rKsE8dWfLhGzPaU4iOoNvCxQwM3A\"\n\
     [token]\nhmac_secret = \"q7X0mJ1nYcV5bT2rKsE8dWfLhGzPaU4iOoNvCxQwM3A\"\n";

#[test]
fn quiet_configuration_is_good() {
    let report = report("[server]\nlisten = \"127.0.0.1:0\"\nconnections_max = 10\n");

    assert!(report.is_good(true), "{}", report.text());
    assert!(report.text().ends_with("\nconfiguration is good"), "{}", report.text());
    let json: Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!((&json["grade"], &json["findings"][0]["about"]), (&json!("ok"), &json!("configuration")));
}

#[test]
fn configuration_that_is_refused_is_the_only_finding() {
    let report = report("[server]\nlisten = 5\n");

    assert!(!report.is_good(false));
    assert_eq!(report.0.len(), 1);
    assert!(report.text().contains("wigwag.toml:2: server.listen"), "{}", report.text());
}

#[test]
fn open_doors_of_a_public_address_are_told_with_what_to_write() {
    let access = told(PUBLIC, "access");
    assert!(
        matches!(access.as_slice(), [(Grade::Warning, told)] if told.contains("anonymous = false")),
        "{access:?}"
    );
    let origins = told(PUBLIC, "origins");
    assert!(matches!(origins.as_slice(), [(Grade::Warning, told)] if told.contains("allowed_origins = [")));
    let tls = told(PUBLIC, "tls");
    assert!(matches!(tls.as_slice(), [(Grade::Warning, told)] if told.contains("cert_file")), "{tls:?}");
    let keys = told(PUBLIC, "keys");
    assert!(
        matches!(keys.as_slice(), [(Grade::Error, told)] if told.contains("is the same as api.key")),
        "{keys:?}"
    );
    assert!(!report(PUBLIC).is_good(false));
}

#[test]
fn secrets_are_in_no_report() {
    let report = report(PUBLIC);

    assert!(!format!("{}{}", report.text(), report.json()).contains("q7X0mJ1n"));
}

#[test]
fn switches_for_development_and_proxies_are_told() {
    let insecure = told("[client]\ninsecure = true\n[api]\ninsecure = true\n", "access");
    assert!(matches!(insecure.as_slice(), [(Grade::Warning, told)] if told.contains("[client] and [api]")));
    let everybody = told("[server]\ntrusted_proxies = [\"0.0.0.0/0\"]\n", "proxies");
    assert!(matches!(everybody.as_slice(), [(Grade::Error, _)]));
    let nobody = told("[server]\naddress_rate_max = 5\n", "proxies");
    assert!(matches!(nobody.as_slice(), [(Grade::Warning, told)] if told.contains("trusted_proxies = [")));
}

#[test]
fn keys_that_cannot_be_used_are_told() {
    let keys = told("[token]\nec_public_key = \"not PEM\"\n", "keys");

    assert!(matches!(keys.as_slice(), [(Grade::Error, told)] if told.contains("ec_public_key")), "{keys:?}");
}
