//! Reading a stored delivery.

use crate::{
    github,
    model::{Apply, DeliveryRow, Event, Source},
};

/// What a delivery's body turned out to be.
pub(super) enum Reading {
    /// Something to judge.
    Event(Event),
    /// Nothing that a rule can listen to.
    Unused,
    /// Not to be understood; in words, why.
    Unreadable(String),
}

/// Reads a delivery's body.
pub(super) fn read(delivery: &DeliveryRow, body: &[u8]) -> Reading {
    let own =
        |error: serde_json::Error| Reading::Unreadable(format!("the stored body cannot be read: {error}"));
    match (delivery.source, delivery.event.as_str()) {
        (Source::Schedule, _) => match serde_json::from_slice(body) {
            Ok(pass) => Reading::Event(Event::Schedule(pass)),
            Err(error) => own(error),
        },
        (Source::Command, Apply::EVENT) => match serde_json::from_slice(body) {
            Ok(apply) => Reading::Event(Event::Apply(Box::new(apply))),
            Err(error) => own(error),
        },
        (Source::Command, _) => match serde_json::from_slice(body) {
            Ok(command) => Reading::Event(Event::Command(Box::new(command))),
            Err(error) => own(error),
        },
        (Source::Webhook | Source::Recovery, event) => {
            let read = match github::read(event, body) {
                Ok(Some(event)) => Ok(Some(Event::GitHub(Box::new(event)))),
                Ok(None) => {
                    github::read_pull(event, body).map(|event| event.map(|it| Event::Pull(Box::new(it))))
                }
                Err(unreadable) => Err(unreadable),
            };
            match read {
                Ok(Some(event)) => Reading::Event(event),
                Ok(None) => Reading::Unused,
                Err(unreadable) => Reading::Unreadable(unreadable.to_string()),
            }
        }
    }
}
