//! Byte buffers that are used again, so that a warm engine allocates nothing for a message.

/// Free buffers by capacity class. A class holds at most [`FREE_PER_CLASS_MAX`] of them; more are given back to the
/// system.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    free: [Vec<Vec<u8>>; CLASSES.len()],
}

/// Capacities. Longer buffers are not pooled.
const CLASSES: [usize; 14] = [32, 64, 128, 160, 192, 224, 256, 384, 512, 768, 1024, 2048, 4096, 8192];

/// Most free buffers kept of one class.
const FREE_PER_CLASS_MAX: usize = 65_536;

impl Pool {
    /// A buffer holding `bytes`.
    pub(crate) fn store(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut buffer = self.take(bytes.len());
        buffer.extend_from_slice(bytes);
        buffer
    }

    /// An empty buffer for at least `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Vec<u8> {
        match CLASSES.iter().position(|&capacity| capacity >= len) {
            Some(class) => self.free[class].pop().unwrap_or_else(|| Vec::with_capacity(CLASSES[class])),
            None => Vec::with_capacity(len),
        }
    }

    /// Takes a buffer back. One that has grown goes to the largest class it can serve.
    pub(crate) fn give(&mut self, mut buffer: Vec<u8>) {
        let Some(class) = CLASSES.iter().rposition(|&capacity| capacity <= buffer.capacity()) else { return };
        if self.free[class].len() < FREE_PER_CLASS_MAX && buffer.capacity() <= 2 * CLASSES[class] {
            buffer.clear();
            self.free[class].push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_for_the_same_class() {
        let mut pool = Pool::default();
        let buffer = pool.store(&[7; 200]);
        let address = buffer.as_ptr();
        pool.give(buffer);
        let again = pool.take(220);
        assert_eq!(again.as_ptr(), address);
        assert!(again.is_empty());
    }

    #[test]
    fn a_huge_buffer_is_not_kept() {
        let mut pool = Pool::default();
        pool.give(Vec::with_capacity(60_000));
        assert!(pool.free.iter().all(Vec::is_empty));
    }
}
