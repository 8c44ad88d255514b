//! What somebody probably meant.

/// Longer texts are slips of nothing: comparing takes time by their length.
const TYPED_BYTES_MAX: usize = 64;

/// The name that `typed` is a slip of, if one is close enough.
pub(crate) fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if typed.len() > TYPED_BYTES_MAX {
        return None;
    }
    let slips_max = (typed.chars().count() / 3).clamp(1, 4);
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(slips, _)| *slips <= slips_max)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_among_names_of_a_sane_length() {
        let long = "x".repeat(TYPED_BYTES_MAX);

        assert_eq!(nearest("chanel", ["data", "channel"]), Some("channel"));
        assert_eq!(nearest("zzzz", ["data", "channel"]), None);
        assert_eq!(nearest(&long, [long.as_str()]), Some(long.as_str()));
        assert_eq!(nearest(&format!("{long}x"), [long.as_str()]), None);
    }
}
