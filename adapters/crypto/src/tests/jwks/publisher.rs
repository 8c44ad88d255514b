//! A small HTTP server that publishes keys, or something else.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A request that does not come in this time does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the next requests get.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Body(String),
    Status(&'static str),
    Redirect(String),
    Closed,
    Silence,
}

pub(super) struct Publisher {
    pub(super) url: String,
    answer: Arc<Mutex<Answer>>,
    asked: watch::Receiver<usize>,
    serving: JoinHandle<()>,
}

impl Publisher {
    pub(super) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys.json?secret=1", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new(answer));
        let (count, asked) = watch::channel(0);
        let answers = Arc::clone(&answer);
        let serving = tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.send_modify(|count| *count += 1);
                let answer = answers.lock().clone();
                silent.extend(serve(stream, answer).await);
            }
        });
        Self { url, answer, asked, serving }
    }

    pub(super) fn answers(&self, answer: Answer) {
        *self.answer.lock() = answer;
    }

    pub(super) fn fetches(&self) -> usize {
        *self.asked.borrow()
    }

    /// Waits for so many requests.
    pub(super) async fn asked(&self, times: usize) {
        let mut asked = self.asked.clone();
        let enough = tokio::time::timeout(PATIENCE, asked.wait_for(|count| *count >= times)).await;
        assert!(enough.is_ok_and(|served| served.is_ok()), "not asked {times} times");
    }

    /// Closes the port.
    pub(super) async fn stop(self) {
        self.serving.abort();
        let _ = self.serving.await;
    }
}

/// Answers one request; gives the connection back if it must stay open.
async fn serve(mut stream: TcpStream, answer: Answer) -> Option<TcpStream> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.ok()?);
    }
    let text = match answer {
        Answer::Body(body) => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()),
        Answer::Status(status) => format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"),
        Answer::Redirect(to) => format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"),
        Answer::Closed => String::new(),
        Answer::Silence => return Some(stream),
    };
    let _ = stream.write_all(text.as_bytes()).await;
    None
}
