//! Sockets by number.

use std::collections::VecDeque;

/// Values under numbers that are not given again for a long time: an index with a generation, and freed places are
/// taken again in the order in which they were freed.
#[derive(Debug)]
pub(crate) struct Table<T> {
    places: Vec<Place<T>>,
    free: VecDeque<u32>,
    cursor: usize,
}

#[derive(Debug)]
struct Place<T> {
    generation: u32,
    value: Option<T>,
}

/// Bits of a serial for the index and for the generation. A `SocketId` has 48, of which the highest says which table.
const INDEX_BITS: u32 = 24;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: u32 = (1 << 23) - 1;

impl<T> Table<T> {
    /// Most values at a time.
    pub(crate) const VALUES_MAX: usize = 1 << INDEX_BITS;

    pub(crate) fn new() -> Table<T> {
        Table { places: Vec::new(), free: VecDeque::new(), cursor: 0 }
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// The number that the next [`Table::insert`] gives; `None` when the table is full.
    pub(crate) fn next_serial(&self) -> Option<u64> {
        match self.free.front() {
            Some(&index) => Some(serial(index as usize, self.places[index as usize].generation)),
            None if self.places.len() < Table::<T>::VALUES_MAX => Some(serial(self.places.len(), 0)),
            None => None,
        }
    }

    /// Keeps a value, under the number that [`Table::next_serial`] said; `None` when the table is full.
    pub(crate) fn insert(&mut self, value: T) -> Option<u64> {
        let serial = self.next_serial()?;
        match self.free.pop_front() {
            Some(index) => self.places[index as usize].value = Some(value),
            None => self.places.push(Place { generation: 0, value: Some(value) }),
        }
        Some(serial)
    }

    pub(crate) fn get_mut(&mut self, serial: u64) -> Option<&mut T> {
        let place = self.places.get_mut((serial & INDEX_MASK) as usize)?;
        (u64::from(place.generation) == serial >> INDEX_BITS).then_some(place.value.as_mut()).flatten()
    }

    pub(crate) fn remove(&mut self, serial: u64) -> Option<T> {
        let index = (serial & INDEX_MASK) as usize;
        let place = self.places.get_mut(index)?;
        if u64::from(place.generation) != serial >> INDEX_BITS {
            return None;
        }
        let value = place.value.take()?;
        place.generation = (place.generation + 1) & GENERATION_MASK;
        self.free.push_back(index as u32);
        Some(value)
    }

    /// All values with their numbers.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut T)> {
        self.places.iter_mut().enumerate().filter_map(|(index, place)| {
            let serial = serial(index, place.generation);
            place.value.as_mut().map(|value| (serial, value))
        })
    }

    /// The next value that suits, in turn.
    pub(crate) fn round_robin(&mut self, suits: impl Fn(&T) -> bool) -> Option<(u64, &mut T)> {
        let len = self.places.len();
        let index = (0..len)
            .map(|step| (self.cursor + step) % len)
            .find(|&index| self.places[index].value.as_ref().is_some_and(&suits))?;
        self.cursor = index + 1;
        let place = &mut self.places[index];
        let serial = serial(index, place.generation);
        place.value.as_mut().map(|value| (serial, value))
    }
}

fn serial(index: usize, generation: u32) -> u64 {
    u64::from(generation) << INDEX_BITS | index as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_finds_its_value_only() {
        let mut table = Table::new();
        let a = table.insert('a').unwrap();
        let b = table.insert('b').unwrap();
        assert_eq!(table.remove(a), Some('a'));
        assert_eq!(table.remove(a), None);
        let expected = table.next_serial().unwrap();
        let c = table.insert('c').unwrap();
        assert_eq!(c, expected);
        assert_ne!(a, c);
        let found = [a, b, c].map(|serial| table.get_mut(serial).copied());
        assert_eq!(found, [None, Some('b'), Some('c')]);
        assert_eq!((table.len(), table.iter_mut().count()), (2, 2));
    }

    #[test]
    fn sharing_goes_round() {
        let mut table = Table::new();
        for value in 0..3 {
            table.insert(value).unwrap();
        }
        let turns: Vec<_> = (0..4).map(|_| *table.round_robin(|&value| value != 1).unwrap().1).collect();
        assert_eq!(turns, [0, 2, 0, 2]);
        assert!(table.round_robin(|&value| value == 7).is_none());
    }
}
