//! What is compared, and under which conditions.

/// Who makes the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    Library,
    TonicAsync,
    TonicBlocking,
}

impl Variant {
    pub const ALL: [Self; 3] = [Self::TonicAsync, Self::TonicBlocking, Self::Library];

    pub fn title(self) -> &'static str {
        match self {
            Self::Library => "**libarkgrpc from C, threads, JSON out**",
            Self::TonicAsync => "raw tonic, tasks on a current-thread runtime (reference)",
            Self::TonicBlocking => "raw tonic, threads on `Handle::block_on`, 2 workers",
        }
    }
}

/// How many call at a time, and where they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    OneCaller,
    OneCallerOneCore,
    ManyCallers,
}

impl Scenario {
    pub const ALL: [Self; 3] = [Self::OneCaller, Self::OneCallerOneCore, Self::ManyCallers];

    pub fn title(self) -> &'static str {
        match self {
            Self::OneCaller => "1 caller, free placement",
            Self::OneCallerOneCore => "1 caller, client and daemon on one core",
            Self::ManyCallers => "64 callers, free placement",
        }
    }

    pub fn callers(self) -> usize {
        match self {
            Self::OneCaller | Self::OneCallerOneCore => 1,
            Self::ManyCallers => 64,
        }
    }

    pub fn on_one_core(self) -> bool {
        self == Self::OneCallerOneCore
    }
}
