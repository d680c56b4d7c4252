//! People and their sessions, as the portal and the command line ask for them.

use domain::people::{Actor, UserRole};

use super::Engine;
use crate::error::EngineError;
use crate::people::{self, SessionToken, SessionView, UserView};
use crate::store::PersonRow;

impl Engine {
    /// # Errors
    /// `Invalid` with fields `name` and `password`, or `Conflict` when the name is taken.
    pub async fn add_user(
        &self,
        name: &str,
        role: UserRole,
        password: &str,
        actor: &Actor,
    ) -> Result<(), EngineError> {
        people::add(&self.inner.store, name, role, password, actor).await
    }

    /// Removes a user and ends their sessions.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn remove_user(&self, name: &str, actor: &Actor) -> Result<(), EngineError> {
        if self.inner.store.remove_person(name, actor).await? {
            Ok(())
        } else {
            Err(EngineError::NotFound("the user"))
        }
    }

    /// # Errors
    /// `Internal`.
    pub async fn users(&self) -> Result<Vec<UserView>, EngineError> {
        let view = |person: PersonRow| UserView {
            name: person.name,
            role: person.role,
            created_at: person.created_at,
            last_sign_in_at: person.last_sign_in_at,
        };
        Ok(self
            .inner
            .store
            .people()
            .await?
            .into_iter()
            .map(view)
            .collect())
    }

    /// Makes the operator `admin` where nobody is known yet, and answers its password, once.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn create_first_operator(&self) -> Result<Option<String>, EngineError> {
        people::create_first_operator(&self.inner.store).await
    }

    /// `None`: wrong name or password. Both take the same work.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        address: Option<String>,
    ) -> Result<Option<SessionToken>, EngineError> {
        people::sign_in(&self.inner.store, name, password, address).await
    }

    /// Whose session this is; `None` when it has ended.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn session(&self, token: &str) -> Result<Option<SessionView>, EngineError> {
        people::session(&self.inner.store, token).await
    }

    /// # Errors
    /// `Internal`.
    pub async fn sign_out(&self, token: &str) -> Result<(), EngineError> {
        people::sign_out(&self.inner.store, token).await
    }
}
