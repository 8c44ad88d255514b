//! The promises of [`ClientProtocol`]. An adapter's test says
//! `ports::protocol_contract!(fresh);`, where `fresh` makes a [`Dialect`].

mod hostile;
mod reading;
pub mod samples;
mod saying;
mod shapes;

use bytes::Bytes;

use crate::protocol::{ClientProtocol, Frames, Unspeakable};

pub use hostile::*;
pub use reading::*;
pub use saying::*;
pub use shapes::*;

/// Runs the suite; each case becomes a test of its own.
#[macro_export]
macro_rules! protocol_contract {
    ($fresh:path) => {
        $crate::protocol_contract!(@cases $fresh:
            the_offer_names_the_protocol
            an_empty_frame_is_malformed
            commands_are_read_as_they_are_meant
            commands_are_read_in_order_behind_what_is_there
            commands_before_a_broken_one_are_kept
            a_cut_command_never_panics
            random_bytes_never_panic
            mutated_commands_never_panic
            every_error_code_can_be_said
            every_push_can_be_said
            every_answer_can_be_said
            every_event_can_be_said
            the_same_is_said_the_same_way
            a_payload_that_is_not_json_is_unspeakable_in_text
            info_that_is_not_json_spoils_nothing
            newlines_in_payloads_do_not_split_text
            every_shape_can_be_said
            a_shape_concerns_publications_only
            a_patch_that_is_no_text_is_said_whole_in_text
            missed_publications_are_patched_for_subscribers_of_deltas_only
        );
    };
    (@cases $fresh:path: $($case:ident)+) => {
        $(
            #[test]
            fn $case() {
                $crate::contract::protocol::$case(&$fresh());
            }
        )+
    };
}

/// A protocol, and enough of its language to talk to it.
pub struct Dialect {
    /// What is tested.
    pub protocol: Box<dyn ClientProtocol>,
    /// How each of [`samples::commands`] is written, in their order; each is a frame of its own.
    pub commands: Vec<Vec<u8>>,
    /// A unit that no command can be read from.
    pub broken: &'static [u8],
    /// What stands between the units of one frame.
    pub separator: &'static [u8],
}

impl Dialect {
    /// Units as one frame.
    fn frame(&self, units: &[&[u8]]) -> Vec<u8> {
        units.join(self.separator)
    }

    /// All sample commands in one frame.
    fn sample_frame(&self) -> Vec<u8> {
        self.commands.join(self.separator)
    }
}

/// What every message has to be: there, and in text frames one line of UTF-8.
fn assert_said(dialect: &Dialect, said: &Result<Bytes, Unspeakable>) {
    assert!(said.is_ok(), "unspeakable");
    let bytes = said.clone().unwrap_or_default();

    assert!(!bytes.is_empty());
    match dialect.protocol.offer().frames {
        Frames::Text => {
            assert!(std::str::from_utf8(&bytes).is_ok(), "{bytes:?}");
            assert!(!bytes.contains(&b'\n') && !bytes.contains(&b'\r'), "{bytes:?}");
        }
        Frames::Binary => {}
    }
}
