//! What people agree to, word for word, and in which version.
//!
//! A consent record names the version; a changed text gets a new version and never reuses one.

/// Version of both texts below.
pub const VERSION: &str = "2026-11";

/// Shown beside *Collect and upload*.
pub const COLLECT: &str = "By collecting you agree that these logs are sent to the destination you chose and kept \
     there for troubleshooting, for at most 90 days after the support case is closed. They are never used for \
     marketing.";

/// Shown beside *Enable* in Settings.
pub const PROACTIVE: &str = "By enabling proactive log collection you agree that logs are collected without asking \
     again when one of the listed health alerts is raised, sent to the destination below and kept there for \
     troubleshooting, for at most 90 days after the support case is closed. You can withdraw this at any time; \
     logs already sent stay where they are.";

/// What a consent was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentScope {
    /// One collection.
    Collection,
    /// Proactive collection, until disabled.
    Proactive,
}

impl ConsentScope {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Collection => "collection",
            Self::Proactive => "proactive",
        }
    }
}
