//! Contract suites: every promise of a port as a test that each adapter runs.

pub mod broker;
pub mod presence;
pub mod protocol;
