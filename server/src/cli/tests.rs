//! What is typed and what comes of it.

use std::cell::RefCell;
use std::fs;

use crypto::{Secret, Tokens};
use futures_util::FutureExt as _;
use ports::access::TokenVerifier as _;
use ports::ids::TenantId;

use super::*;

const TOML: &str = "[token]\nhmac_secret = \"s\"\naudience = \"here\"\n[api]\nkey = \"k\"\n";

#[test]
fn without_a_command_it_serves() {
    for line in [&["wigwag"][..], &["wigwag", "serve"]] {
        let served = RefCell::new(None);
        let outcome = type_in(line, |config, keys| {
            *served.borrow_mut() = Some((config.server.listen.port(), keys.api_key.expose().to_owned()));
            Ok(())
        });

        assert!(matches!(outcome, Ok(None)));
        assert_eq!(served.into_inner(), Some((8000, "k".into())));
    }
}

#[test]
fn options_stand_before_or_behind_the_command() {
    let lines = [
        &["wigwag", "--listen", "127.0.0.1:7", "--data-dir", "d"][..],
        &["wigwag", "--listen", "127.0.0.1:7", "--data-dir", "d", "serve"],
        &["wigwag", "serve", "--listen", "127.0.0.1:7", "--data-dir", "d"],
    ];
    for line in lines {
        let outcome = type_in(line, |config, _| {
            assert_eq!(config.server.listen.port(), 7);
            assert_eq!(config.server.data_dir.to_str(), Some("d"));
            Ok(())
        });

        assert!(outcome.is_ok());
    }
}

#[test]
fn token_command_makes_a_connection_token() {
    let line = ["wigwag", "token", "--user", "ann", "--channels", "a,b:1", "--info", "{\"n\": 1}"];
    let token = answer(&line);

    let now = SystemClock::new().now();
    let grant = verifier().connection(&TenantId::default(), &token, now).now_or_never().unwrap().unwrap();

    assert_eq!(grant.user.as_str(), "ann");
    assert_eq!(grant.channels.keys().map(String::as_str).collect::<Vec<_>>(), ["a", "b:1"]);
    assert_eq!(grant.info.as_deref(), Some(&b"{\"n\": 1}"[..]));
    let left = grant.expire_at.unwrap().since(now).as_secs();
    assert!((3_590..=3_600).contains(&left), "{left}");
}

#[test]
fn token_command_makes_a_subscription_token_for_a_channel() {
    let token = answer(&["wigwag", "token", "--user", "", "--channel", "$vault", "--ttl", "5m"]);

    let now = SystemClock::new().now();
    let grant = verifier().subscription(&TenantId::default(), &token, now).now_or_never().unwrap().unwrap();

    assert!(grant.user.is_anonymous());
    assert_eq!((grant.channel.as_str(), grant.client), ("$vault", None));
    assert!(grant.expire_at.unwrap().since(now).as_secs() <= 300);
}

#[test]
fn check_answers_also_if_the_configuration_is_refused() {
    let outcome = type_in(&["wigwag", "check", "--listen", "80"], unserved);

    let Err(Failure::Unfit(report)) = outcome else { panic!("accepted") };
    assert!(
        report.contains(
            r#"--listen: server.listen: "80" is not an address; write for example "127.0.0.1:8000""#
        ),
        "{report}"
    );
}

#[test]
fn check_fails_with_keys_that_can_be_guessed() {
    let Err(Failure::Unfit(report)) = type_in(&["wigwag", "check"], unserved) else { panic!("accepted") };

    assert!(report.contains("error    keys: token.hmac_secret can be guessed"), "{report}");
}

#[test]
fn configuration_is_shown_and_described() {
    let shown = answer(&["wigwag", "config", "show"]);
    assert!(shown.contains("token.audience = \"here\"  # ") && !shown.contains("= \"k\""), "{shown}");

    assert!(answer(&["wigwag", "config", "reference"]).starts_with("# Configuration\n"));
    assert!(answer(&["wigwag", "config", "example"]).contains("\n#hmac_secret = \"…\"\n"));
}

#[test]
fn what_makes_no_sense_is_answered_in_one_line() {
    let lines = [
        (&["wigwag", "sevre"][..], "unrecognized subcommand 'sevre'"),
        (&["wigwag", "--port", "80"], "unexpected argument '--port' found"),
        (&["wigwag", "token"], "--user <USER>"),
        (&["wigwag", "token", "--user", "a", "--ttl", "soon"], "write a second or more, for example 30s"),
        (&["wigwag", "token", "--user", "a", "--ttl", "10ms"], "write a second or more, for example 30s"),
        (&["wigwag", "token", "--user", "a", "--info", "{"], "not JSON"),
        (&["wigwag", "token", "--user", "a", "--channel", "ü"], "printable ASCII"),
        (&["wigwag", "token", "--user", "a", "--channel", "x", "--channels", "y"], "cannot be used with"),
    ];
    for (line, expected) in lines {
        let problem = bad_usage(&Cli::try_parse_from(line).unwrap_err());

        assert!(problem.contains(expected) && problem.ends_with("; see wigwag --help"), "{problem}");
        assert!(!problem.contains('\n') && !problem.starts_with("error"), "{problem}");
    }
}

#[test]
fn failure_to_serve_is_told_apart_from_bad_usage() {
    let outcome = type_in(&["wigwag"], |_, _| anyhow::bail!("address in use"));

    assert!(matches!(outcome, Err(Failure::Failed(_))));
}

/// Carries a line out with a configuration of its own.
fn type_in(
    line: &[&str],
    serve: impl FnOnce(Config, Keys) -> anyhow::Result<()>,
) -> Result<Option<String>, Failure> {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("wigwag.toml");
    fs::write(&file, TOML).unwrap();
    let mut cli = Cli::try_parse_from(line).unwrap();
    cli.options.config = Some(file);

    perform(cli, std::iter::empty(), serve)
}

fn answer(line: &[&str]) -> String {
    type_in(line, unserved).ok().flatten().unwrap()
}

fn unserved(_: Config, _: Keys) -> anyhow::Result<()> {
    panic!("served")
}

fn verifier() -> Tokens {
    let trust = crypto::Trust::hmac(Secret::new("s").unwrap(), Some("here".into()), None);
    Tokens::new(&crypto::Config::new(trust)).unwrap()
}
