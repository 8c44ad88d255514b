//! What all servers here begin with: the command line, a listener, a runtime.

use std::io;
use std::net::{SocketAddr, TcpListener};

use anyhow::Context as _;
use socket2::{Domain, Socket, Type};
use tokio::runtime::{Builder, Runtime};

/// Connections that may wait to be accepted; as many as the system allows.
const BACKLOG: i32 = 65_535;

/// The address to listen on: the first argument.
pub fn address() -> anyhow::Result<SocketAddr> {
    let given = std::env::args().nth(1).context("say where to listen: 127.0.0.1:8000")?;
    given.parse().with_context(|| format!("{given} is not an address and port"))
}

/// A listener with room for a storm.
pub fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A runtime with a thread for each core that the process may use.
pub fn runtime() -> io::Result<Runtime> {
    match std::thread::available_parallelism()?.get() {
        1 => Builder::new_current_thread().enable_all().build(),
        cores => Builder::new_multi_thread().worker_threads(cores).enable_all().build(),
    }
}
