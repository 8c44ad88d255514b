//! Text that comes from outside, made harmless for where it goes.

/// For XML and HTML, in text and in attributes. Characters that XML cannot hold at all become a question mark.
pub(crate) fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// For a cell of a table in Markdown.
pub(crate) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '#' | '~' => escaped.extend(['\\', character]),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

/// For a terminal.
pub(crate) fn terminal(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_break_out_of_xml() {
        assert_eq!(xml("a<b & \"c\" 'd'>\n"), "a&lt;b &amp; &quot;c&quot; &#39;d&#39;&gt; ");
        assert_eq!(xml("]]>\u{1}\u{ffff}é"), "]]&gt;??é");
    }

    #[test]
    fn nothing_can_break_out_of_a_table() {
        assert_eq!(markdown("a|b\n<img>`x`"), "a\\|b &lt;img&gt;\\`x\\`");
        assert_eq!(terminal("a\u{1b}[31mb"), "a [31mb");
    }
}
