//! What a collection would amount to, before it is asked for.

use domain::estimate::{Estimate, Volume};
use domain::preview::Preview;

use super::Engine;
use crate::error::EngineError;
use crate::estimate::EstimateRequest;
use crate::preview::PreviewRequest;

impl Engine {
    /// What a collection would amount to. Dropping the future ends the look.
    ///
    /// # Errors
    /// `Invalid` with the fields `start`, `end`, `roles`, `nodes` and `kinds`.
    pub async fn estimate(&self, request: EstimateRequest) -> Result<Estimate, EngineError> {
        self.inner.estimate(request).await
    }

    /// What redaction would take out of a part of each role. Dropping the future ends the look.
    ///
    /// # Errors
    /// `Invalid` with the fields `start`, `end` and `roles`.
    pub async fn preview(&self, request: PreviewRequest) -> Result<Preview, EngineError> {
        self.inner.preview(request).await
    }

    /// How much each role has logged, step by step, as far back as a window may reach. Dropping
    /// the future ends the look.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn volume(&self) -> Result<Volume, EngineError> {
        self.inner.volume().await
    }
}
