//! The operation_id in a memo or label of lnd: `[arkgrpc:<id>]`, the last thing in the text, with one
//! space before it where the caller has a text of his own. Only there it counts.

use crate::error::{Error, Status};

const OPENING: &str = "[arkgrpc:";
/// lnd's limit for memos of channels and labels of transactions, bytes.
const LONGEST_TEXT: usize = 500;

/// The text for lnd: the caller's own, then the tag. A text that could be taken for a tag is refused.
pub(super) fn tagged(field: &str, own: &str, operation_id: &str) -> Result<String, Error> {
    let refused = |wrong: String, valid: String| {
        Error::local(
            Status::InvalidArgument,
            format!("field `{field}`: {wrong}"),
            valid,
        )
    };
    if own.contains(OPENING) {
        return Err(refused(
            format!("it contains `{OPENING}`, which marks the operation_id"),
            "leave the mark out: the library adds it, with the operation_id of the options"
                .to_owned(),
        ));
    }
    let tag = format!("{OPENING}{operation_id}]");
    let text = if own.is_empty() {
        tag
    } else {
        format!("{own} {tag}")
    };
    if text.len() > LONGEST_TEXT {
        let room = LONGEST_TEXT - (text.len() - own.len());
        return Err(refused(
            format!("{} bytes long", own.len()),
            format!(
                "shorten it to {room} bytes: lnd takes {LONGEST_TEXT}, the operation_id needs the rest"
            ),
        ));
    }
    Ok(text)
}

/// Whether the text ends in the tag of this operation.
pub(super) fn carries(text: &str, operation_id: &str) -> bool {
    let own = text
        .strip_suffix(']')
        .and_then(|rest| rest.strip_suffix(operation_id))
        .and_then(|rest| rest.strip_suffix(OPENING));
    own.is_some_and(|own| own.is_empty() || own.ends_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_text_is_kept_and_the_tag_found() {
        assert_eq!(tagged("memo", "", "a-1").unwrap(), "[arkgrpc:a-1]");
        let text = tagged("memo", "Miete März", "a-1").unwrap();
        assert_eq!(text, "Miete März [arkgrpc:a-1]");
        assert!(carries(&text, "a-1") && carries("[arkgrpc:a-1]", "a-1"));
    }

    #[test]
    fn only_the_whole_last_tag_counts() {
        for text in [
            "",
            "a-1",
            "[arkgrpc:a-1] ",
            "[arkgrpc:a-1] and more",
            "[arkgrpc:a-1] [arkgrpc:b]",
            "x[arkgrpc:a-1]",
            "[arkgrpc:xa-1]",
            "[arkgrpc:a-12]",
            "[ARKGRPC:a-1]",
        ] {
            assert!(!carries(text, "a-1"), "{text}");
        }
    }

    #[test]
    fn forged_tags_and_long_texts_are_refused() {
        for own in ["[arkgrpc:a-1]", "x [arkgrpc:b] y", "[arkgrpc:"] {
            let error = tagged("label", own, "a-1").unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument);
            assert!(error.message().contains("`label`"), "{error}");
        }
        let id = "i".repeat(64);
        let tag = "[arkgrpc:]".len() + 64;
        let longest = "x".repeat(500 - tag - 1);
        assert_eq!(tagged("memo", &longest, &id).unwrap().len(), 500);
        let error = tagged("memo", &format!("{longest}x"), &id).unwrap_err();
        assert!(
            error.hint().contains(&longest.len().to_string()),
            "{}",
            error.hint()
        );
        assert!(tagged("memo", &"x".repeat(5000), &id).is_err());
    }
}
