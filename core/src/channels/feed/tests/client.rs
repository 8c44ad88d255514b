//! A client that keeps what it was sent last, and decodes.

use std::sync::Arc;

use ports::channels::{Form, Publication};

use super::driver::loud;
use crate::channels::feed::Join;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Everything,
    Deltas,
    Loud,
}

#[derive(Debug)]
pub(super) struct Client {
    want: Want,
    /// What it was sent last in this subscription, and nothing older.
    held: Option<Arc<Publication>>,
}

impl Client {
    pub(super) fn new(want: Want) -> Self {
        Self { want, held: None }
    }

    pub(super) fn asks(&self, join: &mut Join) {
        match self.want {
            Want::Everything => {}
            Want::Deltas => join.delta = true,
            Want::Loud => join.filter = loud(),
        }
    }

    pub(super) fn wants(&self, publication: &Publication) -> bool {
        self.want != Want::Loud || publication.tags.is_some()
    }

    pub(super) fn recovers(&mut self, publications: &[Arc<Publication>]) {
        assert!(publications.iter().all(|publication| self.wants(publication)));
        self.held = publications.last().cloned();
    }

    /// Panics if it could not decode what it is sent.
    pub(super) fn gets(&mut self, publication: &Arc<Publication>, form: &Form) {
        assert!(self.wants(publication), "does not pass");
        match form {
            Form::Plain => assert_ne!(self.want, Want::Deltas, "as it was published"),
            Form::Delta(None) => assert_eq!(self.want, Want::Deltas),
            Form::Delta(Some(base)) => {
                assert_eq!(self.want, Want::Deltas);
                assert!(publication.delta, "its publisher did not ask for the difference");
                assert_eq!(self.held.as_ref(), Some(base), "relative to what this client was not sent last");
            }
        }
        self.held = Some(Arc::clone(publication));
    }

    /// Whether the publication could be sent as a difference.
    pub(super) fn could_decode(&self, publication: &Publication) -> bool {
        self.want == Want::Deltas && publication.delta && self.held.is_some()
    }
}
