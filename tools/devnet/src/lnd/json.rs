//! The JSON of lnd's REST: proto names, 64-bit numbers as strings, bytes in base64, nothing left
//! out.

use prost::{Message, Name};
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, Kind, MessageDescriptor, SerializeOptions,
};
use serde_json::{Map, Value};
use tonic::Status;

use crate::{error::DevnetError, proto::DESCRIPTORS};

/// Turns messages into JSON and back.
pub(crate) struct Json {
    pool: DescriptorPool,
}

impl Json {
    /// Reads the descriptors that the build left.
    pub(crate) fn new() -> Result<Self, DevnetError> {
        DescriptorPool::decode(DESCRIPTORS)
            .map(|pool| Self { pool })
            .map_err(|error| DevnetError::Descriptors(error.to_string()))
    }

    /// A message as JSON.
    pub(crate) fn write<M: Message + Name>(&self, message: &M) -> Result<Value, Status> {
        let descriptor = self.descriptor::<M>()?;
        let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())
            .map_err(|error| Status::internal(error.to_string()))?;
        let options = SerializeOptions::new()
            .use_proto_field_name(true)
            .stringify_64_bit_integers(true)
            .skip_default_fields(false);
        dynamic
            .serialize_with_options(serde_json::value::Serializer, &options)
            .map_err(|error| Status::internal(error.to_string()))
    }

    /// A message from a JSON body; an empty body is an empty message, an unknown key an error.
    pub(crate) fn read<M: Message + Name + Default>(&self, body: &[u8]) -> Result<M, Status> {
        let body = if body.is_empty() { b"{}" } else { body };
        let mut source = serde_json::Deserializer::from_slice(body);
        let dynamic = DynamicMessage::deserialize_with_options(
            self.descriptor::<M>()?,
            &mut source,
            &DeserializeOptions::new(),
        )
        .map_err(|error| Status::invalid_argument(format!("proto: {error}")))?;
        source
            .end()
            .map_err(|error| Status::invalid_argument(format!("proto: {error}")))?;
        M::decode(dynamic.encode_to_vec().as_slice())
            .map_err(|error| Status::internal(error.to_string()))
    }

    /// A message from the query of an address.
    pub(crate) fn read_query<M: Message + Name + Default>(
        &self,
        query: Option<&str>,
    ) -> Result<M, Status> {
        let descriptor = self.descriptor::<M>()?;
        let mut object = Map::new();
        for (key, text) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let kind = descriptor.get_field_by_name(&key).map(|field| field.kind());
            let value = match (kind, text.parse::<bool>(), text.parse::<i32>()) {
                (Some(Kind::Bool), Ok(flag), _) => Value::Bool(flag),
                (Some(Kind::Enum(_)), _, Ok(number)) => Value::from(number),
                _ => Value::String(text.into_owned()),
            };
            object.insert(key.into_owned(), value);
        }
        self.read(Value::Object(object).to_string().as_bytes())
    }

    fn descriptor<M: Name>(&self) -> Result<MessageDescriptor, Status> {
        let name = M::full_name();
        self.pool
            .get_message_by_name(&name)
            .ok_or_else(|| Status::internal(format!("no descriptor of {name}")))
    }
}
