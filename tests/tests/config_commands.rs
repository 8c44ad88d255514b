//! `wigwag config` and `wigwag check` as one types them.
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const CANARY: &str = "canary-of-the-cage-0123456789-abcdefghij";

/// Runs the binary in a directory of its own.
fn run(home: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("wigwag-in-test");
    let mut command = Command::new(program);
    command.args(arguments).current_dir(home).env_clear().envs(variables.iter().copied());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn reference_and_example_are_printed_without_any_configuration() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("wigwag.toml"), "not TOML").unwrap();

    let reference = run(home.path(), &["config", "reference"], &[]);
    let example = run(home.path(), &["config", "example"], &[]);

    assert!(text(&reference.stdout).starts_with("# Configuration\n"));
    assert!(text(&example.stdout).contains("\n#listen = \"127.0.0.1:8000\"\n"));
}

#[test]
fn values_are_shown_with_their_origin_and_no_secret_in_any_output() {
    let home = tempfile::tempdir().unwrap();
    let secret = home.path().join("secret");
    std::fs::write(&secret, format!("{CANARY}\n")).unwrap();
    let toml =
        format!("[api]\nkey = \"api-{CANARY}\"\n[token]\njwks_url = \"https://u:{CANARY}@a.example/k\"\n");
    std::fs::write(home.path().join("wigwag.toml"), toml).unwrap();
    let secret = secret.display().to_string();
    let variables =
        [("WIGWAG_TOKEN__HMAC_SECRET_FILE", secret.as_str()), ("WIGWAG_SERVER__LISTEN", "127.0.0.1:0")];

    let lines = text(&run(home.path(), &["config", "show"], &variables).stdout);
    let json = text(&run(home.path(), &["config", "show", "--json"], &variables).stdout);
    let check = text(&run(home.path(), &["check"], &variables).stdout);

    assert!(lines.contains("api.key = \"(hidden)\"  # wigwag.toml:2\n"), "{lines}");
    assert!(
        lines.contains("token.hmac_secret = \"(hidden)\"  # WIGWAG_TOKEN__HMAC_SECRET_FILE\n"),
        "{lines}"
    );
    assert!(lines.contains("token.jwks_url = \"https://…@a.example/k\"  # wigwag.toml:4\n"), "{lines}");
    assert!(lines.contains("client.ping_interval = \"25s\"  # default\n"), "{lines}");
    let json: Value = serde_json::from_str(&json).unwrap();
    let settings = json["settings"].as_array().unwrap();
    let listen = settings.iter().find(|setting| setting["setting"] == "server.listen").unwrap();
    assert_eq!(
        (&listen["value"], &listen["origin"]),
        (&"127.0.0.1:0".into(), &"WIGWAG_SERVER__LISTEN".into())
    );
    for told in [lines, json.to_string(), check] {
        assert!(!told.is_empty() && !told.contains(CANARY), "{told}");
    }
}

#[test]
fn check_ends_with_a_code_for_machines() {
    let home = tempfile::tempdir().unwrap();
    let code = |toml: &str, arguments: &[&str]| {
        std::fs::write(home.path().join("wigwag.toml"), toml).unwrap();
        let output = run(home.path(), arguments, &[]);
        (output.status.code().unwrap(), text(&output.stdout))
    };
    let good = "[server]\nlisten = \"127.0.0.1:0\"\nconnections_max = 10\n";

    assert_eq!(code(good, &["check"]).0, 0);
    assert_eq!(code(good, &["check", "--strict"]).0, 0, "{}", code(good, &["check", "--strict"]).1);
    let insecure = format!("{good}[client]\ninsecure = true\n");
    assert_eq!(code(&insecure, &["check"]).0, 0);
    assert_eq!(code(&insecure, &["check", "--strict"]).0, 1);
    let (bad, told) = code("[server]\nlisten = 8000\n", &["check", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((bad, &told["grade"], &told["findings"][0]["grade"]), (1, &"error".into(), &"error".into()));
}
