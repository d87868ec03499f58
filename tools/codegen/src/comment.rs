//! C comments made from plain text.

/// The widest line of the header.
const WIDTH: usize = 100;

/// A block comment. Lines that begin with a space, or are short, are kept; long ones are wrapped.
pub(crate) fn block(text: &str) -> String {
    block_within(text, WIDTH)
}

fn block_within(text: &str, width: usize) -> String {
    let mut out = String::from("/*\n");
    for line in text.trim_end().lines() {
        for line in wrap(line, width - 3) {
            let line = format!(" * {}", harmless(&line));
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out.push_str(" */\n");
    out
}

/// A documentation comment in front of a declaration.
pub(crate) fn documentation(text: &str) -> String {
    format!("/**{}", block(text).trim_start_matches("/*"))
}

/// A documentation comment inside of a declaration: on one line if it fits.
pub(crate) fn indented(text: &str) -> String {
    let line = format!("  /** {} */\n", harmless(text));
    if line.chars().count() <= WIDTH {
        return line;
    }
    let comment = format!("/*{}", block_within(text, WIDTH - 2));
    comment
        .replacen("/*/*", "/**", 1)
        .lines()
        .map(|line| format!("  {line}\n"))
        .collect()
}

/// Words cannot end the comment or begin another one.
fn harmless(line: &str) -> String {
    line.replace("*/", "* /").replace("/*", "/ *")
}

/// Breaks a line between words. What follows a wide gap is a column and stays one.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let indent_width = line.len() - line.trim_start().len();
    let column = line.trim_start().find("   ").map(|gap| {
        let rest = line.get(indent_width + gap..).unwrap_or_default();
        indent_width + gap + (rest.len() - rest.trim_start().len())
    });
    let continued = " ".repeat(column.unwrap_or(indent_width));
    let mut lines = Vec::new();
    let mut rest = line.to_owned();
    while rest.chars().count() > width {
        let limit = rest
            .char_indices()
            .nth(width)
            .map_or(rest.len(), |(place, _)| place);
        let head = rest.get(..limit).unwrap_or_default();
        let Some(space) = head.rfind(' ').filter(|space| *space > continued.len()) else {
            break;
        };
        lines.push(head.get(..space).unwrap_or_default().trim_end().to_owned());
        let tail = rest.get(space..).unwrap_or_default().trim_start();
        rest = format!("{continued}{tail}");
    }
    lines.push(rest);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_between_words_and_keep_their_indent() {
        let lines = wrap(&format!("  {}", "word ".repeat(10).trim_end()), 20);
        assert!(lines.len() > 2);
        assert!(
            lines
                .iter()
                .all(|line| line.len() <= 20 && line.starts_with("  word"))
        );
        assert_eq!(
            wrap("  key     one two three", 16),
            ["  key     one", "          two", "          three"]
        );
        assert_eq!(wrap("short", 80), ["short"]);
        assert_eq!(wrap(&"x".repeat(100), 80), ["x".repeat(100)]);
    }

    #[test]
    fn no_text_can_leave_its_comment() {
        let comment = block("a */ b /* c");
        assert_eq!(comment, "/*\n * a * / b / * c\n */\n");
        assert!(documentation("x").starts_with("/**\n * x\n"));
        assert_eq!(indented("x"), "  /** x */\n");
        assert!(indented(&"word ".repeat(30)).starts_with("  /**\n   * word"));
    }
}
