use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::*;

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn made() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn certificate(cert_file: PathBuf, key_file: PathBuf) -> Result<Option<Certificate>, String> {
    let mut config = Config::load_with(None, std::iter::empty(), Vec::new()).ok().unwrap();
    config.tls.cert_file = Some(cert_file);
    config.tls.key_file = Some(key_file);
    config.certificate()
}

fn problem(cert_file: PathBuf, key_file: PathBuf) -> String {
    certificate(cert_file, key_file).err().unwrap()
}

#[test]
fn certificate_and_its_key_are_used() {
    let (home, (cert, key)) = (Home::new(), made());

    let found = certificate(home.file("cert.pem", &cert), home.file("key.pem", &key)).unwrap().unwrap();

    assert_eq!(found.tls.alpn_protocols, [b"http/1.1"]);
    assert_eq!(found.warning(Timestamp::from_secs(1_800_000_000)), None);
}

#[test]
fn certificate_that_is_not_configured_is_none() {
    let config = Config::load_with(None, std::iter::empty(), Vec::new()).ok().unwrap();

    assert!(config.certificate().unwrap().is_none());
}

#[test]
fn expired_certificate_is_told() {
    let home = Home::new();
    let mut wanted = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    wanted.not_before = rcgen::date_time_ymd(2024, 1, 1);
    wanted.not_after = rcgen::date_time_ymd(2024, 2, 29);
    let pair = rcgen::KeyPair::generate().unwrap();
    let cert = wanted.self_signed(&pair).unwrap().pem();

    let found = certificate(home.file("c", &cert), home.file("k", &pair.serialize_pem())).unwrap().unwrap();

    let end = Timestamp::from_secs(1_709_164_800);
    assert_eq!(found.valid_until, Some(end));
    assert_eq!(found.warning(end), None);
    let told = found.warning(end.plus(Duration::from_secs(3 * 86_400))).unwrap();
    assert!(told.contains("expired 3 days ago"), "{told}");
}

#[test]
fn files_that_cannot_be_used_are_named_with_the_fix() {
    let (home, (cert, key), (_, other)) = (Home::new(), made(), made());
    let (cert, key) = (home.file("cert.pem", &cert), home.file("key.pem", &key));
    let (empty, other) = (home.file("empty.pem", ""), home.file("other.pem", &other));
    let missing = home.0.path().join("missing.pem");

    let told = |problem: &str, words: [&str; 3]| {
        assert!(words.iter().all(|word| problem.contains(word)), "{problem}");
    };
    told(&problem(missing.clone(), key.clone()), ["tls.cert_file: ", "missing.pem cannot be read", "PEM"]);
    told(&problem(cert.clone(), missing), ["tls.key_file: ", "missing.pem cannot be read", "PEM"]);
    told(&problem(empty.clone(), key.clone()), ["tls.cert_file: ", "no certificate", "BEGIN CERTIFICATE"]);
    told(&problem(cert.clone(), empty), ["tls.key_file: ", "no private key", "BEGIN PRIVATE KEY"]);
    told(&problem(key, cert.clone()), ["tls.cert_file: ", "key.pem", "no certificate"]);
    told(&problem(cert, other), ["tls.key_file: ", "is not the key of the certificate", "made together"]);
}

#[test]
fn key_that_was_taken_for_the_certificate_is_not_repeated() {
    let (home, (_, key)) = (Home::new(), made());
    let in_one_line =
        key.replace('\n', "").replacen("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY----", 1);
    let (broken, key) = (home.file("broken.pem", &in_one_line), home.file("key.pem", &key));

    for told in [problem(broken.clone(), key.clone()), problem(key, broken)] {
        assert!(!told.contains("45, 45") && told.len() < 200, "{told}");
    }
}
