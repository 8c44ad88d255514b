//! What is believed of what proxies say about their clients.
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use wigwag_tests::house::House;
use wigwag_tests::patience::within;

const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 10);

/// One connection for each address, and a proxy whose word counts.
async fn house() -> House {
    House::with("[server]\naddress_connections_max = 1\ntrusted_proxies = [\"127.0.0.9\"]").await
}

/// Asks for a WebSocket from this address with more lines; the status, and the socket to keep it open.
async fn knock(house: &House, from: Ipv4Addr, lines: &str) -> (u16, TcpStream) {
    let mut socket = call(from, house.address).await;
    let status = ask(&mut socket, lines).await;
    (status, socket)
}

async fn call(from: Ipv4Addr, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    within("TCP", socket.connect(address)).await.unwrap()
}

async fn ask(socket: &mut TcpStream, lines: &str) -> u16 {
    let request = format!(
        "GET /connection/websocket HTTP/1.1\r\nHost: here.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{lines}\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    within("an answer", socket.read_exact(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer[9..]).parse().unwrap()
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_counted_each_for_itself() {
    let house = house().await;

    let (ann, _ann) = knock(&house, PROXY, "X-Forwarded-For: 203.0.113.1\r\n").await;
    let (bob, _bob) = knock(&house, PROXY, "X-Forwarded-For: 203.0.113.2\r\n").await;
    let (again, _again) = knock(&house, PROXY, "X-Forwarded-For: 198.51.100.7, 203.0.113.1\r\n").await;

    assert_eq!((ann, bob, again), (101, 101, 429));
}

#[tokio::test]
async fn spoofed_header_from_elsewhere_changes_nothing() {
    let house = house().await;

    let (first, _first) = knock(&house, STRANGER, "X-Forwarded-For: 203.0.113.1\r\n").await;
    let (second, _second) = knock(&house, STRANGER, "X-Forwarded-For: 203.0.113.2\r\n").await;
    let (third, _third) = knock(&house, STRANGER, "Forwarded: for=203.0.113.3\r\n").await;
    let (named, _named) = knock(&house, PROXY, "X-Forwarded-For: 203.0.113.1\r\n").await;

    assert_eq!((first, second, third, named), (101, 429, 429, 101));
}

#[tokio::test]
async fn place_is_free_again_when_a_client_behind_a_proxy_leaves() {
    let house = house().await;
    let (ann, socket) = knock(&house, PROXY, "X-Forwarded-For: 203.0.113.1\r\n").await;
    assert_eq!(ann, 101);

    drop(socket);

    within("her place", async {
        while knock(&house, PROXY, "X-Forwarded-For: 203.0.113.1\r\n").await.0 != 101 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn own_pages_must_come_with_the_scheme_that_the_proxy_tells() {
    let house = house().await;
    let told = async |from, origin: &str, client: u8| {
        let lines = format!(
            "Origin: {origin}\r\nX-Forwarded-For: 203.0.113.{client}\r\nX-Forwarded-Proto: https\r\n"
        );
        knock(&house, from, &lines).await.0
    };

    assert_eq!(told(PROXY, "https://here.example", 1).await, 101);
    assert_eq!(told(PROXY, "http://here.example", 2).await, 403);
    // From anybody else it says nothing.
    assert_eq!(told(STRANGER, "http://here.example", 3).await, 101);
}
