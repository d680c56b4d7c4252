//! Who asks: sign-in, sessions, and what keeps others from acting in a signed-in person's name.
//!
//! A request passes [`require_same_origin`], then [`resolve_viewer`]. What a person may do is
//! decided in each server function, not here.

mod cookie;
mod csrf;
mod next;
mod sign_in;
mod throttle;
mod viewer;

pub use cookie::SessionCookie;
pub use csrf::{PublicUrl, require_same_origin};
pub use next::is_local;
pub use sign_in::{set_theme, sign_in, sign_out};
pub use throttle::Throttle;
pub use viewer::{require_session, resolve_viewer};
