//! The steps against a real node.

use std::net::TcpListener;

use clap::Parser as _;
use tokio::runtime::Runtime;

use super::*;
use crate::config::Config;
use crate::keys::Keys;
use crate::node::Node;

const TOML: &str = "[server]\nlisten = \"127.0.0.1:0\"\nshards = 1\ndrain_time = \"1s\"\n\
                    [api]\nkey = \"k\"\n[token]\nhmac_secret = \"s\"\n\
                    [[namespace]]\nname = \"demo\"\nallow_subscribe_for_client = true\n\
                    allow_publish_for_subscriber = true\n[[namespace]]\nname = \"shut\"\n\
                    [[namespace]]\nname = \"quiet\"\nallow_subscribe_for_client = true\n";
const ALL: [&str; 8] = ["livez", "readyz", "open", "connect", "subscribe", "publish", "receive", "close"];

#[derive(clap::Parser, Debug)]
struct Typed {
    #[command(flatten)]
    args: SmokeArgs,
}

#[test]
fn a_good_server_passes_every_step() {
    let house = House::open();

    for options in [&["--secret", "s"][..], &["--secret", "s", "--api-key", "k", "--channel", "quiet:a"]] {
        let (said, outcome) = house.smoke(options);

        assert_eq!(said.iter().map(|step| step.0).collect::<Vec<_>>(), ALL, "{said:?}");
        assert!(outcome.unwrap().starts_with("smoke: 8 passed, 0 failed, "));
    }
    let (said, outcome) = house.smoke(&["--probes"]);
    assert_eq!((said.len(), outcome.is_ok()), (2, true));
}

#[test]
fn whatever_fails_names_the_fix() {
    let house = House::open();
    let cases = [
        (&["--token", "nonsense"][..], "connect", "3500 invalid token; the token is not one"),
        (&["--secret", "other"], "connect", "compare token.hmac_secret"),
        (&[], "connect", "give --token or --secret"),
        (&["--secret", "s", "--origin", "https://a.example"], "open", "server.allowed_origins"),
        (&["--secret", "s", "--channel", "none:a"], "subscribe", "[[namespace]]"),
        (&["--secret", "s", "--channel", "shut:a"], "subscribe", "allow_subscribe_for_client"),
        (&["--secret", "s", "--channel", "quiet:a"], "publish", "allow_publish_for_subscriber"),
        (&["--secret", "s", "--api-key", "wrong"], "publish", "--api-key is not the server's"),
    ];

    for (options, step, fix) in cases {
        let (said, outcome) = house.smoke(options);

        let (name, problem) = said.last().unwrap();
        assert_eq!(*name, step, "{said:?}");
        assert!(problem.as_ref().is_some_and(|problem| problem.contains(fix)), "{said:?}");
        assert_eq!(outcome.unwrap_err().to_string(), format!("smoke: {step} failed"));
    }
}

#[test]
fn where_nobody_listens_the_first_step_fails() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (said, outcome) = smoke_at(&free.to_string(), &[]);

    let problem = said[0].1.as_ref().unwrap();
    assert!(outcome.is_err() && problem.contains("is the server running"), "{problem}");
}

#[test]
fn the_report_is_one_that_build_servers_read() {
    let house = House::open();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("smoke.xml");

    let _ = house.smoke(&["--secret", "s", "--channel", "shut:a", "--junit", file.to_str().unwrap()]);

    let xml = fs::read_to_string(file).unwrap();
    assert!(xml.contains("tests=\"5\" failures=\"1\""), "{xml}");
    assert!(xml.contains("name=\"subscribe\"") && xml.contains("<failure message=\"error 103"), "{xml}");
    assert_eq!(xml.matches("<testcase").count(), 5);
}

struct House {
    runtime: Runtime,
    node: Option<Node>,
}

type Said = Vec<(&'static str, Option<String>)>;

impl House {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wigwag.toml");
        fs::write(&file, TOML).unwrap();
        let config = Config::load(Some(&file), std::iter::empty()).ok().unwrap();
        let keys = Keys::effective(&config, &OsEntropy).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let node = runtime.block_on(crate::compose::start(&config, &keys)).unwrap();
        Self { runtime, node: Some(node) }
    }

    fn smoke(&self, options: &[&str]) -> (Said, anyhow::Result<String>) {
        smoke_at(&self.node.as_ref().unwrap().address.to_string(), options)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(node) = self.node.take() {
            self.runtime.block_on(node.stop());
        }
    }
}

fn smoke_at(address: &str, options: &[&str]) -> (Said, anyhow::Result<String>) {
    let line = ["smoke", address].into_iter().chain(options.iter().copied());
    let args = Typed::try_parse_from(line).unwrap().args;
    let mut said = Vec::new();
    let outcome =
        smoke(&args, args.place.as_ref().unwrap(), |step| said.push((step.name, step.problem.clone())));
    (said, outcome)
}
