//! Words and places of channels that several views share: commitment types, initiators, funding outputs.

use crate::transport::generated::lnrpc::{CommitmentType, Initiator};

/// The words of [`commitment_type`], for the schema's reader.
pub(super) fn commitment_type(number: i32) -> String {
    match CommitmentType::try_from(number) {
        Ok(CommitmentType::UnknownCommitmentType) => "unknown_commitment_type".to_owned(),
        Ok(CommitmentType::Legacy) => "legacy".to_owned(),
        Ok(CommitmentType::StaticRemoteKey) => "static_remote_key".to_owned(),
        Ok(CommitmentType::Anchors) => "anchors".to_owned(),
        Ok(CommitmentType::ScriptEnforcedLease) => "script_enforced_lease".to_owned(),
        Ok(CommitmentType::SimpleTaproot) => "simple_taproot".to_owned(),
        Ok(CommitmentType::SimpleTaprootOverlay) => "simple_taproot_overlay".to_owned(),
        Ok(CommitmentType::SimpleTaprootFinal) => "simple_taproot_final".to_owned(),
        Err(_) => format!("unknown_{number}"),
    }
}

/// Who began something: `local`, `remote`, `both`; none when lnd does not know.
pub(super) fn initiator(number: i32) -> Option<String> {
    match Initiator::try_from(number) {
        Ok(Initiator::Unknown) => None,
        Ok(Initiator::Local) => Some("local".to_owned()),
        Ok(Initiator::Remote) => Some("remote".to_owned()),
        Ok(Initiator::Both) => Some("both".to_owned()),
        Err(_) => Some(format!("unknown_{number}")),
    }
}

/// The funding output of a channel point `txid:index`.
pub(super) fn funding(channel_point: &str) -> (Option<String>, Option<u32>) {
    match channel_point.split_once(':') {
        Some((txid, index)) => (Some(txid.to_owned()), index.parse().ok()),
        None => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn funding_outputs_are_split() {
        assert_eq!(funding("ab:3"), (Some("ab".to_owned()), Some(3)));
        assert_eq!(funding(""), (None, None));
        assert_eq!(funding("ab:x"), (Some("ab".to_owned()), None));
    }

    #[test]
    fn unknown_numbers_are_kept() {
        assert_eq!(commitment_type(99), "unknown_99");
        assert_eq!(initiator(99).as_deref(), Some("unknown_99"));
        assert_eq!(initiator(0), None);
    }
}
