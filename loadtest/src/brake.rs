//! A server behind a brake: made slower by a given share, to prove that pairs of runs find what they should.
//!
//! Everything between the clients and the server goes through here, by a single thread. For each piece that the server
//! sends, the thread works for nothing: a share of what a piece costs, the server's and our own processor time together.
//! With a share of nothing it is the same server at the same costs, which is what a slower one is compared with.

use std::hint::black_box;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval, sleep, timeout};

use crate::ending::Ending;
use crate::options::BrakeOptions;
use crate::outcome::Verdict;
use crate::pair::{free_port, of_process};

/// What pieces cost.
#[derive(Default)]
struct Books {
    pieces: u64,
    burnt: Duration,
    /// What one is to burn.
    each: Duration,
}

/// How often the books are balanced.
const BALANCE_EVERY: Duration = Duration::from_millis(50);
/// A piece is at most this long.
const PIECE_BYTES: usize = 16 * 1024;
/// How long the server may take until it listens, and until it has ended.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Runs until it is told to end.
pub(crate) async fn run(options: BrakeOptions) -> Result<Verdict, String> {
    let mut ending = Ending::listen()?;
    let inner = free_port()?;
    let mut server = start(&options, inner)?;
    let books = Arc::new(Mutex::new(Books::default()));
    let id = server.id();
    let outcome = tokio::select! {
        served = serve(&options, inner, &books) => served.map(|()| Verdict::Pass),
        _ = ending.told() => Ok(Verdict::Pass),
        () = balance(&books, id, options.share) => Ok(Verdict::Pass),
        status = server.wait() => Err(format!("the server ended: {status:?}")),
    };
    if let Some(id) = server.id() {
        // If this does not work, the next thing does.
        let _ = Command::new("kill").arg(id.to_string()).status().await;
    }
    if timeout(PATIENCE, server.wait()).await.is_err() {
        let _ = server.kill().await;
    }
    outcome
}

fn start(options: &BrakeOptions, inner: u16) -> Result<Child, String> {
    let words: Vec<String> =
        options.command.iter().map(|word| word.replace("{inner}", &inner.to_string())).collect();
    let [program, arguments @ ..] = &words[..] else { return Err("brake: no command".to_owned()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    command.spawn().map_err(|error| format!("{program}: {error}"))
}

async fn serve(options: &BrakeOptions, inner: u16, books: &Arc<Mutex<Books>>) -> Result<(), String> {
    let begun = Instant::now();
    while let Err(error) = TcpStream::connect(("127.0.0.1", inner)).await {
        if begun.elapsed() > PATIENCE {
            return Err(format!("the server does not listen on {{inner}}: {error}"));
        }
        sleep(Duration::from_millis(10)).await;
    }
    let bound = TcpListener::bind(&options.listen).await;
    let listener = bound.map_err(|error| format!("{}: {error}", options.listen))?;
    loop {
        // A client that is gone before it was greeted concerns nobody.
        let Ok((client, _)) = listener.accept().await else { continue };
        tokio::spawn(carry(client, inner, Arc::clone(books)));
    }
}

async fn carry(client: TcpStream, inner: u16, books: Arc<Mutex<Books>>) -> std::io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", inner)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // Whichever side ends first ends the other.
    tokio::select! {
        up = pass(from_client, to_server, || {}) => up,
        down = pass(from_server, to_client, || burn(&books)) => down,
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    toll: impl Fn(),
) -> std::io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let length = from.read(&mut piece).await?;
        let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else { return Ok(()) };
        toll();
        to.write_all(read).await?;
    }
}

fn burn(books: &Mutex<Books>) {
    let each = books.lock().each;
    let begun = Instant::now();
    let mut work = 0_u64;
    while begun.elapsed() < each {
        work = black_box(work.wrapping_add(1));
    }
    let mut books = books.lock();
    books.pieces += 1;
    books.burnt += each;
}

/// Finds out what one piece is to burn, from what all so far have cost.
async fn balance(books: &Mutex<Books>, server: Option<u32>, share: f64) {
    let mut ticks = interval(BALANCE_EVERY);
    loop {
        ticks.tick().await;
        let ours = of_process(std::process::id()).unwrap_or_default();
        let theirs = server.and_then(of_process).unwrap_or_default();
        let mut books = books.lock();
        let real = (ours + theirs).saturating_sub(books.burnt);
        if let Ok(pieces @ 100..) = u32::try_from(books.pieces) {
            books.each = real.mul_f64(share) / pieces;
        }
    }
}
