//! One page a file; a page that grew has a folder.

mod collect;
mod collection;
mod history;
mod not_found;
mod overview;
mod pseudonyms;
mod settings;
mod sign_in;

pub use collect::{CollectPage, SendPage};
pub use collection::CollectionPage;
pub use history::HistoryPage;
pub use not_found::NotFoundPage;
pub use overview::OverviewPage;
pub use pseudonyms::PseudonymsPage;
pub use settings::SettingsPage;
pub use sign_in::SignInPage;
