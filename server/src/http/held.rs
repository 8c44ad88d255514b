//! Answers that keep the room they were given until they have been sent.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// Longest piece that is handed on at a time. What was handed on is no longer held, whether the reader has it or not.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// The answer with something that is dropped when its last piece has been handed on, or when nobody wants it any more.
pub(super) fn held<H: Send + Unpin + 'static>(response: Response, hold: H) -> Response {
    response.map(|body| Body::new(Held { body, rest: Bytes::new(), _hold: hold }))
}

struct Held<H> {
    body: Body,
    /// What of the body has come and was not handed on.
    rest: Bytes,
    _hold: H,
}

impl<H: Unpin> hyper::body::Body for Held<H> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE_BYTES_MAX);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        if let Some(upper) = body.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(body.lower() + rest);
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt as _;
    use hyper::body::Body as _;

    use super::*;

    #[tokio::test]
    async fn what_is_held_stays_until_the_last_piece_is_taken() {
        let text = "x".repeat(3 * PIECE_BYTES_MAX + 1);
        let hold = Arc::new(());
        let mut body = held(Response::new(Body::from(text)), Arc::clone(&hold)).into_body();

        let mut left = body.size_hint().exact();
        assert_eq!(left, Some(3 * PIECE_BYTES_MAX as u64 + 1));
        let mut pieces = 0;
        while let Some(frame) = body.frame().await {
            assert_eq!(Arc::strong_count(&hold), 2);
            let length = frame.unwrap().into_data().unwrap().len() as u64;
            left = left.map(|left| left - length);
            assert_eq!(body.size_hint().exact(), left);
            pieces += 1;
        }
        assert!(body.is_end_stream());
        drop(body);

        assert_eq!((pieces, left, Arc::strong_count(&hold)), (4, Some(0), 1));
    }

    #[tokio::test]
    async fn an_answer_that_nobody_wants_any_more_holds_nothing() {
        let hold = Arc::new(());
        let response = held(Response::new(Body::from("x")), Arc::clone(&hold));

        drop(response);

        assert_eq!(Arc::strong_count(&hold), 1);
    }
}
