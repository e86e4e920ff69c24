//! Call-IDs: stored without an allocation where they are short, made by the run's format, and dealt to workers.

use std::fmt;
use std::net::IpAddr;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::pool::Pool;
use crate::settings::{CallIdFormat, Settings};
use busyhour_media::Time;

const INLINE_MAX: usize = 30;

/// Longest Call-ID we make (spec-engine §2).
const GENERATED_MAX: usize = 2048;

/// A stored Call-ID.
#[derive(Clone)]
pub(crate) enum CallId {
    Inline { len: u8, bytes: [u8; INLINE_MAX] },
    Long(Vec<u8>),
}

impl CallId {
    pub(crate) fn new(pool: &mut Pool, id: &[u8]) -> CallId {
        if id.len() <= INLINE_MAX {
            let mut bytes = [0; INLINE_MAX];
            bytes[..id.len()].copy_from_slice(id);
            CallId::Inline { len: id.len() as u8, bytes }
        } else {
            CallId::Long(pool.store(id))
        }
    }

    /// Gives its buffer back, and is empty then.
    pub(crate) fn recycle(&mut self, pool: &mut Pool) {
        if let CallId::Long(bytes) =
            std::mem::replace(self, CallId::Inline { len: 0, bytes: [0; INLINE_MAX] })
        {
            pool.give(bytes);
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            CallId::Inline { len, bytes } => &bytes[..*len as usize],
            CallId::Long(bytes) => bytes,
        }
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", String::from_utf8_lossy(self.as_bytes()))
    }
}

/// What follows the first `///`; all of it without one (spec-engine §3.1).
pub(crate) fn without_prefix(id: &[u8]) -> &[u8] {
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'/', &id[from..]) {
        let at = from + at;
        if id[at..].starts_with(b"///") {
            return &id[at + 3..];
        }
        from = at + 1;
    }
    id
}

/// Hashes a Call-ID for the tables of one worker and for [`owner`](crate::owner). The same everywhere, always: every
/// worker must come to the same owner.
pub(crate) fn hash(id: &[u8]) -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    let mut hasher = foldhash::quality::FixedState::with_seed(0x6275_7379_686f_7572).build_hasher();
    hasher.write(id);
    hasher.finish()
}

/// The worker that owns a Call-ID of this hash. Uses the upper bits; tables use the lower ones.
pub(crate) fn owner_of_hash(hash: u64, workers: usize) -> usize {
    (((hash >> 32) * workers as u64) >> 32) as usize
}

/// Writes the Call-ID of call `number` into `out`, which is cleared first. The same on every worker.
pub(crate) fn generate(settings: &Settings, number: u64, planned: Time, out: &mut Vec<u8>) {
    use std::io::Write as _;
    out.clear();
    let mut random = SmallRng::seed_from_u64(settings.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let ip = settings.local_ip;
    // Writing to a Vec cannot fail.
    let _ = match &settings.call_id {
        CallIdFormat::Template(template) => {
            expand(template, number, settings.pid, ip, &mut random, out);
            Ok(())
        }
        CallIdFormat::Uuid => {
            let mut bytes: [u8; 16] = random.random();
            bytes[6] = bytes[6] & 0x0f | 0x40;
            bytes[8] = bytes[8] & 0x3f | 0x80;
            for (at, byte) in bytes.iter().enumerate() {
                if matches!(at, 4 | 6 | 8 | 10) {
                    out.push(b'-');
                }
                let _ = write!(out, "{byte:02x}");
            }
            write!(out, "@{ip}")
        }
        CallIdFormat::UuidCompact => write!(out, "{:032x}@{ip}", random.random::<u128>()),
        CallIdFormat::Random => write!(out, "{number}-{:032x}@{ip}", random.random::<u128>()),
        CallIdFormat::Timestamp => {
            let us = settings.wall_start_us + planned.as_micros();
            write!(out, "{us}-{number}-{}@{ip}", settings.pid)
        }
    };
    out.truncate(GENERATED_MAX);
}

fn expand(template: &str, number: u64, pid: u32, ip: IpAddr, random: &mut SmallRng, out: &mut Vec<u8>) {
    use std::io::Write as _;
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let _ = match rest.as_bytes().get(at + 1) {
            Some(b'u') => write!(out, "{number}"),
            Some(b'p') => write!(out, "{pid}"),
            Some(b's') => write!(out, "{ip}"),
            Some(b'r') => write!(out, "{}", random.random_range(0..i32::MAX)),
            Some(b'%') => write!(out, "%"),
            // Unknown: stays as it is, and what follows is looked at again.
            _ => {
                out.push(b'%');
                rest = &rest[at + 1..];
                continue;
            }
        };
        rest = &rest[at + 2..];
    }
    out.extend_from_slice(rest.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(format: CallIdFormat) -> String {
        let settings = Settings { call_id: format, pid: 42, ..Settings::default() };
        let mut out = Vec::new();
        generate(&settings, 7, Time::from_millis(5), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_template_is_expanded_and_unknown_letters_stay() {
        assert_eq!(made(CallIdFormat::Template("%u-%p@%s".into())), "7-42@127.0.0.1");
        assert_eq!(made(CallIdFormat::Template("a%%b%xc%".into())), "a%b%xc%");
    }

    #[test]
    fn the_other_formats_have_their_shapes() {
        let uuid = made(CallIdFormat::Uuid);
        assert_eq!(uuid.len(), 36 + "@127.0.0.1".len());
        assert_eq!(&uuid[14..15], "4");
        assert_eq!(made(CallIdFormat::Timestamp), "5000-7-42@127.0.0.1");
        assert_eq!(made(CallIdFormat::Random).len(), "7-".len() + 32 + "@127.0.0.1".len());
        assert_eq!(made(CallIdFormat::UuidCompact).len(), 32 + "@127.0.0.1".len());
    }

    #[test]
    fn only_what_follows_three_slashes_counts() {
        assert_eq!(without_prefix(b"abc///def///x"), b"def///x");
        assert_eq!(without_prefix(b"a//b/c"), b"a//b/c");
        assert_eq!(without_prefix(b"////a"), b"/a");
    }

    #[test]
    fn owners_are_spread_and_in_range() {
        let mut dealt = [0; 3];
        for number in 0..3000 {
            dealt[owner_of_hash(hash(format!("{number}-1@h").as_bytes()), 3)] += 1;
        }
        assert!(dealt.iter().all(|&n| n > 900), "{dealt:?}");
    }

    #[test]
    fn long_ids_are_kept_whole() {
        let long = [b'x'; 300];
        let mut pool = Pool::default();
        assert_eq!(CallId::new(&mut pool, &long).as_bytes(), &long[..]);
        assert_eq!(CallId::new(&mut pool, b"short").as_bytes(), b"short");
    }
}
