//! Secrets in files of their own, and what is shown of them.

use std::fs;

use super::*;

fn key(config: &Config) -> Option<&str> {
    config.api.key.as_ref().map(|key| key.expose())
}

#[test]
fn secret_may_be_in_a_file_that_the_file_or_a_variable_names() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("key");
    fs::write(&path, "from-a-file\n").unwrap();
    let path = path.display().to_string();
    let text = format!("[api]\nkey_file = {path:?}\n");

    assert_eq!(key(&read(Some(&text), &[]).ok().unwrap()), Some("from-a-file"));
    let variable = [("WIGWAG_API__KEY_FILE", path.as_str())];
    assert_eq!(key(&read(Some("[api]\nkey = \"written\"\n"), &variable).ok().unwrap()), Some("from-a-file"));
    let direct = [("WIGWAG_API__KEY", "told")];
    assert_eq!(key(&read(Some(&text), &direct).ok().unwrap()), Some("told"));
}

#[test]
fn secret_written_twice_in_one_place_is_refused() {
    let twice = read(Some("[api]\nkey = \"a\"\nkey_file = \"b\"\n"), &[]).err().unwrap().to_string();
    assert_eq!(twice, "wigwag.toml:2: api.key: there is key_file as well; remove one of the two");

    let variables = [("WIGWAG_API__KEY", "a"), ("WIGWAG_API__KEY_FILE", "b")];
    let twice = read(None, &variables).err().unwrap().to_string();
    assert_eq!(twice, "WIGWAG_API__KEY: api.key: there is key_file as well; remove one of the two");
}

#[test]
fn file_of_a_secret_must_be_there_and_hold_one() {
    let home = tempfile::tempdir().unwrap();
    let empty = home.path().join("empty");
    fs::write(&empty, "\n").unwrap();
    for (path, expected) in
        [(empty, "is empty; write the secret"), (home.path().join("none"), "cannot be read")]
    {
        let text = format!("\n[token]\nhmac_secret_file = {:?}\n", path.display().to_string());

        let refused = read(Some(&text), &[]).err().unwrap().to_string();

        assert!(refused.starts_with("wigwag.toml:3: token.hmac_secret_file: "), "{refused}");
        assert!(refused.contains(expected), "{refused}");
    }
}

#[test]
fn what_is_shown_names_its_origin_and_hides_secrets() {
    let text = "[token]\nhmac_secret = \"canary-7\"\njwks_url = \"https://ann:canary-8@a.example/k?t=canary-9\"\n\
                [[namespace]]\nname = \"chat\"\npresence = true\n";
    let given = vec![Given { option: "--listen", setting: "server.listen", value: "127.0.0.1:3".into() }];
    let env = [("WIGWAG_CLIENT__CHANNELS_MAX".to_owned(), "7".to_owned())];

    let config = Config::parse(Some(("wigwag.toml", text)), env.into_iter(), given).ok().unwrap();
    let shown = config.effective();

    let of = |name: &str| {
        let setting = shown.iter().find(|setting| setting.setting == name).unwrap();
        (setting.value.as_deref(), setting.origin.as_str())
    };
    assert_eq!(of("server.listen"), (Some("\"127.0.0.1:3\""), "--listen"));
    assert_eq!(of("client.channels_max"), (Some("7"), "WIGWAG_CLIENT__CHANNELS_MAX"));
    assert_eq!(of("token.hmac_secret"), (Some("\"(hidden)\""), "wigwag.toml:2"));
    assert_eq!(of("token.jwks_url"), (Some("\"https://…@a.example/k?…\""), "wigwag.toml:3"));
    assert_eq!(of("namespace.chat.presence"), (Some("true"), "wigwag.toml:6"));
    assert_eq!(of("client.ping_interval"), (Some("\"25s\""), "default"));
    assert_eq!(of("api.key"), (None, "default"));
    assert!(!format!("{shown:?}").contains("canary"), "{shown:?}");
}

#[test]
fn difference_names_what_is_reloaded_and_what_is_not() {
    let before = "[server]\nshards = 1\n[token]\nhmac_secret = \"a\"\n[[namespace]]\nname = \"chat\"\n";
    let after = "[server]\nshards = 2\nlog = \"debug\"\n[token]\nhmac_secret = \"b\"\n[[namespace]]\nname = \"news\"\n";
    let [before, after] = [before, after].map(|text| read(Some(text), &[]).ok().unwrap());

    let Difference { reloaded, at_start } = before.difference(&after);

    assert_eq!(
        reloaded.into_iter().collect::<Vec<_>>(),
        ["namespace.chat", "namespace.news", "server.log", "token.hmac_secret"]
    );
    assert_eq!(at_start.into_iter().collect::<Vec<_>>(), ["server.shards"]);
    assert_eq!(after.difference(&after), Difference::default());
}
