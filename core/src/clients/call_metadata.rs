//! A caller's own gRPC metadata: names and values that may travel beside ours.

use tonic::metadata::{Ascii, MetadataKey, MetadataValue};

use crate::error::{Error, Status};

pub(super) type Metadata = Vec<(MetadataKey<Ascii>, MetadataValue<Ascii>)>;

pub(super) fn metadata(pairs: &[(String, String)]) -> Result<Metadata, Error> {
    pairs
        .iter()
        .map(|(name, value)| metadata_entry(name, value))
        .collect()
}

fn metadata_entry(
    name: &str,
    value: &str,
) -> Result<(MetadataKey<Ascii>, MetadataValue<Ascii>), Error> {
    let refused = |wrong: &str| {
        Error::local(
            Status::InvalidArgument,
            format!("option `metadata`: {wrong}"),
            "use lower-case ASCII names without -bin at their end; macaroon, grpc-* and :* are ours",
        )
    };
    if name == "macaroon" || name.starts_with("grpc-") || name.starts_with(':') {
        return Err(refused("a reserved name"));
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(refused("a name with upper-case letters"));
    }
    let key =
        MetadataKey::from_bytes(name.as_bytes()).map_err(|_| refused("not a metadata name"))?;
    let value = MetadataValue::try_from(value).map_err(|_| refused("a value that is not ASCII"))?;
    Ok((key, value))
}
