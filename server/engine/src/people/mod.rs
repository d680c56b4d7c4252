//! Passwords and sessions. What is stored opens nothing: an argon2id hash and a token's hash.

use std::fmt;
use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use chrono::{DateTime, TimeDelta, Utc};
use domain::people::{Actor, MAX_USER_NAME_CHARS, UserRole, is_user_name};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::error::EngineError;
use crate::secrets::{self, to_hex};
use crate::store::{PersonRow, Store};

/// Shorter passwords are refused.
const MIN_PASSWORD_CHARS: usize = 12;
const MAX_PASSWORD_BYTES: usize = 1024;
/// Passwords hashed at once. Each takes 19 MiB and a core; the others wait their turn.
const MOST_HASHED_AT_ONCE: usize = 4;
/// A session ends after this long without a request, and after this long in any case.
const IDLE: TimeDelta = TimeDelta::hours(12);
const LIFE: TimeDelta = TimeDelta::days(7);
/// `seen_at` is not written for each request.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(5);

/// Opens a session; shown once, to the browser. `Debug` hides it.
pub struct SessionToken(String);

impl SessionToken {
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(‹secret›)")
    }
}

/// Who a session belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    pub name: String,
    pub role: UserRole,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    pub name: String,
    pub role: UserRole,
    pub created_at: DateTime<Utc>,
    pub last_sign_in_at: Option<DateTime<Utc>>,
}

pub(crate) async fn add(
    store: &Store,
    name: &str,
    role: UserRole,
    password: &str,
    actor: &Actor,
) -> Result<(), EngineError> {
    check_name(name)?;
    check_password(password)?;
    let password_hash = hash(password.to_owned()).await?;
    let person = PersonRow {
        name: name.to_owned(),
        role,
        password_hash,
        created_at: Utc::now(),
        last_sign_in_at: None,
    };
    if store.insert_person(&person, actor).await? {
        Ok(())
    } else {
        Err(EngineError::Conflict(format!(
            "There is already a user named {name}."
        )))
    }
}

/// Makes the operator `admin` where there is no operator, and answers its password.
pub(crate) async fn create_first_operator(store: &Store) -> Result<Option<String>, EngineError> {
    let people = store.people().await?;
    if people
        .iter()
        .any(|person| person.role == UserRole::Operator)
    {
        return Ok(None);
    }
    let password = to_hex(&secrets::random::<12>().map_err(EngineError::internal)?);
    let actor = Actor {
        name: "first start".to_owned(),
        role: UserRole::Operator,
        address: None,
    };
    match add(store, "admin", UserRole::Operator, &password, &actor).await {
        Ok(()) => Ok(Some(password)),
        // another process was faster
        Err(EngineError::Conflict(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `None`: no such name, or another password. Both take the same work.
pub(crate) async fn sign_in(
    store: &Store,
    name: &str,
    password: &str,
    address: Option<String>,
) -> Result<Option<SessionToken>, EngineError> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Ok(None);
    }
    let person = store.person(name).await?;
    let stored = person
        .as_ref()
        .map_or_else(|| NOBODY.clone(), |person| person.password_hash.clone());
    let right = verify(password.to_owned(), stored).await?;
    let Some(person) = person.filter(|_| right) else {
        return Ok(None);
    };
    let token = SessionToken(to_hex(
        &secrets::random::<32>().map_err(EngineError::internal)?,
    ));
    let actor = Actor {
        name: person.name,
        role: person.role,
        address,
    };
    store.insert_session(&token_hash(&token.0), &actor).await?;
    let now = Utc::now();
    store.remove_stale_sessions(now - IDLE, now - LIFE).await?;
    Ok(Some(token))
}

pub(crate) async fn session(
    store: &Store,
    token: &str,
) -> Result<Option<SessionView>, EngineError> {
    let hash = token_hash(token);
    let Some(session) = store.find_session(&hash).await? else {
        return Ok(None);
    };
    let now = Utc::now();
    if now - session.seen_at > IDLE || now - session.created_at > LIFE {
        store.remove_session(&hash).await?;
        return Ok(None);
    }
    if now - session.seen_at > TOUCH_EVERY {
        store.touch_session(&hash).await?;
    }
    Ok(Some(SessionView {
        name: session.person,
        role: session.role,
    }))
}

pub(crate) async fn sign_out(store: &Store, token: &str) -> Result<(), EngineError> {
    Ok(store.remove_session(&token_hash(token)).await?)
}

fn check_name(name: &str) -> Result<(), EngineError> {
    if !is_user_name(name) {
        return Err(EngineError::invalid(
            "name",
            format!("A user name has 1 to {MAX_USER_NAME_CHARS} letters, digits and . _ - @."),
        ));
    }
    Ok(())
}

fn check_password(password: &str) -> Result<(), EngineError> {
    if password.chars().count() < MIN_PASSWORD_CHARS || password.len() > MAX_PASSWORD_BYTES {
        return Err(EngineError::invalid(
            "password",
            format!("A password has at least {MIN_PASSWORD_CHARS} characters."),
        ));
    }
    Ok(())
}

/// Tokens are random, so that a plain hash does.
fn token_hash(token: &str) -> String {
    to_hex(&Sha256::digest(token.as_bytes()))
}

/// The hash of a password that nobody has: what an unknown name is checked against.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    Argon2::default()
        .hash_password(b"nobody has this password")
        .map(|hash| hash.to_string())
        .unwrap_or_default()
});

async fn hash(password: String) -> Result<String, EngineError> {
    blocking(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
    })
    .await?
    .map_err(|error| EngineError::internal(error.to_string()))
}

async fn verify(password: String, stored: String) -> Result<bool, EngineError> {
    blocking(move || {
        PasswordHash::new(&stored).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        })
    })
    .await
}

static HASHING: Semaphore = Semaphore::const_new(MOST_HASHED_AT_ONCE);

/// Hashing takes tens of milliseconds of a core by design: not on the threads that serve, and
/// never so many at once that a flood of attempts takes the machine's memory.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EngineError> {
    let permit = HASHING.acquire().await.map_err(EngineError::internal)?;
    let done = tokio::task::spawn_blocking(move || {
        // until the work is done, even where nobody waits for it any more
        let _permit = permit;
        work()
    });
    done.await.map_err(EngineError::internal)
}
