//! What daemons leave empty is shown as null: protobuf has no other way to say "none".

/// A text that is there.
pub(crate) fn text(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// A number that is there.
pub(crate) fn number<T: Default + PartialEq>(number: T) -> Option<T> {
    Some(number).filter(|number| *number != T::default())
}
