//! Configuration files and variables.
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use std::fs;

use tempfile::TempDir;
use wigwag::config::Config;

thread_local! {
    static HOME: TempDir = TempDir::new().unwrap();
}

/// A file with variables over it is read or refused, with one line that names where the problem is. The input is the
/// file; what follows a NUL are variables, one on a line.
pub fn config(data: &[u8]) {
    let (file, variables) = match data.iter().position(|byte| *byte == 0) {
        Some(end) => data.split_at(end),
        None => (data, &b""[..]),
    };
    let path = HOME.with(|home| home.path().join("fuzz.toml"));
    // A new file each time: some file systems flush one that is cut and written again.
    let _ = fs::remove_file(&path);
    fs::write(&path, file).unwrap();
    let variables = String::from_utf8_lossy(variables.get(1..).unwrap_or_default()).into_owned();
    let variables = variables.lines().filter_map(|line| line.split_once('='));

    let read = Config::load(Some(&path), variables.map(|(name, value)| (name.to_owned(), value.to_owned())));

    if let Err(refused) = read {
        let told = refused.to_string();
        assert!(!told.trim().is_empty() && told.lines().count() == 1, "not one line: {told:?}");
        assert!(told.len() <= 8 * 1_024, "a refusal of {} bytes", told.len());
        check_line(&told, file);
    }
}

/// A line that is named is in the file, or right behind it.
fn check_line(told: &str, file: &[u8]) {
    let Some((_, rest)) = told.split_once("fuzz.toml:") else { return };
    let Some(line) = rest.split(':').next().and_then(|line| line.trim().parse::<usize>().ok()) else {
        return;
    };
    let lines = file.iter().filter(|byte| **byte == b'\n').count() + 1;
    assert!((1..=lines).contains(&line), "line {line} of {lines}: {told}");
}

pub(super) const WORDS: &[&[u8]] = &[
    b"[server]\n",
    b"[[namespace]]\n",
    b"[[jwks]]\n",
    b"[token]\n",
    b"= true\n",
    b"= \"1h\"\n",
    b"= \"99999999999 GiB\"\n",
    b"= \"\"\n",
    b"= []\n",
    b"= {}\n",
    b"= 1979-05-27T07:32:00Z\n",
    b"= 9223372036854775807\n",
    b"= nan\n",
    b"[[[[[[[[[[",
    b"a.b.c.d = 1\n",
    b"\"\"\"",
    b"'''",
    b"\\U0010ffff",
    b"\xce\xba",
    b"\xff",
    b"\r\n",
    b"\0WIGWAG_CLIENT__INSECURE=true\n",
    b"\0WIGWAG_SERVER__LISTEN=0.0.0.0:0\n",
    b"\0WIGWAG_SERVER__LISTN=0.0.0.0:0\n",
    b"\0WIGWAG_TOKEN__HMAC_SECRET=\n",
];

pub(super) fn seeds() -> Vec<Vec<u8>> {
    [
        "",
        "[server]\nlisten = \"127.0.0.1:8000\"\nallowed_origins = [\"https://a.example\"]\nshards = 2\nlog = \"info\"\n",
        "[client]\ninsecure = true\nping_interval = \"25s\"\nframe_bytes_max = \"64 KiB\"\nchannels_max = 128\n",
        "[channel]\nhistory_size = 10\nhistory_ttl = \"5m\"\nforce_recovery = true\n\n[[namespace]]\nname = \"chat\"\nallowed_delta_types = [\"fossil\"]\n",
        "[token]\nhmac_secret = \"s\"\nhmac_previous_secret = \"p\"\nhmac_previous_until = 2027-01-31\naudience = \"a\"\n[[jwks]]\nurl = \"https://a.example/jwks\"\nissuers = [\"i\"]\n",
        "[api]\nkey = \"k\"\n\0WIGWAG_CLIENT__ANONYMOUS=true\nWIGWAG_SERVER__DRAIN_TIME=5s\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
