//! The wait of a call in the line of its lane.

use super::admission::NotAdmitted;
use super::call::Call;
use super::lanes::Entry;
use super::outcome::Fault;

impl Call {
    /// Takes the call's place in its lane, waiting in line if need be. A call that gets none is barred:
    /// it runs all the same, so that its method says what is known about earlier tries, and sends
    /// nothing.
    pub(crate) async fn take_place(&self, entry: Entry) {
        let turn = match entry {
            Entry::Place(place) => return self.hold(place),
            Entry::Line(turn) => turn,
        };
        match self.within(turn.wait()).await {
            Ok(place) => place.into_iter().for_each(|place| self.hold(place)),
            Err(Fault::DeadlineExceeded) => {
                turn.note_refused();
                self.bar(NotAdmitted::late(turn.lane(), turn.limit()));
            }
            // Its first request will find that it is over.
            Err(_) => return,
        }
        drop(turn);
        // The daemon may have gone while the call stood in line.
        if let Some(Err(refusal)) = self.policies().map(|policies| policies.admit()) {
            self.bar(refusal);
        }
    }
}
