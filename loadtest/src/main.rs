//! `wigwag-loadtest`: users that connect, subscribe, publish and wait for their own message, beside users of the REST
//! API, judged by thresholds. Takes goose's options; `--host http://…` names the server.
//!
//! `WIGWAG_TOKEN` is the connection token (none for an insecure server), `WIGWAG_API_KEY` the API key,
//! `WIGWAG_NAMESPACE` the prefix of the channels used (`demo`).

mod rest;
mod socket;

use goose::GooseAttack;
use goose::goose::Scenario;
use goose::prelude::*;

use rest::{health, history, publish};
use socket::{arrive, echo, leave};

/// What must hold, unless `--threshold` says otherwise. Generous, since they are judged on laptops and shared runners.
const BUDGETS: [&str; 4] = [
    "error-rate<0.1%",
    "p99<250ms for WS publish->delivery",
    "p99<500ms for WS connect",
    "p99<250ms for POST /api/publish",
];

#[tokio::main]
async fn main() -> Result<(), GooseError> {
    let mut attack = GooseAttack::initialize()?
        .register_scenario(connected_user()?)
        .register_scenario(back_end())
        .set_default(GooseDefault::Host, "http://127.0.0.1:8000")?
        .set_default(GooseDefault::Users, 50)?
        .set_default(GooseDefault::IncreaseRate, "25")?
        .set_default(GooseDefault::RunTime, 60)?
        .set_default(GooseDefault::NoTelnet, true)?
        .set_default(GooseDefault::NoResetMetrics, true)?;
    for budget in BUDGETS {
        attack = attack.set_default(GooseDefault::Threshold, budget)?;
    }
    attack.execute().await?;
    Ok(())
}

/// A user of an application: one connection, a channel of its own, a message now and then.
fn connected_user() -> Result<Scenario, GooseError> {
    Ok(scenario!("Echo")
        .set_weight(4)?
        .register_transaction(transaction!(arrive).set_on_start())
        .register_transaction(transaction!(echo))
        .register_transaction(transaction!(leave).set_on_stop()))
}

/// An application's back end.
fn back_end() -> Scenario {
    scenario!("BackEnd")
        .register_transaction(transaction!(health))
        .register_transaction(transaction!(publish))
        .register_transaction(transaction!(history))
}

/// The channel a user has for itself, or one that back ends share.
fn channel(name: &str) -> String {
    let namespace = std::env::var("WIGWAG_NAMESPACE").unwrap_or_else(|_| "demo".to_owned());
    format!("{namespace}:{name}")
}
