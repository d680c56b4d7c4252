//! Who calls, and whether they may: the first line of every server function.

use domain::people::Actor;
use engine::Engine;
use leptos::prelude::use_context;

use crate::context::Viewer;
use crate::error::AppError;

/// Somebody who may do what was asked, and the engine that does it.
pub struct Caller {
    pub engine: Engine,
    pub actor: Actor,
}

/// Anybody who is signed in.
///
/// # Errors
/// `Unauthenticated`.
pub fn require_signed_in() -> Result<Caller, AppError> {
    let actor = use_context::<Viewer>()
        .and_then(|viewer| viewer.actor)
        .ok_or_else(|| AppError::Unauthenticated.answered())?;
    let engine = use_context::<Engine>().ok_or_else(|| {
        AppError::Unavailable("The portal is not ready yet. Try again in a moment.".to_owned())
            .answered()
    })?;
    Ok(Caller { engine, actor })
}

/// An operator.
///
/// # Errors
/// `Unauthenticated`, or `Forbidden` for everybody else.
pub fn require_operator() -> Result<Caller, AppError> {
    let caller = require_signed_in()?;
    if caller.actor.role.may_operate() {
        Ok(caller)
    } else {
        Err(AppError::Forbidden.answered())
    }
}
