//! Caps per address, as those see them who come from there.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "this is how a test fails")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use wigwag_tests::client::Way;
use wigwag_tests::house::House;
use wigwag_tests::in_every;
use wigwag_tests::patience::within;

in_every!(connections_beyond_the_cap_are_told_to_come_later);

async fn connections_beyond_the_cap_are_told_to_come_later(way: Way) {
    let house = House::with("[server]\naddress_connections_max = 2").await;
    let ann = house.client_by(way, "ann").await;
    let _bob = house.client_by(way, "bob").await;

    let refused = house.knock("/connection/websocket", &[]).await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"5".parse().unwrap()));
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "too_many_connections_of_address");
    let connect = json!({ "id": 1, "connect": { "token": house.token("eve") } }).to_string();
    let refused = house.post_to("/connection/http_stream", &[], connect).await;
    assert_eq!(refused.status().as_u16(), 429);
    // What is no connection is not counted among them.
    assert_eq!(house.get("/livez").await.0, 200);

    drop(ann);
    within("her place", async {
        while house.knock("/connection/websocket", &[]).await.status().as_u16() != 101 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn those_who_come_too_fast_are_told_when_to_come_again() {
    let house = House::with("[server]\naddress_rate_max = 1").await;

    let refused = within("a refusal", async {
        loop {
            let answer = house.knock("/connection/websocket", &[]).await;
            if answer.status().as_u16() != 101 {
                return answer;
            }
        }
    })
    .await;

    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"1".parse().unwrap()));
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "too_fast");
    let again = async {
        while house.knock("/connection/websocket", &[]).await.status().as_u16() != 101 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    within("the next one", again).await;
}

#[tokio::test]
async fn silent_sockets_of_one_address_are_closed_beyond_a_bound_and_others_are_served() {
    const SOCKETS_MAX: usize = 4 + 16;
    let house = House::with("[server]\naddress_connections_max = 4").await;
    let crowd = Ipv4Addr::new(127, 0, 0, 9);

    let mut sockets = Vec::new();
    for _ in 0..2 * SOCKETS_MAX {
        sockets.push(call(crowd, house.address).await);
    }

    for late in sockets.split_off(SOCKETS_MAX) {
        let mut late = late;
        // With a reset or without: it is over.
        assert!(matches!(within("the end", late.read(&mut [0; 1])).await, Ok(0) | Err(_)));
    }
    for early in &mut sockets {
        assert!(livez(early).await);
    }
    let mut other = call(Ipv4Addr::new(127, 0, 0, 10), house.address).await;
    assert!(livez(&mut other).await);
    drop(sockets);
    within("room again", async {
        while !livez(&mut call(crowd, house.address).await).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

async fn call(from: Ipv4Addr, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    within("TCP", socket.connect(address)).await.unwrap()
}

async fn livez(socket: &mut TcpStream) -> bool {
    let mut answer = [0; 12];
    let _ = socket.write_all(b"GET /livez HTTP/1.1\r\nHost: here\r\n\r\n").await;
    let read = within("an answer", socket.read_exact(&mut answer)).await;
    read.is_ok() && answer == *b"HTTP/1.1 200"
}
