//! What clients want that the application's back end decides (P section 19).

use std::sync::Arc;

use bytes::Bytes;
use ports::channels::ChannelName;
use ports::hooks::{Asker, Consent, Event, HookError, Introduction, Question, Verdict, Visitor};
use ports::protocol::{Answer, ConnectRequest, ErrorCode};
use ports::time::Timestamp;

use super::subscribing::Ticket;
use super::task::{Permission, Task};
use super::{Effect, Job, Session, answer, refusal};

/// Names and values together of the headers that one client may claim.
const CLAIMED_BYTES_MAX: usize = 8 << 10;

/// What the back end is being asked for.
#[derive(Debug)]
pub(super) enum Asked {
    Connect { id: u32, request: Box<ConnectRequest> },
    Refresh,
    Subscribe(Box<Permission>),
    SubRefresh { channel: ChannelName, join: u32 },
    Publish { id: u32, channel: ChannelName, data: Bytes },
    Rpc { id: u32 },
}

pub(super) type Told = Result<Box<Verdict>, HookError>;

impl Session {
    /// Who asks is told with every question; the user from the second on.
    pub(super) fn ask(&mut self, now: Timestamp, event: Event, asked: Asked, effects: &mut Vec<Effect>) {
        let rare = self.rare.as_deref();
        let asker = Asker {
            client: self.client,
            user: self.user().cloned(),
            meta: rare.and_then(|rare| rare.meta.clone()),
            visitor: rare.and_then(|rare| rare.visitor.clone()),
        };
        let work = Job::Ask(Box::new(Question { asker, event }));
        self.run(now, Task::Asking(Box::new(asked)), work, effects);
    }

    /// A client without a token is the back end's to let in.
    pub(super) fn introduce(
        &mut self,
        now: Timestamp,
        id: u32,
        mut request: Box<ConnectRequest>,
        effects: &mut Vec<Effect>,
    ) {
        let resumed = request.subs.iter().filter(|(_, resume)| resume.recover.is_some());
        let introduction = Introduction {
            data: std::mem::take(&mut request.data),
            name: std::mem::take(&mut request.name),
            version: std::mem::take(&mut request.version),
            channels: resumed.map(|(channel, _)| channel.clone()).collect(),
        };
        let event = Event::Connect(Box::new(introduction));
        self.ask(now, event, Asked::Connect { id, request }, effects);
    }

    /// Headers that the client only says it has, where its request had none of that name; of a name the first counts. They
    /// are kept with the connection, so too much of them is refused (P-HOOK-7).
    pub(super) fn note_headers(&mut self, request: &mut ConnectRequest) -> Result<(), ErrorCode> {
        let settings = Arc::clone(&self.realm.settings);
        let mut claimed = std::mem::take(&mut request.headers);
        claimed.retain(|name, _| settings.hooks.believes(name));
        if claimed.is_empty() || !settings.asks_back_end() {
            return Ok(());
        }
        let bytes: usize = claimed.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > CLAIMED_BYTES_MAX {
            return Err(ErrorCode::BadRequest);
        }
        let visitor = self.rare.as_ref().and_then(|rare| rare.visitor.as_deref());
        let mut visitor = visitor.cloned().unwrap_or_default();
        for (name, value) in claimed {
            let name = name.to_ascii_lowercase();
            if !visitor.headers.iter().any(|(other, _)| *other == name) {
                visitor.headers.push((name, value));
            }
        }
        self.rare_mut().visitor = Some(Arc::<Visitor>::new(visitor));
        Ok(())
    }

    pub(super) fn ask_to_subscribe(
        &mut self,
        now: Timestamp,
        mut permission: Permission,
        effects: &mut Vec<Effect>,
    ) {
        let data = std::mem::take(&mut permission.request.data);
        let event = Event::Subscribe { channel: permission.channel.as_str().to_owned(), data };
        self.ask(now, event, Asked::Subscribe(Box::new(permission)), effects);
    }

    pub(super) fn ask_to_publish(
        &mut self,
        now: Timestamp,
        id: u32,
        channel: ChannelName,
        data: Bytes,
        effects: &mut Vec<Effect>,
    ) {
        let event = Event::Publish { channel: channel.as_str().to_owned(), data: data.clone() };
        self.ask(now, event, Asked::Publish { id, channel, data }, effects);
    }

    pub(super) fn rpc(
        &mut self,
        now: Timestamp,
        id: u32,
        method: String,
        data: Bytes,
        effects: &mut Vec<Effect>,
    ) {
        if !self.realm.settings.hooks.rpc {
            return effects.push(refusal(id, ErrorCode::NotAvailable));
        }
        self.ask(now, Event::Rpc { method, data }, Asked::Rpc { id }, effects);
    }

    /// The back end has spoken, or has failed to.
    pub(super) fn told(&mut self, now: Timestamp, asked: Asked, told: Told, effects: &mut Vec<Effect>) {
        match asked {
            Asked::Connect { id, request } => self.let_in(now, id, *request, told, effects),
            Asked::Refresh => {
                self.renewed(now, told, effects);
                self.renew(now, effects);
            }
            Asked::SubRefresh { channel, join } => {
                self.subscription_renewed(now, channel, join, told, effects);
                self.renew(now, effects);
            }
            Asked::Subscribe(permission) => self.allowed(now, *permission, told, effects),
            Asked::Publish { id, channel, data } => {
                self.revised(now, id, (channel, data), told, effects);
            }
            Asked::Rpc { id } => match self.consent(now, id, told, effects) {
                Some(Consent::Rpc(data)) => effects.push(answer(id, Answer::Rpc { data })),
                other => misunderstood(id, other.as_ref(), effects),
            },
        }
    }

    /// A back end that cannot be reached now can be later: clients come again by themselves (P-CONN-9).
    fn let_in(
        &mut self,
        now: Timestamp,
        id: u32,
        request: ConnectRequest,
        told: Told,
        effects: &mut Vec<Effect>,
    ) {
        match told.map(|verdict| *verdict) {
            Ok(Verdict::Granted(Consent::Connect(welcome))) => {
                let rare = self.rare_mut();
                (rare.is_welcome, rare.meta, rare.greeting) = (true, welcome.meta, welcome.data);
                self.renew_at(welcome.grant.expire_at);
                self.introduced(now, id, request.subs, welcome.grant, effects);
            }
            Ok(Verdict::Refused(error)) => self.refuse(now, id, error, effects),
            Ok(Verdict::Dismissed(disconnect)) => self.end(now, disconnect, effects),
            Ok(Verdict::Granted(_)) | Err(_) => self.refuse(now, id, ErrorCode::Internal, effects),
        }
    }

    fn allowed(&mut self, now: Timestamp, permission: Permission, told: Told, effects: &mut Vec<Effect>) {
        let id = permission.id;
        match self.consent(now, id, told, effects) {
            Some(Consent::Subscribe(admission)) => {
                let ticket =
                    Ticket { expire_at: admission.expire_at, details: admission.details, by_hook: true };
                self.plan(now, permission, ticket, effects);
            }
            other => misunderstood(id, other.as_ref(), effects),
        }
    }

    fn revised(
        &mut self,
        now: Timestamp,
        id: u32,
        (channel, data): (ChannelName, Bytes),
        told: Told,
        effects: &mut Vec<Effect>,
    ) {
        match self.consent(now, id, told, effects) {
            Some(Consent::Publish(mut revision)) => {
                let data = revision.data.take().unwrap_or(data);
                self.publish_revised(now, id, (channel, data), *revision, effects);
            }
            other => misunderstood(id, other.as_ref(), effects),
        }
    }

    /// What the back end agrees to. If it does not, the client hears so.
    fn consent(&mut self, now: Timestamp, id: u32, told: Told, effects: &mut Vec<Effect>) -> Option<Consent> {
        match told.map(|verdict| *verdict) {
            Ok(Verdict::Granted(consent)) => return Some(consent),
            Ok(Verdict::Refused(error)) => effects.push(refusal(id, error)),
            Ok(Verdict::Dismissed(disconnect)) => self.end(now, disconnect, effects),
            Err(_) => effects.push(refusal(id, ErrorCode::Internal)),
        }
        None
    }
}

/// An answer to another question is as good as none.
fn misunderstood(id: u32, consent: Option<&Consent>, effects: &mut Vec<Effect>) {
    if consent.is_some() {
        effects.push(refusal(id, ErrorCode::Internal));
    }
}
