//! What is typed and what comes of it.
