//! One client goes ahead and finds out what the server lets us do, so that what is missing is said at once and in words.

use std::sync::Arc;

use serde_json::json;

use crate::ear::{Ear, Seat};
use crate::ledger::{Journal, Ledger};
use crate::line::{Answer, Line};
use crate::refusal::{Refusal, Request};
use crate::scenarios::Kind;
use crate::stage::{Findings, Publishing};
use crate::tally::Course;
use crate::target::{Key, Target};
use crate::wire::{self, Past, Stamp};

/// Pages of health, of which the first that answers is used.
const HEALTH_PAGES: [&str; 3] = ["/livez", "/health", "/readyz"];

/// Scenarios in which somebody publishes.
const SPEAKING: [Kind; 5] =
    [Kind::FanOut, Kind::Channels, Kind::RecoveryStorm, Kind::SlowConsumers, Kind::Flood];

/// Finds out what can be played. An error is a fault: no server, or credentials that are wrong.
pub(crate) async fn scout(target: &Target) -> Result<Findings, String> {
    let mut findings = Findings::default();
    for page in HEALTH_PAGES {
        if findings.health.is_none() && target.get(page).await.is_ok() {
            findings.health = Some(page);
        }
    }
    if findings.health.is_none() {
        lack(&mut findings, &[Kind::Health], "no page of health answers");
    }
    back_end(target, &mut findings).await?;
    client(target, &mut findings).await?;
    Ok(findings)
}

async fn back_end(target: &Target, findings: &mut Findings) -> Result<(), String> {
    let channel = target.channel("scout");
    let body = json!({ "channel": channel, "data": {} });
    match target.api(Key::Ours, "publish", &body).await {
        Ok(_) => findings.api = true,
        Err(refusal @ Refusal::Status(401 | 403)) if target.has_key() => {
            return Err(format!("API: {refusal}: {}", refusal.advice(Request::Api)));
        }
        Err(refusal) => {
            let why = format!("API: {refusal}: {}", refusal.advice(Request::Subscribe(&channel)));
            let unknown = format!("API: {refusal}: {}", refusal.advice(Request::Api));
            let why = if matches!(refusal, Refusal::Error { .. }) { why } else { unknown };
            lack(findings, &[Kind::Api], &why);
        }
    }
    if !target.has_key() {
        lack(findings, &[Kind::Protected], "no --api-key to be protected by");
    }
    if findings.api {
        let history = json!({ "channel": channel, "limit": 1 });
        match target.api(Key::Ours, "history", &history).await {
            Ok(_) => findings.api_history = true,
            Err(refusal) => {
                let why = explain("API history", &refusal, Request::History(&channel));
                findings.parts.push((&[Kind::Api], why));
            }
        }
        match target.api(Key::Ours, "presence", &json!({ "channel": channel })).await {
            Ok(_) => findings.api_presence = true,
            Err(refusal) => {
                let why = explain("API presence", &refusal, Request::Presence(&channel));
                findings.parts.push((&[Kind::Api, Kind::Presence], why));
            }
        }
    }
    Ok(())
}

async fn client(target: &Target, findings: &mut Findings) -> Result<(), String> {
    let journal = Journal::new(&Arc::new(Ledger::default()), Kind::Health);
    let course = Arc::new(Course::new(target.channel("scout")));
    let channel = course.channel.as_str();
    let line = Line::connect(target, "load-scout", Ear::at(&journal, &Seat::new(&course))).await.map_err(
        |refusal| explain(&format!("connect to {}", target.socket_url()), &refusal, Request::Connect),
    )?;
    let publish = || wire::publish(channel, &Stamp { seq: 0, due: 0 }.payload(0));

    let unsubscribed = line.ask(publish()).await;
    let answer = line
        .ask(wire::subscribe(channel, Past::Kept))
        .await
        .map_err(|refusal| explain("subscribe", &refusal, Request::Subscribe(channel)))?;
    let subscribed = line.ask(publish()).await;
    findings.publishing = publishing(findings, channel, unsubscribed, subscribed);
    findings.recovery = answer.recoverable;
    if !answer.recoverable {
        let channel = Request::History(channel);
        let why = Refusal::Error { code: 108, message: String::new() }.advice(channel);
        lack(findings, &[Kind::RecoveryStorm], &format!("{why}, or allow_recovery (or force_recovery) is"));
    }
    match line.ask(wire::presence(channel)).await {
        Ok(_) => findings.clients_see_presence = true,
        Err(refusal) => {
            let why = explain("presence", &refusal, Request::Presence(channel));
            if findings.api_presence {
                findings.parts.push((&[Kind::Presence], why));
            } else {
                lack(findings, &[Kind::Presence], &why);
            }
        }
    }
    line.close().await;
    Ok(())
}

/// Who may publish, by what became of two attempts: before the client was subscribed, and after.
fn publishing(
    findings: &mut Findings,
    channel: &str,
    unsubscribed: Result<Answer, Refusal>,
    subscribed: Result<Answer, Refusal>,
) -> Publishing {
    let why = |refusal: &Refusal| explain("publish", refusal, Request::Publish(channel));
    match (unsubscribed, subscribed) {
        (Ok(_), Ok(_)) => Publishing::Clients,
        (Ok(_), Err(refusal)) => {
            findings.parts.push((&SPEAKING, format!("{}, once it is subscribed", why(&refusal))));
            Publishing::Clients
        }
        (Err(refusal), Ok(_)) => {
            findings.parts.push((&SPEAKING, format!("{}, unless it is subscribed", why(&refusal))));
            Publishing::Subscribers
        }
        (Err(_), Err(refusal)) if findings.api => {
            findings.parts.push((&SPEAKING, format!("{}; the API publishes instead", why(&refusal))));
            Publishing::BackEnds
        }
        (Err(_), Err(refusal)) => {
            lack(findings, &SPEAKING, &format!("{}; or give --api-key to publish by", why(&refusal)));
            Publishing::Nobody
        }
    }
}

fn explain(what: &str, refusal: &Refusal, request: Request<'_>) -> String {
    format!("{what}: {refusal}: {}", refusal.advice(request))
}

fn lack(findings: &mut Findings, kinds: &[Kind], why: &str) {
    for kind in kinds {
        findings.lacking.entry(*kind).or_insert_with(|| why.to_owned());
    }
}
