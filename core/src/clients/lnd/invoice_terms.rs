//! What an invoice is to say: the parameters of those methods that make one, checked and in lnd's units.

use crate::clients::json::{Millisatoshis, Satoshis};
use crate::error::{Error, Status};
use crate::transport::generated::lnrpc::Invoice;
use crate::transport::generated::lnrpc::invoice::InvoiceState;

const DEFAULT_EXPIRY: u32 = 3600;
const LONGEST_EXPIRY: u32 = 365 * 24 * 60 * 60;
/// BOLT11 has room for no more, whatever lnd says (1024).
const LONGEST_MEMO: usize = 639;

/// The parameters as they were given.
pub(super) struct Asked<'a> {
    pub(super) amount: Option<Satoshis>,
    pub(super) amount_msat: Option<Millisatoshis>,
    pub(super) any_amount: bool,
    pub(super) memo: Option<&'a str>,
    pub(super) expiry: Option<u32>,
    pub(super) private: bool,
    pub(super) cltv_expiry: Option<u32>,
    /// Whether the payee decides later.
    pub(super) hold: bool,
}

/// The parameters, checked.
pub(super) struct Terms {
    pub(super) value_msat: i64,
    pub(super) memo: String,
    pub(super) expiry: i64,
    pub(super) private: bool,
    /// 0: lnd's default.
    pub(super) cltv_expiry: u64,
    hold: bool,
}

impl Terms {
    pub(super) fn check(asked: &Asked<'_>) -> Result<Self, Error> {
        let value_msat = value_msat(asked)?;
        let memo = asked.memo.unwrap_or_default();
        if memo.len() > LONGEST_MEMO {
            return Err(invalid(
                "memo",
                format!("{} bytes long", memo.len()),
                "shorten it to 639 bytes",
            ));
        }
        let expiry = asked.expiry.unwrap_or(DEFAULT_EXPIRY);
        if !(1..=LONGEST_EXPIRY).contains(&expiry) {
            return Err(invalid(
                "expiry",
                format!("{expiry} seconds"),
                "give 1 to 31536000 seconds (one year)",
            ));
        }
        Ok(Self {
            value_msat: i64::try_from(value_msat).unwrap_or(i64::MAX),
            memo: memo.to_owned(),
            expiry: i64::from(expiry),
            private: asked.private,
            cltv_expiry: u64::from(asked.cltv_expiry.unwrap_or(0)),
            hold: asked.hold,
        })
    }

    /// The parameter in which an existing invoice differs.
    pub(super) fn difference(&self, invoice: &Invoice) -> Option<&'static str> {
        let settled = invoice.state == InvoiceState::Settled as i32;
        // lnd knows the preimage of an ordinary invoice from the start, that of a hold invoice not before
        // it is settled.
        let held = invoice.r_preimage.iter().all(|byte| *byte == 0);
        if !settled && held != self.hold {
            Some("kind (one of the two is a hold invoice)")
        } else if invoice.value_msat != self.value_msat {
            Some("amount")
        } else if invoice.memo != self.memo {
            Some("memo")
        } else if invoice.expiry != self.expiry {
            Some("expiry")
        } else if self.cltv_expiry != 0 && invoice.cltv_expiry != self.cltv_expiry {
            Some("cltv_expiry")
        } else {
            None
        }
    }
}

fn value_msat(asked: &Asked<'_>) -> Result<u64, Error> {
    let value_msat = match (asked.amount, asked.amount_msat) {
        (Some(_), Some(_)) => {
            return Err(invalid(
                "amount",
                "given beside amount_msat",
                "give one of the two",
            ));
        }
        (Some(amount), None) => amount.in_millisatoshis(),
        (None, Some(amount)) => amount.0,
        (None, None) if asked.any_amount => 0,
        (None, None) => {
            return Err(invalid(
                "amount",
                "missing",
                "give amount in satoshis, or any_amount: true to let the payer choose",
            ));
        }
    };
    if value_msat == 0 && !asked.any_amount {
        return Err(invalid(
            "amount",
            "0 without any_amount",
            "give 1 satoshi or more, or any_amount: true to let the payer choose",
        ));
    }
    if value_msat > 0 && asked.any_amount {
        return Err(invalid(
            "any_amount",
            "true beside an amount",
            "leave any_amount out, or give no amount",
        ));
    }
    Ok(value_msat)
}

fn invalid(field: &str, wrong: impl std::fmt::Display, valid: &str) -> Error {
    Error::local(
        Status::InvalidArgument,
        format!("field `{field}`: {wrong}"),
        valid.to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(hold: bool, cltv_expiry: Option<u32>) -> Terms {
        Terms::check(&Asked {
            amount: Some(Satoshis(21)),
            amount_msat: None,
            any_amount: false,
            memo: Some("tea"),
            expiry: None,
            private: false,
            cltv_expiry,
            hold,
        })
        .unwrap()
    }

    fn held() -> Invoice {
        Invoice {
            value_msat: 21_000,
            memo: "tea".to_owned(),
            expiry: 3600,
            cltv_expiry: 80,
            ..Invoice::default()
        }
    }

    #[test]
    fn the_same_terms_are_no_conflict_and_each_other_one_is_named() {
        let terms = terms(true, Some(80));
        assert_eq!(terms.difference(&held()), None);
        let changed = |change: fn(&mut Invoice)| {
            let mut invoice = held();
            change(&mut invoice);
            terms.difference(&invoice)
        };
        assert_eq!(changed(|invoice| invoice.value_msat = 1), Some("amount"));
        assert_eq!(changed(|invoice| invoice.memo.clear()), Some("memo"));
        assert_eq!(changed(|invoice| invoice.expiry = 1), Some("expiry"));
        assert_eq!(
            changed(|invoice| invoice.cltv_expiry = 1),
            Some("cltv_expiry")
        );
    }

    #[test]
    fn an_ordinary_invoice_is_not_taken_for_a_hold_invoice() {
        let mut invoice = held();
        invoice.r_preimage = vec![7; 32];
        assert!(terms(true, None).difference(&invoice).is_some());
        assert_eq!(terms(false, None).difference(&invoice), None);
        assert!(terms(false, None).difference(&held()).is_some());
        // Settled, both kinds have one.
        invoice.state = InvoiceState::Settled as i32;
        assert_eq!(terms(true, None).difference(&invoice), None);
    }
}
