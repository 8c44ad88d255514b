//! Sessions and feeds together on one thread.

mod closing;
mod delivery;
mod driver;
mod governing;
mod misfortune;
mod time;
