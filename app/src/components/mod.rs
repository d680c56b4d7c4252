//! The component kit: native controls first, dressed by the style sheet, usable without
//! JavaScript. Nothing here knows a page.

mod banner;
mod checked;
mod choice;
mod copy;
mod destination;
mod field;
mod frame;
mod icon;
mod identifiers;
mod page;
mod popup;
mod progress;
mod sas_field;
mod state;
mod table;
mod time;

pub use banner::{ErrorPanel, FormError, Notice, Tone};
pub use checked::Checked;
pub use choice::{Choice, Choose};
pub use copy::CopyButton;
pub use destination::{DestinationRadio, Expiry, destination_line, needs_attention};
pub use field::{FieldError, server_message};
pub use frame::Frame;
pub use icon::{Icon, IconName};
pub use identifiers::{IDENTIFIERS_FIELD, Identifiers};
pub use page::{Card, Crumb, Fact, PageHeader, Waiting};
pub use popup::{ImpossibleButton, ImpossibleCommand, Popup, PopupButton};
pub use progress::CollectionProgress;
pub use sas_field::SasField;
pub use state::{KindPill, PartStateView, StateBadge};
pub use table::{CollectionRow, EmptyState, TableCard};
pub use time::{Time, TimeBeside, ZoneNote};
