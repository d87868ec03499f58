//! The simulated Bitcoin chain: a height, a tip and the time of its header. Nothing is validated,
//! since no client of these daemons sees more of it than they tell.

use sha2::{Digest, Sha256};

use crate::clock;

/// High enough that coins of the first blocks would be mature and every soft fork active.
const FIRST_HEIGHT: u32 = 450;

/// The chain that all nodes follow.
pub(crate) struct Chain {
    height: u32,
    tip: [u8; 32],
    mined_at: i64,
}

impl Chain {
    /// A chain with some blocks, the last one mined just now.
    pub(crate) fn new() -> Self {
        let mut chain = Self {
            height: FIRST_HEIGHT,
            tip: [0; 32],
            mined_at: 0,
        };
        chain.mine(1);
        chain
    }

    /// Adds blocks.
    pub(crate) fn mine(&mut self, blocks: u32) {
        for _ in 0..blocks {
            self.height += 1;
            self.mined_at = clock::unix_seconds();
            let mut header = Sha256::new();
            header.update(self.tip);
            header.update(self.height.to_le_bytes());
            header.update(self.mined_at.to_le_bytes());
            self.tip = header.finalize().into();
        }
    }

    /// The height of the tip.
    pub(crate) fn height(&self) -> u32 {
        self.height
    }

    /// The hash of the tip as it is displayed.
    pub(crate) fn tip(&self) -> String {
        hex::encode(self.tip)
    }

    /// When the tip was mined, in unix seconds.
    pub(crate) fn mined_at(&self) -> i64 {
        self.mined_at
    }
}
