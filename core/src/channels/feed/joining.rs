//! How newcomers become members.

use std::sync::Arc;

use ports::channels::{Event, Position, Publication, StreamView};
use ports::protocol::ErrorCode;

use super::reading::Reading;
use super::{Admission, ChannelFeed, Effect, Join, Member, Seat, Stage};
use crate::channels::recovery::{Bounds, Verdict, recover};

impl ChannelFeed {
    pub(super) fn wait(&mut self, join: Join) {
        self.tickets += 1;
        let stage = Stage::Waiting {
            ticket: self.tickets,
            recover: join.recover,
            recovery_bytes_max: join.recovery_bytes_max,
            refuse_unrecoverable: join.refuse_unrecoverable,
        };
        let member = Member { join: join.join, positioned: join.positioned, notices: join.notices, stage };
        self.remove(join.seat);
        self.members.insert(join.seat, member);
        self.waiting += 1;
    }

    /// Without a stream there is nothing to read: attached is enough.
    pub(super) fn admit_without_stream(&mut self, effects: &mut Vec<Effect>) {
        if !self.attached || self.stream.is_some() {
            return;
        }
        for (seat, member) in &mut self.members {
            if matches!(member.stage, Stage::Waiting { .. }) {
                member.stage = Stage::Live { covered: 0 };
                let admission = Admission { position: None, recovered: None };
                effects.push(Effect::Admit { seat: *seat, join: member.join, outcome: Ok(admission) });
            }
        }
        self.waiting = 0;
    }

    pub(super) fn refuse_waiting(&mut self, error: ErrorCode, effects: &mut Vec<Effect>) {
        self.members.retain(|seat, member| {
            let waits = matches!(member.stage, Stage::Waiting { .. });
            if waits {
                effects.push(Effect::Admit { seat: *seat, join: member.join, outcome: Err(error) });
            }
            !waits
        });
        self.waiting = 0;
        self.recent.reset();
    }

    /// Answers those who waited before the read began. The view and what was handed out since then make one run up to
    /// the newest known offset, which each admission covers.
    pub(super) fn admit(&mut self, reading: &Reading, view: &StreamView, effects: &mut Vec<Effect>) {
        let Some(position) = &self.position else { return };
        let top = Position { offset: position.offset.max(view.top.offset), epoch: view.top.epoch.clone() };
        let run = self.run_with_recent(view);
        let complete = !reading.is_cut(view);

        let mut answered: Vec<(Seat, Result<Admission, ErrorCode>)> = Vec::new();
        for (seat, member) in &self.members {
            let Stage::Waiting { ticket, recover: wish, recovery_bytes_max, refuse_unrecoverable } =
                &member.stage
            else {
                continue;
            };
            if *ticket > reading.ticket {
                continue;
            }
            let own = self.limits.recovery;
            let bounds = Bounds { bytes_max: own.bytes_max.min(*recovery_bytes_max), ..own };
            let outcome = match wish {
                None => Ok(Admission { position: Some(top.clone()), recovered: None }),
                Some(wish) => match recover(wish, &run, &top, complete, bounds) {
                    Verdict::Unread => continue,
                    Verdict::Recovered(missed) => {
                        Ok(Admission { position: Some(top.clone()), recovered: Some(missed) })
                    }
                    Verdict::Lost if *refuse_unrecoverable => Err(ErrorCode::UnrecoverablePosition),
                    Verdict::Lost => Ok(Admission { position: Some(top.clone()), recovered: None }),
                },
            };
            answered.push((*seat, outcome));
        }
        for (seat, outcome) in answered {
            self.answer(seat, top.offset, outcome, effects);
        }
        if self.waiting == 0 {
            self.recent.reset();
        }
    }

    fn answer(
        &mut self,
        seat: Seat,
        covered: u64,
        outcome: Result<Admission, ErrorCode>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(member) = self.members.get_mut(&seat) else { return };
        let join = member.join;
        self.waiting -= 1;
        if outcome.is_ok() {
            member.stage = Stage::Live { covered };
        } else {
            self.members.remove(&seat);
        }
        effects.push(Effect::Admit { seat, join, outcome });
    }

    fn run_with_recent(&self, view: &StreamView) -> Vec<Arc<Publication>> {
        let mut run = view.publications.clone();
        for published in self.recent.iter() {
            if let Event::Publication(publication, Some(_)) = &published.event
                && publication.offset > view.top.offset
            {
                run.push(Arc::clone(publication));
            }
        }
        run
    }
}
