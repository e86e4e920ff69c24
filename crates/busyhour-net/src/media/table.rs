//! Which pairs of ports are open, whose they are, and which rest.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use busyhour_media::{PortId, PortRef};

use super::options::MediaOptions;
use super::pair::{Pair, Use};

/// Pairs that wait, bound, for the next call. A call then costs no `bind`; more than these are closed.
pub(super) const STOCK_MAX: usize = 1024;
/// How long a port rests before another call gets it while there are others: what the last peer still sends should not
/// be heard by the next call.
pub(super) const REST: Duration = Duration::from_secs(2);
/// For so long nothing is searched after a search through the whole range has found nothing.
const SEARCH_PAUSE: Duration = Duration::from_millis(100);

/// All pairs of one [`MediaPorts`](super::MediaPorts).
#[derive(Debug)]
pub(super) struct PortTable {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    /// Slots by RTP port.
    by_port: HashMap<u16, u32>,
    /// A bit for each port number that one of our sockets has.
    held: Box<[u64; 1024]>,
    /// Slots without users, the one that rests the longest first.
    stock: VecDeque<u32>,
    /// The next port to try.
    cursor: u32,
    /// When the last search found nothing.
    exhausted: Option<Instant>,
}

#[derive(Debug)]
struct Slot {
    pair: Arc<Pair>,
    users: u32,
    shared: bool,
    resting_since: Instant,
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Every port of the range is in use: by us, and by others.
    Exhausted {
        /// Pairs of calls of this run.
        ours: usize,
    },
    /// One of our calls has it for its own RTP.
    Own(u16),
    /// One of our calls has it for RTCP.
    Rtcp(u16),
    /// The system says no.
    System(u16, io::Error),
}

impl PortTable {
    pub(super) fn new(options: &MediaOptions) -> PortTable {
        PortTable {
            slots: Vec::new(),
            free: Vec::new(),
            by_port: HashMap::new(),
            held: Box::new([0; 1024]),
            stock: VecDeque::new(),
            cursor: options.first_even(),
            exhausted: None,
        }
    }

    /// Takes a pair that nobody has: one that has rested, else a new one, else one that has not.
    pub(super) fn take(&mut self, options: &MediaOptions, now: Instant) -> Result<PortRef, Refusal> {
        let rested = |slot: &Slot| now.saturating_duration_since(slot.resting_since) >= REST;
        if self.first_resting().is_some_and(rested)
            && let Some(port) = self.take_from_stock()
        {
            return Ok(port);
        }
        match self.open_next(options, now) {
            Ok(port) => Ok(port),
            Err(refusal) => self.take_from_stock().ok_or(refusal),
        }
    }

    /// Takes the pair of a port, which others may have too.
    pub(super) fn take_at(
        &mut self,
        options: &MediaOptions,
        port: u16,
        purpose: Use,
    ) -> Result<PortRef, Refusal> {
        if let Some(&index) = self.by_port.get(&port)
            && let Some(slot) = &mut self.slots[index as usize]
        {
            if slot.users > 0 && !slot.shared {
                return Err(Refusal::Own(port));
            }
            if slot.users == 0 {
                self.stock.retain(|&resting| resting != index);
                slot.pair.empty();
                slot.pair.grow(options);
            }
            slot.users += 1;
            slot.shared = true;
            return Ok(PortRef { id: PortId(index), port });
        }
        if self.is_held(port) {
            return Err(Refusal::Rtcp(port));
        }
        let pair = Pair::open(options, port, purpose).map_err(|error| Refusal::System(port, error))?;
        Ok(self.insert(pair, true))
    }

    /// Opens the pair that [`take`](PortTable::take) would and closes it again: nothing has changed then.
    pub(super) fn try_one(&mut self, options: &MediaOptions, now: Instant) -> Result<(), Refusal> {
        let found = self.open_next(options, now)?;
        self.close_now(found.id, now);
        self.cursor = u32::from(found.port);
        Ok(())
    }

    /// One user less. The pair rests if it was the last.
    pub(super) fn give_back(&mut self, id: PortId, now: Instant) {
        let Some(slot) = self.slots.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        match slot.users {
            0 => return,
            1 => {}
            _ => {
                slot.users -= 1;
                return;
            }
        }
        slot.users = 0;
        slot.shared = false;
        slot.resting_since = now;
        self.stock.push_back(id.0);
        if self.stock.len() > STOCK_MAX
            && let Some(oldest) = self.stock.pop_front()
        {
            self.close(oldest);
        }
    }

    /// Takes a pair's last user away and closes it.
    pub(super) fn close_now(&mut self, id: PortId, now: Instant) {
        self.give_back(id, now);
        let resting =
            self.slots.get(id.0 as usize).and_then(Option::as_ref).is_some_and(|slot| slot.users == 0);
        if resting {
            self.stock.retain(|&index| index != id.0);
            self.close(id.0);
        }
    }

    pub(super) fn pair(&self, id: PortId) -> Option<Arc<Pair>> {
        let slot = self.slots.get(id.0 as usize)?.as_ref()?;
        (slot.users > 0).then(|| Arc::clone(&slot.pair))
    }

    pub(super) fn users(&self, id: PortId) -> u32 {
        self.slots.get(id.0 as usize).and_then(Option::as_ref).map_or(0, |slot| slot.users)
    }

    /// Pairs that somebody has.
    pub(super) fn in_use(&self) -> usize {
        self.by_port.len() - self.stock.len()
    }

    /// Open sockets.
    pub(super) fn sockets(&self) -> usize {
        self.held.iter().map(|word| word.count_ones() as usize).sum()
    }

    fn first_resting(&self) -> Option<&Slot> {
        self.slots[*self.stock.front()? as usize].as_ref()
    }

    fn take_from_stock(&mut self) -> Option<PortRef> {
        let index = self.stock.pop_front()?;
        let slot = self.slots[index as usize].as_mut()?;
        slot.pair.empty();
        slot.users = 1;
        Some(PortRef { id: PortId(index), port: slot.pair.port })
    }

    /// Opens the next pair of the range that nobody has.
    fn open_next(&mut self, options: &MediaOptions, now: Instant) -> Result<PortRef, Refusal> {
        let ours = self.in_use();
        if self.exhausted.is_some_and(|at| now.saturating_duration_since(at) < SEARCH_PAUSE) {
            return Err(Refusal::Exhausted { ours });
        }
        for _ in 0..options.pairs() {
            let port = self.next_port(options);
            if self.is_held(port)
                || options.rtcp && port.checked_add(1).is_some_and(|rtcp| self.is_held(rtcp))
            {
                continue;
            }
            match Pair::open(options, port, Use::Own) {
                Ok(pair) => return Ok(self.insert(pair, false)),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(Refusal::System(port, error)),
            }
        }
        self.exhausted = Some(now);
        Err(Refusal::Exhausted { ours })
    }

    /// The port at the cursor, which goes on and begins again after the last one.
    fn next_port(&mut self, options: &MediaOptions) -> u16 {
        let port = self.cursor;
        let next = port + 2;
        self.cursor = if next > u32::from(options.port_max) { options.first_even() } else { next };
        // It never passes `port_max`: there is at least one pair, and the first one lies in the range.
        port as u16
    }

    fn insert(&mut self, pair: Pair, shared: bool) -> PortRef {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        let port = pair.port;
        self.hold(port, true);
        if let Some(rtcp) = pair.rtcp_port() {
            self.hold(rtcp, true);
        }
        self.by_port.insert(port, index);
        let slot = Slot { pair: Arc::new(pair), users: 1, shared, resting_since: Instant::now() };
        self.slots[index as usize] = Some(slot);
        PortRef { id: PortId(index), port }
    }

    /// Closes a pair that is in no list any more.
    fn close(&mut self, index: u32) {
        let Some(slot) = self.slots[index as usize].take() else { return };
        self.by_port.remove(&slot.pair.port);
        self.hold(slot.pair.port, false);
        if let Some(rtcp) = slot.pair.rtcp_port() {
            self.hold(rtcp, false);
        }
        self.free.push(index);
    }

    fn is_held(&self, port: u16) -> bool {
        self.held[usize::from(port / 64)] & (1 << (port % 64)) != 0
    }

    fn hold(&mut self, port: u16, held: bool) {
        let bit = 1 << (port % 64);
        let word = &mut self.held[usize::from(port / 64)];
        *word = if held { *word | bit } else { *word & !bit };
    }
}
