//! A hierarchical timer wheel: one timer for each index, linked by index, 1 ms ticks. Engines and media threads have one each.
//!
//! Eight levels of 64 slots. Level 0 holds the deadlines of the 64 ms around the wheel's present, one slot a
//! millisecond; a slot of each further level spans 64 of the one before. A timer waits in the level of the highest six
//! bits in which its deadline differs from the present, so all of a level's timers are due before any of the next
//! level's. When the present reaches a slot of a higher level, its timers move down.

use crate::time::Time;

/// The timers of a worker's calls, one for each call index. Arming and cancelling are O(1) and allocate nothing for
/// indices that were [reserved](Wheel::reserve).
#[derive(Debug)]
pub struct Wheel {
    /// The millisecond up to which timers have been taken out.
    present: u64,
    armed: usize,
    /// Bit n: level n holds a timer.
    levels: u8,
    /// For each level, bit n: slot n holds a timer.
    slots: [u64; LEVELS],
    lists: [List; LEVELS * SLOTS],
    nodes: Vec<Node>,
}

impl Wheel {
    /// No timer is armed; the present is the start of the run.
    #[expect(clippy::new_without_default, reason = "an empty wheel is large, so it is made by name")]
    pub fn new() -> Wheel {
        Wheel {
            present: 0,
            armed: 0,
            levels: 0,
            slots: [0; LEVELS],
            lists: [List::EMPTY; LEVELS * SLOTS],
            nodes: Vec::new(),
        }
    }

    /// Makes room for `index` and all below it (16 bytes each). The highest index is `u32::MAX - 1`.
    pub fn reserve(&mut self, index: u32) {
        let wanted = index as usize + 1;
        if wanted > self.nodes.len() {
            self.nodes.resize(wanted, Node::IDLE);
        }
    }

    /// Arms the timer of `index`, or moves it if it is armed. `deadline` is rounded up to the next millisecond, so that
    /// the timer is never early; one that has passed is due at once; [`Time::MAX`] disarms. One later than 2^48 ms (8900
    /// years) is taken for 2^48 − 1 ms.
    pub fn arm(&mut self, index: u32, deadline: Time) {
        if deadline == Time::MAX {
            self.cancel(index);
            return;
        }
        self.reserve(index);
        let deadline = deadline.as_micros().div_ceil(1000).min(DEADLINE_MAX);
        let bucket = self.bucket_of(deadline);
        let node = &mut self.nodes[index as usize];
        node.set_deadline(deadline);
        if node.bucket == bucket {
            return;
        }
        if node.bucket != IDLE {
            self.unlink(index);
        }
        self.link(index, bucket);
    }

    /// Disarms the timer of `index`, if it is armed.
    pub fn cancel(&mut self, index: u32) {
        if self.is_armed(index) {
            self.unlink(index);
        }
    }

    /// True if the timer of `index` is armed.
    pub fn is_armed(&self, index: u32) -> bool {
        self.nodes.get(index as usize).is_some_and(|node| node.bucket != IDLE)
    }

    /// When the timer of `index` is due, rounded up as [`Wheel::arm`] says; `None` if it is not armed.
    pub fn deadline(&self, index: u32) -> Option<Time> {
        self.is_armed(index).then(|| Time::from_millis(self.nodes[index as usize].deadline()))
    }

    /// Number of armed timers.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.armed
    }

    /// Disarms all timers that are due at `now` and appends their indices to `due`, the earliest millisecond first.
    /// Handling one of them may free the call of a later one: whoever handles them checks.
    pub fn advance(&mut self, now: Time, due: &mut Vec<u32>) {
        let now = now.as_millis().min(DEADLINE_MAX);
        while let Some((bucket, start)) = self.first() {
            if start > now {
                break;
            }
            self.present = start;
            let mut index = self.clear(bucket);
            while index != NONE {
                let node = &mut self.nodes[index as usize];
                let (next, deadline) = (node.next, node.deadline());
                node.bucket = IDLE;
                self.armed -= 1;
                if deadline <= start {
                    due.push(index);
                } else {
                    self.link(index, self.bucket_of(deadline));
                }
                index = next;
            }
        }
        self.present = self.present.max(now);
    }

    /// When to call [`Wheel::advance`] next: the earliest deadline if it is less than about 64 ms away, else the moment
    /// when its slot is to be moved down, which is at most seven moves before the deadline. `None` if nothing is armed.
    pub fn next_deadline(&self) -> Option<Time> {
        self.first().map(|(_, start)| Time::from_millis(start))
    }

    /// The first slot that holds a timer, and the millisecond when it begins.
    fn first(&self) -> Option<(u16, u64)> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros();
        let slot = self.slots[level as usize].trailing_zeros();
        let above = self.present >> (LEVEL_BITS * (level + 1)) << (LEVEL_BITS * (level + 1));
        Some(((level * SLOTS as u32 + slot) as u16, above | u64::from(slot) << (LEVEL_BITS * level)))
    }

    fn bucket_of(&self, deadline: u64) -> u16 {
        let deadline = deadline.max(self.present);
        let differing = deadline ^ self.present;
        let level = (63 - (differing | 1).leading_zeros()) / LEVEL_BITS;
        let slot = (deadline >> (LEVEL_BITS * level)) as u32 % SLOTS as u32;
        (level * SLOTS as u32 + slot) as u16
    }

    fn link(&mut self, index: u32, bucket: u16) {
        let list = &mut self.lists[bucket as usize];
        let last = std::mem::replace(&mut list.last, index);
        if last == NONE {
            list.first = index;
            let level = bucket as usize / SLOTS;
            self.slots[level] |= 1 << (bucket as usize % SLOTS);
            self.levels |= 1 << level;
        } else {
            self.nodes[last as usize].next = index;
        }
        let node = &mut self.nodes[index as usize];
        (node.prev, node.next, node.bucket) = (last, NONE, bucket);
        self.armed += 1;
    }

    /// Takes an armed timer out of its list.
    fn unlink(&mut self, index: u32) {
        let node = &mut self.nodes[index as usize];
        let (prev, next, bucket) = (node.prev, node.next, node.bucket);
        node.bucket = IDLE;
        self.armed -= 1;
        let list = &mut self.lists[bucket as usize];
        match prev {
            NONE => list.first = next,
            prev => self.nodes[prev as usize].next = next,
        }
        match next {
            NONE => list.last = prev,
            next => self.nodes[next as usize].prev = prev,
        }
        if list.first == NONE {
            self.clear(bucket);
        }
    }

    /// Makes a slot empty and returns the first index of its list.
    fn clear(&mut self, bucket: u16) -> u32 {
        let level = bucket as usize / SLOTS;
        self.slots[level] &= !(1 << (bucket as usize % SLOTS));
        if self.slots[level] == 0 {
            self.levels &= !(1 << level);
        }
        std::mem::replace(&mut self.lists[bucket as usize], List::EMPTY).first
    }
}

const LEVEL_BITS: u32 = 6;
const SLOTS: usize = 1 << LEVEL_BITS;
const LEVELS: usize = 8;
/// What eight levels of six bits can tell apart, and a node can hold.
const DEADLINE_MAX: u64 = (1 << 48) - 1;
/// No index.
const NONE: u32 = u32::MAX;
/// The bucket of a timer that is not armed.
const IDLE: u16 = u16::MAX;

/// The timers of a slot, in the order in which they were armed.
#[derive(Debug, Clone, Copy)]
struct List {
    first: u32,
    last: u32,
}

impl List {
    const EMPTY: List = List { first: NONE, last: NONE };
}

/// One call's timer. The deadline in milliseconds has 48 bits, in two parts, to keep this at 16 bytes.
#[derive(Debug, Clone, Copy)]
struct Node {
    prev: u32,
    next: u32,
    deadline_low: u32,
    deadline_high: u16,
    /// Level and slot, or [`IDLE`].
    bucket: u16,
}

impl Node {
    const IDLE: Node = Node { prev: NONE, next: NONE, deadline_low: 0, deadline_high: 0, bucket: IDLE };

    fn deadline(&self) -> u64 {
        u64::from(self.deadline_high) << 32 | u64::from(self.deadline_low)
    }

    fn set_deadline(&mut self, deadline: u64) {
        self.deadline_low = deadline as u32;
        self.deadline_high = (deadline >> 32) as u16;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn advance(wheel: &mut Wheel, now: Time) -> Vec<u32> {
        let mut due = Vec::new();
        wheel.advance(now, &mut due);
        due
    }

    #[test]
    fn node_is_small() {
        assert_eq!(std::mem::size_of::<Node>(), 16);
    }

    #[test]
    fn is_never_early() {
        let mut wheel = Wheel::new();
        wheel.arm(3, Time::from_micros(10_001));
        assert_eq!(wheel.deadline(3), Some(Time::from_millis(11)));
        assert_eq!(advance(&mut wheel, Time::from_micros(10_999)), []);
        assert_eq!(advance(&mut wheel, Time::from_micros(11_000)), [3]);
        assert!(!wheel.is_armed(3));
    }

    #[test]
    fn passed_deadline_is_due_at_once() {
        let mut wheel = Wheel::new();
        advance(&mut wheel, Time::from_millis(5000));
        wheel.arm(0, Time::from_millis(17));
        assert_eq!(wheel.next_deadline(), Some(Time::from_millis(5000)));
        assert_eq!(advance(&mut wheel, Time::from_millis(5000)), [0]);
        assert_eq!(wheel.next_deadline(), None);
    }

    #[test]
    fn same_millisecond_keeps_the_order_of_arming() {
        let mut wheel = Wheel::new();
        for index in [4, 1, 9, 2] {
            wheel.arm(index, Time::from_millis(700));
        }
        wheel.cancel(9);
        assert_eq!(advance(&mut wheel, Time::from_millis(700)), [4, 1, 2]);
    }

    #[test]
    fn far_deadlines() {
        let mut wheel = Wheel::new();
        let week = Time::from_millis(7 * 24 * 3_600_000);
        wheel.arm(0, week);
        wheel.arm(1, Time::from_micros(u64::MAX - 1));
        wheel.arm(2, Time::MAX);
        assert_eq!(wheel.len(), 2);
        assert_eq!(advance(&mut wheel, week - 1), []);
        assert_eq!(advance(&mut wheel, week), [0]);
        wheel.arm(1, Time::MAX);
        assert_eq!((wheel.len(), wheel.next_deadline()), (0, None));
    }

    #[test]
    fn unknown_index_is_not_armed() {
        let mut wheel = Wheel::new();
        wheel.cancel(7);
        assert_eq!((wheel.is_armed(7), wheel.deadline(7)), (false, None));
    }

    #[test]
    fn waking_at_next_deadline_takes_few_turns() {
        let mut wheel = Wheel::new();
        let deadline = Time::from_millis(32_123);
        wheel.arm(0, deadline);
        let mut turns = 0;
        let mut now = Time::ZERO;
        while wheel.is_armed(0) {
            now = wheel.next_deadline().expect("a timer is armed");
            advance(&mut wheel, now);
            turns += 1;
        }
        assert_eq!(now, deadline);
        assert!(turns <= 4, "{turns}");
    }

    #[derive(Debug, Clone)]
    enum Step {
        Arm(u32, u64),
        Cancel(u32),
        Advance(u64),
        Wake,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let span = prop_oneof![0..2_000u64, 0..100_000u64, 0..5_000_000u64, 0..90_000_000_000_000u64];
        let step = prop_oneof![
            4 => (0..40u32, span.clone()).prop_map(|(index, us)| Step::Arm(index, us)),
            1 => (0..40u32).prop_map(Step::Cancel),
            2 => span.prop_map(Step::Advance),
            2 => Just(Step::Wake),
        ];
        proptest::collection::vec(step, 1..200)
    }

    proptest! {
        #[test]
        fn agrees_with_a_map(steps in steps()) {
            let mut wheel = Wheel::new();
            let mut model: BTreeMap<u32, u64> = BTreeMap::new();
            let mut now = Time::ZERO;
            for step in steps {
                match step {
                    // Some deadlines in the past too.
                    Step::Arm(index, us) => {
                        let deadline = now + us - 1_000;
                        wheel.arm(index, deadline);
                        model.insert(index, deadline.as_micros().div_ceil(1000));
                    }
                    Step::Cancel(index) => {
                        wheel.cancel(index);
                        model.remove(&index);
                    }
                    Step::Advance(us) => now = now + us,
                    Step::Wake => now = now.max(wheel.next_deadline().unwrap_or(now)),
                }
                if matches!(step, Step::Advance(_) | Step::Wake) {
                    let before = wheel.present;
                    let due = advance(&mut wheel, now);
                    let order: Vec<u64> = due.iter().map(|index| model[index].max(before)).collect();
                    prop_assert!(order.is_sorted());
                    let mut due = due;
                    due.sort_unstable();
                    let expected: Vec<u32> =
                        model.iter().filter(|(_, ms)| **ms <= now.as_millis()).map(|(index, _)| *index).collect();
                    prop_assert_eq!(due, expected);
                    model.retain(|_, ms| *ms > now.as_millis());
                }
                prop_assert_eq!(wheel.len(), model.len());
                for index in 0..40 {
                    let deadline = model.get(&index).map(|ms| Time::from_millis(*ms));
                    prop_assert_eq!(wheel.deadline(index), deadline);
                }
                match (wheel.next_deadline(), model.values().min()) {
                    (None, None) => {}
                    (Some(bound), Some(first)) => {
                        let first = (*first).max(now.as_millis());
                        prop_assert!(bound.as_millis() <= first);
                        let near = first >> LEVEL_BITS == now.as_millis() >> LEVEL_BITS;
                        prop_assert!(!near || bound.as_millis() == first);
                    }
                    (bound, first) => prop_assert!(false, "{:?} {:?}", bound, first),
                }
            }
        }
    }
}
