//! What was read, by its key, with bounds on number and bytes.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use hashbrown::HashMap;

/// Values shared by all threads. When it is full, what was not asked for since it was full last makes room,
/// then what is not in use.
#[derive(Debug)]
pub(super) struct Shelf<K, V> {
    inner: Mutex<Inner<K, V>>,
}

#[derive(Debug)]
struct Inner<K, V> {
    entries: HashMap<K, Entry<V>, foldhash::fast::RandomState>,
    bytes: u64,
    dropped: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    bytes: u64,
    asked: bool,
}

impl<K, V> Default for Shelf<K, V> {
    fn default() -> Self {
        Shelf { inner: Mutex::new(Inner { entries: HashMap::default(), bytes: 0, dropped: 0 }) }
    }
}

impl<K: Hash + Eq, V: Clone> Shelf<K, V> {
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.with(|inner| {
            let entry = inner.entries.get_mut(key)?;
            entry.asked = true;
            Some(entry.value.clone())
        })
    }

    /// Keeps a value and gives it back, or what another thread has put there meanwhile. `limits`: entries and
    /// bytes.
    ///
    /// # Errors
    /// The bytes taken by others, if all that is there is `in_use` and leaves no room.
    pub(super) fn put(
        &self,
        key: K,
        value: V,
        bytes: u64,
        limits: (usize, u64),
        in_use: impl Fn(&V) -> bool,
    ) -> Result<V, u64> {
        self.with(|inner| {
            if let Some(there) = inner.entries.get(&key) {
                return Ok(there.value.clone());
            }
            let full = |inner: &Inner<K, V>| {
                inner.entries.len() >= limits.0 || inner.bytes.saturating_add(bytes) > limits.1
            };
            if full(inner) {
                inner.retain(|entry| std::mem::take(&mut entry.asked) || in_use(&entry.value));
            }
            if full(inner) {
                inner.retain(|entry| in_use(&entry.value));
            }
            if full(inner) {
                return Err(inner.bytes);
            }
            inner.bytes += bytes;
            inner.entries.insert(key, Entry { value: value.clone(), bytes, asked: false });
            Ok(value)
        })
    }

    pub(super) fn dropped(&self) -> u64 {
        self.with(|inner| inner.dropped)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner<K, V>) -> T) -> T {
        // Nothing under the lock leaves it half done, so a thread that panicked elsewhere does no harm.
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<K: Hash + Eq, V> Inner<K, V> {
    fn retain(&mut self, mut keep: impl FnMut(&mut Entry<V>) -> bool) {
        let Inner { entries, bytes, dropped } = self;
        entries.retain(|_, entry| {
            let stays = keep(entry);
            if !stays {
                *bytes -= entry.bytes;
                *dropped += 1;
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: (usize, u64) = (3, 100);

    fn put(shelf: &Shelf<u32, u32>, key: u32, bytes: u64) -> Result<u32, u64> {
        shelf.put(key, key * 10, bytes, LIMITS, |&value| value == 10)
    }

    #[test]
    fn the_number_is_bounded() {
        let shelf = Shelf::default();
        for key in 1..=3 {
            assert_eq!(put(&shelf, key, 1), Ok(key * 10));
        }
        assert_eq!(shelf.get(&2), Some(20));
        assert_eq!(put(&shelf, 4, 1), Ok(40));
        // 1 is in use, 2 was asked for, 3 made room.
        assert_eq!([1, 2, 3, 4].map(|key| shelf.get(&key)), [Some(10), Some(20), None, Some(40)]);
        assert_eq!(shelf.dropped(), 1);
    }

    #[test]
    fn the_bytes_are_bounded() {
        let shelf = Shelf::default();
        assert_eq!(put(&shelf, 1, 80), Ok(10));
        assert_eq!(put(&shelf, 2, 80), Err(80));
        assert_eq!(put(&shelf, 3, 20), Ok(30));
        assert_eq!(put(&shelf, 4, 20), Ok(40));
        assert_eq!(shelf.get(&3), None);
        assert_eq!(put(&shelf, 5, u64::MAX), Err(80));
    }

    #[test]
    fn the_first_thread_wins() {
        let shelf = Shelf::default();
        assert_eq!(shelf.put(1, 'a', 1, LIMITS, |_| false), Ok('a'));
        assert_eq!(shelf.put(1, 'b', 1, LIMITS, |_| false), Ok('a'));
    }
}
