//! Which news of an invoice is told, skipped, or shows that something is missing: played against a model
//! of lnd that adds and settles at random while the stream comes and goes.

use super::*;

fn invoice(add_index: u64, settle_index: u64) -> Invoice {
    let state = if settle_index > 0 {
        InvoiceState::Settled
    } else {
        InvoiceState::Open
    };
    Invoice {
        add_index,
        settle_index,
        state: state as i32,
        ..Invoice::default()
    }
}

fn marks(added: u64, settled: u64) -> Marks {
    Marks { added, settled }
}

#[test]
fn reported_ones_are_told_in_turn() {
    let told =
        |added, settled, add, settle| marks(added, settled).judge_reported(&invoice(add, settle));
    assert_eq!(told(4, 2, 5, 0), Verdict::Tell("added", marks(5, 2)));
    assert_eq!(told(4, 2, 4, 0), Verdict::Known);
    assert_eq!(told(4, 2, 3, 3), Verdict::Tell("settled", marks(4, 3)));
    assert_eq!(told(4, 2, 3, 2), Verdict::Known);
    assert_eq!(told(4, 0, 3, 1), Verdict::Tell("settled", marks(4, 1)));
}

#[test]
fn what_comes_out_of_turn_shows_a_gap() {
    let told =
        |added, settled, add, settle| marks(added, settled).judge_reported(&invoice(add, settle));
    assert_eq!(
        told(4, 2, 6, 0),
        Verdict::Gap,
        "an invoice before it is missing"
    );
    assert_eq!(
        told(4, 2, 5, 3),
        Verdict::Gap,
        "settled before its adding was told"
    );
    assert_eq!(
        told(4, 0, 3, 2),
        Verdict::Gap,
        "the first settlement is missing"
    );
}

#[test]
fn the_list_tells_what_was_added_and_the_first_settlement_alone() {
    let told =
        |added, settled, add, settle| marks(added, settled).judge_listed(&invoice(add, settle));
    assert_eq!(told(4, 2, 9, 0), Verdict::Tell("added", marks(9, 2)));
    assert_eq!(told(4, 2, 4, 0), Verdict::Known);
    assert_eq!(told(4, 2, 9, 3), Verdict::Known, "left to lnd's replay");
    assert_eq!(told(4, 0, 2, 1), Verdict::Tell("settled", marks(4, 1)));
    assert_eq!(told(4, 0, 9, 2), Verdict::Known);
}

#[test]
fn before_the_first_settlement_the_last_invoice_proves_the_subscription() {
    let request = |added, settled| {
        let source = Invoices {
            marks: marks(added, settled),
            next_look: LOOK_AGAIN,
        };
        let request = source.subscription();
        (request.add_index, request.settle_index)
    };
    assert_eq!(request(7, 0), (6, 0));
    assert_eq!(request(7, 3), (7, 3));
    assert_eq!(request(0, 0), (0, 0));
    assert!(marks(0, 1).needs_proof() && marks(1, 0).needs_proof());
    assert!(!marks(1, 1).needs_proof());
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// lnd's books, and what one subscriber of it still has to be sent.
#[derive(Default)]
struct Lnd {
    /// Settle index of each invoice; its place is the add_index less one.
    invoices: Vec<u64>,
    settlements: u64,
    /// Whether invoices come and are paid while the list is read.
    busy: bool,
    queue: Option<std::collections::VecDeque<Invoice>>,
}

impl Lnd {
    fn report(&mut self, invoice: Invoice) {
        if let Some(queue) = &mut self.queue {
            queue.push_back(invoice);
        }
    }

    fn act(&mut self, numbers: &mut Numbers) {
        let open: Vec<usize> = (0..self.invoices.len())
            .filter(|place| self.invoices[*place] == 0)
            .collect();
        if open.is_empty() || numbers.below(2) == 0 {
            self.invoices.push(0);
            self.report(invoice(self.invoices.len() as u64, 0));
        } else {
            let place = open[numbers.below(open.len() as u64) as usize];
            self.settlements += 1;
            self.invoices[place] = self.settlements;
            self.report(invoice(place as u64 + 1, self.settlements));
        }
    }

    /// lnd's own replay: later additions, as they are now, then later settlements in their order.
    fn subscribe(&mut self, request: &InvoiceSubscription) {
        let all = || {
            (1..)
                .zip(&self.invoices)
                .map(|(add, settle)| invoice(add, *settle))
        };
        let mut queue: std::collections::VecDeque<_> = all()
            .filter(|one| request.add_index > 0 && one.add_index > request.add_index)
            .collect();
        let mut settled: Vec<_> = all()
            .filter(|one| request.settle_index > 0 && one.settle_index > request.settle_index)
            .collect();
        settled.sort_by_key(|one| one.settle_index);
        queue.extend(settled);
        self.queue = Some(queue);
    }
}

/// The stream without its connection: the same decisions, and what it told.
struct Told {
    source: Invoices,
    items: Vec<(&'static str, u64, u64)>,
}

impl Told {
    fn tell(&mut self, event: &'static str, marks: Marks, one: &Invoice) -> bool {
        self.items.push((event, one.add_index, one.settle_index));
        self.source.accept(marks)
    }

    fn read_list(&mut self, lnd: &mut Lnd, numbers: &mut Numbers, from: u64) -> bool {
        let mut later = false;
        let mut place = from as usize;
        while place < lnd.invoices.len() {
            let one = invoice(place as u64 + 1, lnd.invoices[place]);
            later |= one.settle_index > 1;
            let added = self.source.marks.added.max(one.add_index);
            if let Verdict::Tell(event, marks) = self.source.marks.judge_listed(&one) {
                self.tell(event, marks, &one);
            }
            self.source.marks.added = added;
            if lnd.busy && numbers.below(4) == 0 {
                lnd.act(numbers);
            }
            place += 1;
        }
        later
    }

    fn catch_up(&mut self, lnd: &mut Lnd, numbers: &mut Numbers) {
        let from = match self.source.marks.settled {
            0 => 0,
            _ => self.source.marks.added,
        };
        let later = self.read_list(lnd, numbers, from);
        if later && self.source.marks.settled == 0 {
            self.read_list(lnd, numbers, 0);
            self.source.marks.settled = 1;
        }
    }
}

fn play(seed: u64) {
    let mut numbers = Numbers(seed);
    let mut lnd = Lnd {
        busy: true,
        ..Lnd::default()
    };
    let source = Invoices {
        marks: marks(0, 0),
        next_look: LOOK_AGAIN,
    };
    let mut told = Told {
        source,
        items: Vec::new(),
    };
    for _ in 0..60 {
        for _ in 0..numbers.below(4) {
            lnd.act(&mut numbers);
        }
        told.catch_up(&mut lnd, &mut numbers);
        // Between the list and the subscription anything may happen.
        for _ in 0..numbers.below(3) {
            lnd.act(&mut numbers);
        }
        lnd.subscribe(&told.source.subscription());
        for _ in 0..numbers.below(12) {
            if numbers.below(2) == 0 {
                lnd.act(&mut numbers);
            }
            let Some(one) = lnd.queue.as_mut().and_then(|queue| queue.pop_front()) else {
                continue;
            };
            match told.source.marks.judge_reported(&one) {
                Verdict::Known => {}
                Verdict::Gap => break,
                Verdict::Tell(event, marks) => {
                    if told.tell(event, marks, &one) {
                        break;
                    }
                }
            }
        }
        lnd.queue = None;
    }
    finish(&mut told, &mut lnd);
    check(&told, &lnd, seed);
}

/// Lets the stream come to rest while nothing happens any more.
fn finish(told: &mut Told, lnd: &mut Lnd) {
    lnd.busy = false;
    for _ in 0..10 {
        told.catch_up(lnd, &mut Numbers(1));
        lnd.subscribe(&told.source.subscription());
        let queue = lnd.queue.take().unwrap();
        let gap = queue
            .iter()
            .any(|one| match told.source.marks.judge_reported(one) {
                Verdict::Known => false,
                Verdict::Gap => true,
                Verdict::Tell(event, marks) => told.tell(event, marks, one),
            });
        if !gap {
            return;
        }
    }
    panic!("it never comes to rest");
}

fn check(told: &Told, lnd: &Lnd, seed: u64) {
    let settled: Vec<u64> = told
        .items
        .iter()
        .filter(|(event, ..)| *event == "settled")
        .map(|(_, _, settle)| *settle)
        .collect();
    let wanted: Vec<u64> = (1..=lnd.settlements).collect();
    assert_eq!(
        settled, wanted,
        "every settlement once, in order; seed {seed}"
    );
    for (add, settle) in (1..).zip(&lnd.invoices) {
        let times = |wanted: &str| {
            let alike = told
                .items
                .iter()
                .filter(|(event, one, _)| *event == wanted && *one == add);
            alike.count()
        };
        assert!(times("added") <= 1, "told twice: {add}, seed {seed}");
        assert!(
            times("added") == 1 || *settle > 0,
            "not told: {add}, seed {seed}"
        );
    }
    let (added, settled) = (lnd.invoices.len() as u64, lnd.settlements);
    assert_eq!(told.source.marks, marks(added, settled), "seed {seed}");
}

#[test]
fn nothing_is_lost_and_nothing_told_twice() {
    for seed in 1..=300_u64 {
        play(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    }
}
