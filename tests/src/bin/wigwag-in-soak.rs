//! The server with its heap counted, for the soak: to each line that it is told it answers with a report on itself.

use std::io::{Write as _, stdin, stdout};
use std::process::ExitCode;

use wigwag::config::Config;
use wigwag::keys::Keys;
use wigwag::{compose, telemetry};
use wigwag_tests::heap::Counting;
use wigwag_tests::report::Report;

#[global_allocator]
static HEAP: Counting = Counting::new();

fn main() -> ExitCode {
    wigwag::cli::run(serve)
}

fn serve(config: Config, keys: Keys) -> anyhow::Result<()> {
    let _ = telemetry::metrics::recorder();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let node = runtime.block_on(compose::start(&config, &keys))?;
    writeln!(stdout(), "wigwag is ready on http://{}", node.address)?;
    for question in stdin().lines() {
        question?;
        let report = Report::draw(&HEAP, &node, runtime.handle())?;
        writeln!(stdout(), "{}", serde_json::to_string(&report)?)?;
    }
    runtime.block_on(node.stop());
    Ok(())
}
