//! How long a socket may be used for HTTP: requests for a while, a streamed response as long as it lasts.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::callers::{Place, TooMany};
use super::link::CLOSE_WAIT;

/// How long a socket may be used for HTTP before it is closed with the answer to its next request. Upgraded sockets have
/// left by then.
pub const LIFETIME: Duration = Duration::from_secs(60);
/// How much longer that request may be awaited: whoever sends steadily hears of the end from an answer, and loses no
/// request to a socket that closes just then.
const IDLE: Duration = Duration::from_secs(10);
/// How much longer the request under way may take.
const GRACE: Duration = Duration::from_secs(10);

/// What one socket is used for at present; told by the streamed response on it, if there is one.
#[derive(Clone, Default)]
pub struct Stay {
    inner: Arc<Inner>,
    /// The place of the socket among those of its address, or of the request among those of its client's, if they are
    /// counted.
    place: Option<Arc<Place>>,
}

#[derive(Default)]
struct Inner {
    of: watch::Sender<Use>,
    /// The socket's place among those that bring requests.
    slot: Mutex<Option<OwnedSemaphorePermit>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Use {
    /// Requests and answers.
    #[default]
    Requests,
    /// A response without an end in sight.
    Stream,
    /// The last words of such a response.
    Farewell,
}

impl Stay {
    /// A socket that takes a place among those that bring requests.
    pub fn with(slot: OwnedSemaphorePermit, place: Option<Place>) -> Self {
        let (of, slot) = (watch::Sender::default(), Mutex::new(Some(slot)));
        Self { inner: Arc::new(Inner { of, slot }), place: place.map(Arc::new) }
    }

    /// The same socket for one request of somebody behind a proxy.
    pub fn on_behalf(&self, place: Option<Place>) -> Self {
        Self { inner: Arc::clone(&self.inner), place: place.map(Arc::new) }
    }

    /// The socket becomes a connection, if its address may have one more.
    pub fn connect(&self) -> Result<(), TooMany> {
        self.place.as_ref().map_or(Ok(()), |place| place.connect())
    }

    /// It became none after all, and brings requests again.
    pub fn disconnect(&self) {
        if let Some(place) = &self.place {
            place.disconnect();
        }
    }

    /// Its place among those of its address, for whoever takes the socket over.
    pub fn place(&self) -> Option<Arc<Place>> {
        self.place.clone()
    }

    /// A streamed response begins. The socket is a connection then, which is counted elsewhere, and leaves its place to
    /// others.
    pub fn stream(&self) {
        self.inner.of.send_replace(Use::Stream);
        self.inner.slot.lock().take();
    }

    /// It has ended; the client may still have to take what is queued. Saying it again gives no more time.
    pub fn farewell(&self) {
        self.inner.of.send_replace(Use::Farewell);
    }

    /// Returns when no further request should be taken.
    pub async fn enough(&self, listening: &mut watch::Receiver<bool>) {
        tokio::select! {
            () = stopped(listening) => {}
            () = tokio::time::sleep(LIFETIME + IDLE) => {}
        }
    }

    /// Returns when the socket must be closed, whatever is under way: the node has stopped, a request has taken too
    /// long, or a client does not take the end of its stream.
    pub async fn overdue(&self, listening: &mut watch::Receiver<bool>) {
        let stopped = async {
            stopped(listening).await;
            tokio::time::sleep(GRACE).await;
        };
        let requests = async {
            tokio::time::sleep(LIFETIME + IDLE).await;
            self.until(|of| of == Use::Requests).await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = stopped => {}
            () = requests => {}
            () = self.farewell_overdue() => {}
        }
    }

    async fn farewell_overdue(&self) {
        self.until(|of| of == Use::Farewell).await;
        tokio::time::sleep(CLOSE_WAIT).await;
    }

    async fn until(&self, is_so: impl Fn(Use) -> bool) {
        // The sender is here, so the wait cannot fail.
        let _ = self.inner.of.subscribe().wait_for(|of| is_so(*of)).await;
    }
}

/// Returns when the node listens no more.
pub async fn stopped(listening: &mut watch::Receiver<bool>) {
    // A sender that is gone has stopped as well.
    let _ = listening.wait_for(|listening| !listening).await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::Semaphore;
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn stream_leaves_its_place_to_others() {
        let slots = Arc::new(Semaphore::new(1));
        let stay = Stay::with(Arc::clone(&slots).try_acquire_owned().unwrap(), None);
        assert_eq!(slots.available_permits(), 0);

        stay.stream();

        assert_eq!(slots.available_permits(), 1);
    }

    /// How many seconds go by until the socket is closed.
    async fn seconds(stay: &Stay, listening: &watch::Sender<bool>) -> u64 {
        let begin = Instant::now();
        stay.overdue(&mut listening.subscribe()).await;
        begin.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn requests_may_take_a_minute_and_a_little() {
        assert_eq!(seconds(&Stay::default(), &watch::Sender::new(true)).await, 80);
    }

    #[tokio::test(start_paused = true)]
    async fn stream_may_last() {
        let (stay, listening) = (Stay::default(), watch::Sender::new(true));
        stay.stream();
        let hour = Duration::from_secs(3_600);

        assert!(tokio::time::timeout(hour, seconds(&stay, &listening)).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn end_of_a_stream_must_be_taken_soon() {
        let (stay, listening) = (Stay::default(), watch::Sender::new(true));
        stay.stream();
        stay.farewell();

        assert_eq!(seconds(&stay, &listening).await, CLOSE_WAIT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn stopped_node_waits_for_no_stream() {
        let (stay, listening) = (Stay::default(), watch::Sender::new(false));
        stay.stream();

        assert_eq!(seconds(&stay, &listening).await, GRACE.as_secs());
    }
}
