//! A WebSocket set up for measuring.

use std::net::SocketAddr;

use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use crate::refusal::Refusal;
use crate::target::Target;

/// What a client speaks over.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The library's default is 128 KiB for each side, which thousands of sockets cannot afford.
const BUFFER_BYTES: usize = 4 * 1024;
/// What the system keeps for a client that is slow on purpose, so that the server feels it soon.
const SLOW_RECEIVE_BYTES: u32 = 4 * 1024;

/// Opens one, with Nagle's algorithm off: it would add 40 ms to every answer.
pub(crate) async fn open(target: &Target, slow: bool) -> Result<Socket, Refusal> {
    let request = target.socket_url().into_client_request().map_err(unreachable)?;
    let host = request.uri().host().unwrap_or_default().trim_matches(['[', ']']);
    let default_port = if request.uri().scheme_str() == Some("wss") { 443 } else { 80 };
    let port = request.uri().port_u16().unwrap_or(default_port);
    let stream = dial(resolve(host, port).await?, slow).await.map_err(unreachable)?;

    let mut config = WebSocketConfig::default();
    config.read_buffer_size = BUFFER_BYTES;
    config.write_buffer_size = BUFFER_BYTES;
    match client_async_tls_with_config(request, stream, Some(config), None).await {
        Ok((socket, _)) => Ok(socket),
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
            Err(Refusal::Status(response.status().as_u16()))
        }
        Err(error) => Err(unreachable(error)),
    }
}

async fn resolve(host: &str, port: u16) -> Result<SocketAddr, Refusal> {
    let mut addresses = lookup_host((host, port)).await.map_err(unreachable)?;
    addresses.next().ok_or_else(|| Refusal::Unreachable(format!("{host} has no address")))
}

async fn dial(address: SocketAddr, slow: bool) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if slow {
        socket.set_recv_buffer_size(SLOW_RECEIVE_BYTES)?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn unreachable(error: impl std::fmt::Display) -> Refusal {
    Refusal::Unreachable(error.to_string())
}
