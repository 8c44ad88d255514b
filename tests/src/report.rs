//! What a process knows of what it holds.

use std::fs;
use std::io;

use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use wigwag::node::Node;

use crate::heap::Counting;

/// What a server holds at one moment.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Bytes in use on the heap.
    pub live_bytes: usize,
    /// Blocks in use on the heap.
    pub live_blocks: usize,
    /// Most memory that was resident so far.
    pub resident_kib_max: usize,
    /// Open descriptors.
    pub descriptors: usize,
    /// Tasks alive, beside those of the shards.
    pub tasks: usize,
    /// Connections whose readers or bodies are alive on the shards.
    pub connections: usize,
    /// Sessions alive.
    pub sessions: usize,
}

impl Report {
    /// Looks at this process, which runs the node on this runtime.
    pub fn draw(heap: &Counting, node: &Node, runtime: &Handle) -> io::Result<Self> {
        Ok(Self {
            live_bytes: heap.live_bytes(),
            live_blocks: heap.live_blocks(),
            resident_kib_max: resident_kib_max()?,
            descriptors: fs::read_dir("/proc/self/fd")?.count(),
            tasks: runtime.metrics().num_alive_tasks(),
            connections: node.services.hub().shards().iter().map(|shard| shard.load()).sum(),
            sessions: node.counts().sessions,
        })
    }
}

fn resident_kib_max() -> io::Result<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| io::Error::other("the system does not say how much was resident"))
}
