//! Settings of proactive collection, as they are kept.

mod common;

use chrono::{TimeDelta, Utc};
use common::azurite::{free_port, sas_at};
use common::{Stack, operator};
use domain::DestinationKind;
use domain::settings::SettingsChange;
use engine::EngineError;

fn change(proactive_enabled: bool, destination: DestinationKind) -> SettingsChange {
    SettingsChange {
        proactive_enabled,
        destination,
        sas_url: None,
        identifiers: false,
    }
}

#[tokio::test]
async fn enabling_keeps_the_destination_the_consent_and_the_choice_of_identifiers() {
    let stack = Stack::new();
    let engine = stack.engine().await;
    let sas = sas_at(free_port(), "logs", "rwl", Utc::now() + TimeDelta::days(1));
    for identifiers in [true, false] {
        let change = SettingsChange {
            sas_url: Some(sas.clone()),
            identifiers,
            ..change(true, DestinationKind::SasUrl)
        };
        engine.save_settings(change, &operator()).await.unwrap();
        let settings = engine.settings().await.unwrap();
        assert!(settings.proactive_enabled);
        assert_eq!(settings.identifiers, identifiers);
        assert_eq!(settings.consent.unwrap().given_by, "operator");
        let place = settings.destination.unwrap().place;
        assert_eq!(place, "devstoreaccount1/logs");
    }
    let off = change(false, DestinationKind::SasUrl);
    engine.save_settings(off, &operator()).await.unwrap();
    let settings = engine.settings().await.unwrap();
    assert!(settings.consent.is_none(), "the consent is withdrawn");
    assert!(settings.destination.is_some(), "what is stored is kept");
    engine.close().await;
}

#[tokio::test]
async fn what_is_off_needs_no_sas_url_and_cannot_be_enabled_without_one() {
    let stack = Stack::new();
    let engine = stack.engine().await;
    let off = change(false, DestinationKind::SasUrl);
    engine.save_settings(off, &operator()).await.unwrap();
    let settings = engine.settings().await.unwrap();
    assert_eq!(settings.changed_by.as_deref(), Some("operator"));
    assert_eq!(settings.destination, None);
    let on = change(true, DestinationKind::SasUrl);
    let refused = engine.save_settings(on, &operator()).await;
    let Err(EngineError::Invalid(fields)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(fields[0].field, "sas_url");
    assert!(!engine.settings().await.unwrap().proactive_enabled);
    engine.close().await;
}
