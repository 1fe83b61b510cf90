//! Text that a terminal shows and does not obey: a record's key, a reason or a file's name may hold what moves the
//! cursor, rings the bell, rewrites a title, or turns the order of letters around. Each such character is shown as its
//! escape. JSON stays as it is: it has escapes of its own.

/// A text of several lines: its line feeds stay.
pub fn visible(text: &str) -> String {
    escaped(text, |letter| letter != '\n' && is_obeyed(letter))
}

/// A value within a line: a line feed of its own would begin a line that looks like ours.
pub fn one_line(text: &str) -> String {
    escaped(text, is_obeyed)
}

fn escaped(text: &str, is_obeyed: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_obeyed(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Control characters, separators of lines and paragraphs, and what sets the direction of writing.
fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown_and_letters_of_any_script_stay() {
        assert_eq!(visible("a\u{1b}[2Jb\u{7}\r\n"), "a\\u{1b}[2Jb\\u{7}\\r\n");
        assert_eq!(visible("\u{9b}31m \u{202e}gpj.exe\u{2066}"), "\\u{9b}31m \\u{202e}gpj.exe\\u{2066}");
        assert_eq!(one_line("a\nerror: b\t\u{2028}"), "a\\nerror: b\\t\\u{2028}");
        for text in ["Éloïse Gagné — « 1\u{a0}234 » 中文 עברית क्\u{200d}ष", "{}"] {
            assert_eq!(one_line(text), text);
        }
    }
}
