//! In which order a batch leaves.

use std::net::IpAddr;

use busyhour_engine::{Batch, Path, SocketId, Transmit};

use crate::stream::STREAM_BIT;

/// Sorts a batch so that messages which can leave together stand together, and those of one call keep their order.
#[derive(Debug, Default)]
pub(crate) struct Order {
    keyed: Vec<(u64, u32)>,
    indices: Vec<u32>,
}

impl Order {
    /// Positions in `batch.transmits` by (rank, socket and destination, length of datagrams from long to
    /// short), then by position. Longer ones come first because a run may end with one shorter message.
    pub(crate) fn sort(&mut self, batch: &Batch) -> &[u32] {
        self.keyed.clear();
        let mut last: Option<(Path, u64)> = None;
        for (index, transmit) in batch.transmits.iter().enumerate() {
            let hash = match last {
                Some((path, hash)) if path == transmit.path => hash,
                _ => hash_path(&transmit.path),
            };
            last = Some((transmit.path, hash));
            self.keyed.push((key(transmit, hash), index as u32));
        }
        self.keyed.sort_unstable();
        self.indices.clear();
        self.indices.extend(self.keyed.iter().map(|&(_, index)| index));
        &self.indices
    }
}

/// Rank in 8 bits, path in 40, length in 16. Two paths with one hash only spoil a run; the paths themselves are
/// compared where runs are made.
fn key(transmit: &Transmit, path_hash: u64) -> u64 {
    let rank = u64::from(transmit.rank);
    if transmit.rank == u8::MAX {
        // The highest rank may hold several messages of one call: they stay as they came.
        return rank << 56;
    }
    let socket = transmit.path.socket;
    // A stream takes all lengths alike.
    let shortness = match socket != SocketId::MAIN && socket.serial() & STREAM_BIT != 0 {
        true => 0,
        false => u64::from(u16::MAX) - u64::from(transmit.len.min(u32::from(u16::MAX))),
    };
    rank << 56 | (path_hash & 0xff_ffff_ffff) << 16 | shortness
}

fn hash_path(path: &Path) -> u64 {
    let (high, low) = match path.peer.ip() {
        IpAddr::V4(ip) => (0, u64::from(u32::from(ip))),
        IpAddr::V6(ip) => ((u128::from(ip) >> 64) as u64, u128::from(ip) as u64),
    };
    let socket = match path.socket {
        SocketId::MAIN => u64::MAX,
        socket => socket.serial() ^ (socket.worker().unwrap_or(0) as u64) << 48,
    };
    let mut hash = 0u64;
    for word in [high, low, u64::from(path.peer.port()), socket] {
        hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    hash >> 24
}

#[cfg(test)]
mod tests {
    use busyhour_engine::CallRef;

    use super::*;

    fn transmit(rank: u8, port: u16, len: u32) -> Transmit {
        let path = Path { peer: ([127, 0, 0, 1], port).into(), socket: SocketId::MAIN };
        Transmit { start: 0, len, rank, call: CallRef::default(), path }
    }

    #[test]
    fn rank_comes_first_then_destination_then_length() {
        let transmits = vec![
            transmit(1, 1, 500),
            transmit(0, 1, 400),
            transmit(0, 2, 500),
            transmit(0, 1, 500),
            transmit(0, 1, 400),
        ];
        let batch = Batch { bytes: Vec::new(), transmits };
        let mut order = Order::default();
        let sorted = order.sort(&batch).to_vec();
        assert_eq!(sorted[4], 0);
        let at = |index| sorted.iter().position(|&found| found == index).unwrap();
        assert_eq!((at(1), at(4)), (at(3) + 1, at(3) + 2));
    }

    #[test]
    fn the_highest_rank_is_left_as_it_came() {
        let transmits = (0..50).map(|n| transmit(u8::MAX, 1 + n % 3, 100 + u32::from(n % 7))).collect();
        let mut order = Order::default();
        let sorted = order.sort(&Batch { bytes: Vec::new(), transmits }).to_vec();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    }
}
