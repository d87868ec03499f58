//! The packets of a macaroon in binary format V2: a header, caveats, a signature.

const END: u64 = 0;
const LOCATION: u64 = 1;
const IDENTIFIER: u64 = 2;
const VERIFICATION: u64 = 4;
const SIGNATURE: u64 = 6;

/// A macaroon taken apart.
pub(crate) struct Packets {
    pub location: Vec<u8>,
    pub id: Vec<u8>,
    pub caveats: Vec<Vec<u8>>,
    pub signature: Vec<u8>,
}

/// Writes what follows the format byte.
pub(crate) fn write(packets: &Packets, bytes: &mut Vec<u8>) {
    if !packets.location.is_empty() {
        put(bytes, LOCATION, &packets.location);
    }
    put(bytes, IDENTIFIER, &packets.id);
    prost::encoding::encode_varint(END, bytes);
    for caveat in &packets.caveats {
        put(bytes, IDENTIFIER, caveat);
        prost::encoding::encode_varint(END, bytes);
    }
    prost::encoding::encode_varint(END, bytes);
    put(bytes, SIGNATURE, &packets.signature);
}

fn put(bytes: &mut Vec<u8>, field: u64, data: &[u8]) {
    prost::encoding::encode_varint(field, bytes);
    prost::encoding::encode_varint(data.len() as u64, bytes);
    bytes.extend(data);
}

/// Reads what follows the format byte.
pub(crate) fn read(mut rest: &[u8]) -> Result<Packets, &'static str> {
    let header = section(&mut rest)?;
    let (location, id) = match header.as_slice() {
        [(LOCATION, location), (IDENTIFIER, id)] => (location.clone(), id.clone()),
        [(IDENTIFIER, id)] => (Vec::new(), id.clone()),
        _ => return Err("invalid macaroon header"),
    };
    let mut caveats = Vec::new();
    loop {
        let caveat = section(&mut rest)?;
        match caveat.as_slice() {
            [] => break,
            [(IDENTIFIER, condition)] => caveats.push(condition.clone()),
            // A caveat for a third party: lnd has no discharges, so it can never be satisfied.
            [.., (VERIFICATION, _)] => return Err("invalid field found in caveat"),
            _ => return Err("no identifier in caveat"),
        }
    }
    match packet(&mut rest)? {
        Some((SIGNATURE, signature)) if signature.len() == 32 => Ok(Packets {
            location,
            id,
            caveats,
            signature,
        }),
        Some((SIGNATURE, _)) => Err("signature has unexpected length"),
        _ => Err("unexpected field found instead of signature"),
    }
}

fn section(rest: &mut &[u8]) -> Result<Vec<(u64, Vec<u8>)>, &'static str> {
    let mut packets: Vec<(u64, Vec<u8>)> = Vec::new();
    loop {
        if rest.is_empty() {
            return Err("section extends past end of buffer");
        }
        let Some(next) = packet(rest)? else {
            return Ok(packets);
        };
        if packets.last().is_some_and(|last| last.0 >= next.0) {
            return Err("fields out of order");
        }
        packets.push(next);
    }
}

fn packet(rest: &mut &[u8]) -> Result<Option<(u64, Vec<u8>)>, &'static str> {
    let field = varint(rest)?;
    if field == END {
        return Ok(None);
    }
    let length = usize::try_from(varint(rest)?).map_err(|_| "varint value out of range")?;
    let Some((data, tail)) = rest.split_at_checked(length) else {
        return Err("field data extends past end of buffer");
    };
    *rest = tail;
    Ok(Some((field, data.to_vec())))
}

fn varint(rest: &mut &[u8]) -> Result<u64, &'static str> {
    prost::encoding::decode_varint(rest).map_err(|_| "varint value extends past end of buffer")
}
