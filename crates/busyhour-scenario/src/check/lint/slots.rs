//! A set of small numbers: slots of variables or dialogs.

use crate::check::lint::graph::Fact;

/// The set, a bit for each number. Grows with the largest number that it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Slots {
    words: Vec<u64>,
}

impl Slots {
    /// True if it holds the number.
    pub(crate) fn contains(&self, slot: usize) -> bool {
        self.words.get(slot / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }
}

impl Extend<usize> for Slots {
    fn extend<I: IntoIterator<Item = usize>>(&mut self, slots: I) {
        for slot in slots {
            let word = slot / 64;
            if word >= self.words.len() {
                self.words.resize(word + 1, 0);
            }
            self.words[word] |= 1 << (slot % 64);
        }
    }
}

impl FromIterator<usize> for Slots {
    fn from_iter<I: IntoIterator<Item = usize>>(slots: I) -> Slots {
        let mut set = Slots::default();
        set.extend(slots);
        set
    }
}

impl Fact for Slots {
    fn join(&mut self, more: &Slots) -> bool {
        if self.words.len() < more.words.len() {
            self.words.resize(more.words.len(), 0);
        }
        let mut learnt = false;
        for (word, more) in self.words.iter_mut().zip(&more.words) {
            learnt |= *more & !*word != 0;
            *word |= more;
        }
        learnt
    }

    fn weight(&self) -> usize {
        self.words.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_says_whether_it_learnt_something() {
        let mut set: Slots = [1, 64].into_iter().collect();
        assert!(!set.join(&[64].into_iter().collect()));
        assert!(set.join(&[1, 200].into_iter().collect()));
        let held: Vec<usize> = (0..300).filter(|slot| set.contains(*slot)).collect();
        assert_eq!(held, [1, 64, 200]);
        assert!(!Slots::default().contains(0));
    }
}
