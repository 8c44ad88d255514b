//! What the application's back end is asked, and who could listen or answer in its place.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::Finding;
use crate::config::Config;

const ABOUT: &str = "hooks";

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let questions = config.questions();
    if questions.is_empty() {
        let is_idle = config.back_end().is_some();
        let what = "there is an endpoint under [hooks], but nothing is asked";
        let fix = "write connect = true or rpc = true there, or proxy_subscribe or proxy_publish = true in a namespace";
        return is_idle.then(|| Finding::warning(ABOUT, what, Some(fix.to_owned()))).into_iter().collect();
    }
    let findings: Vec<_> = [unsigned(config), open(config)].into_iter().flatten().collect();
    if findings.is_empty() {
        return vec![Finding::ok(ABOUT, "questions are signed, and nobody on the way can read them")];
    }
    findings
}

fn unsigned(config: &Config) -> Option<Finding> {
    let is_signed = config.back_end().is_some_and(|asked| !asked.secrets.is_empty());
    let what = "questions are not signed: the back end cannot tell this server from others";
    let fix = "write secret_file = \"…\" under [hooks], and check webhook-signature in the back end";
    (!is_signed).then(|| Finding::warning(ABOUT, what, Some(fix.to_owned())))
}

fn open(config: &Config) -> Option<Finding> {
    let questions = config.questions();
    let plain = questions.values().filter_map(|url| reqwest::Url::parse(url).ok());
    let plain = plain.filter(|url| url.scheme() == "http");
    let hosts: BTreeSet<String> = plain.filter_map(|url| url.host_str().map(str::to_owned)).collect();
    let hosts: Vec<String> = hosts.into_iter().filter(|host| !is_this_machine(host)).collect();
    let what = format!(
        "questions go to {} without TLS: everybody on the way can read them, and answer",
        hosts.join(", ")
    );
    let fix = "let the back end speak TLS and write https://, or have nobody else on that network";
    (!hosts.is_empty()).then(|| Finding::warning(ABOUT, what, Some(fix.to_owned())))
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = if bare == "localhost" { Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)) } else { bare.parse() };
    address.is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    fn config(text: &str) -> Config {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("wigwag.toml");
        std::fs::write(&file, text).unwrap();
        Config::load(Some(&file), std::iter::empty()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What is told of these lines under `[hooks]` that is not well.
    fn told(lines: &str) -> Vec<String> {
        let findings = look(&config(&format!("[hooks]\n{lines}\n")));
        findings.iter().filter(|one| one.grade != Grade::Ok).map(ToString::to_string).collect()
    }

    const LOCAL: &str = "allow_private_networks = true\nrpc = true\nsecret = \"s\"";

    #[test]
    fn questions_without_a_signature_are_told() {
        let told = told("endpoint = \"https://app.example.com\"\nrpc = true");
        assert!(
            matches!(told.as_slice(), [one] if one.contains("not signed") && one.contains("secret_file"))
        );
    }

    #[test]
    fn questions_without_tls_are_told_unless_they_stay_on_this_machine() {
        for host in ["127.0.0.1:3000", "[::1]:3000", "localhost"] {
            assert_eq!(
                told(&format!("endpoint = \"http://{host}/\"\n{LOCAL}")),
                Vec::<String>::new(),
                "{host}"
            );
        }
        for host in ["10.0.0.5", "app.internal"] {
            let told = told(&format!("endpoint = \"http://{host}:80/\"\n{LOCAL}"));
            assert!(
                matches!(told.as_slice(), [one] if one.contains(host) && one.contains("https://")),
                "{told:?}"
            );
        }
    }

    #[test]
    fn endpoint_that_nobody_asks_is_told() {
        let told = told("endpoint = \"https://app.example.com\"");
        assert!(matches!(told.as_slice(), [one] if one.contains("nothing is asked")), "{told:?}");
    }

    #[test]
    fn nothing_is_said_where_nothing_is_configured() {
        assert!(look(&config("")).is_empty());
    }
}
