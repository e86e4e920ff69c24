//! What a run needs of the system for its media, worked out before it starts.

use super::options::MediaOptions;
use super::table::{REST, STOCK_MAX};

/// How much media a run will have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaNeed {
    /// Most calls open at a time.
    pub calls: u64,
    /// Ports of its own that each call has: one for each medium with `[rtpstream_…_port]`.
    pub own_ports: u64,
    /// Ports that calls share: `[media_port]` with its offsets.
    pub shared_ports: u64,
    /// Ports whose call has ended and that rest, open, before another call gets them:
    /// [`MediaNeed::resting_ports`]. Where there are too few descriptors they rest less.
    pub resting_ports: u64,
    /// Descriptors for all else: signalling, files, threads.
    pub other_descriptors: u64,
}

impl MediaNeed {
    /// How many ports rest where calls with so many ports of their own end at this rate, in calls per second.
    pub fn resting_ports(calls_per_second: f64, own_ports: u64) -> u64 {
        // A float cast saturates.
        let calls = (calls_per_second * REST.as_secs_f64()).ceil() as u64;
        calls.saturating_mul(own_ports).min(STOCK_MAX as u64)
    }

    /// Says whether the range of ports and the limit of descriptors (`ulimit -n`; see
    /// [`raise_descriptor_limit`](crate::raise_descriptor_limit)) suffice.
    ///
    /// # Errors
    /// In words for a person, with the numbers and the way out: what is too little.
    pub fn enough(&self, options: &MediaOptions, descriptors_max: u64) -> Result<(), String> {
        let own = self.calls.saturating_mul(self.own_ports);
        let MediaOptions { port_min, port_max, .. } = options;
        let pairs = u64::from(options.pairs());
        if own.saturating_add(self.shared_ports) > pairs && own > 0 {
            let wanted = own.saturating_add(self.shared_ports);
            let last =
                u64::from(options.first_even()).saturating_add(wanted.saturating_mul(2)).saturating_sub(1);
            let wider = match u16::try_from(last) {
                Ok(last) => format!("Give -max_rtp_port {last} or more"),
                Err(_) => "Give a wider range".to_owned(),
            };
            let shared = match self.shared_ports {
                0 => String::new(),
                shared => format!(" and {shared} for all of them"),
            };
            return Err(format!(
                "{} {own} media ports of their own{shared}; between -min_rtp_port {port_min} and \
                 -max_rtp_port {port_max} there are {pairs} (RTP takes the even ones). {wider}{}.",
                self.need(),
                fewer(pairs.saturating_sub(self.shared_ports) / self.own_ports),
            ));
        }
        let each = if options.rtcp { 2 } else { 1 };
        let media = own.saturating_add(self.shared_ports).saturating_mul(each);
        let resting = self.resting_ports.saturating_mul(each);
        let other = self.other_descriptors;
        let wanted = media.saturating_add(resting).saturating_add(other);
        if wanted > descriptors_max {
            let (rtcp, way) = match options.rtcp {
                true => (" with RTCP", ", -no_rtcp (half of them)"),
                false => ("", ""),
            };
            let rest = match resting {
                0 => String::new(),
                resting => format!(", {resting} for ports that rest {} s after their calls", REST.as_secs()),
            };
            let room = descriptors_max.saturating_sub(other + resting + self.shared_ports * each);
            let fewer_calls = match self.own_ports {
                0 => String::new(),
                ports => fewer(room / (ports * each)),
            };
            return Err(format!(
                "{} {media} sockets for media{rtcp}{rest} and {other} files and sockets for all else, {wanted} \
                 together; this process may have {descriptors_max}. Raise the limit (ulimit -n {wanted}){way}{fewer_calls}.",
                self.need()
            ));
        }
        Ok(())
    }

    fn need(&self) -> String {
        match self.calls {
            1 => "one call needs".to_owned(),
            calls => format!("{calls} calls at a time need"),
        }
    }
}

/// The way out by fewer calls, if one would be possible.
fn fewer(calls: u64) -> String {
    match calls {
        0 => String::new(),
        1 => ", or one call at a time (-l 1)".to_owned(),
        calls => format!(", or at most {calls} calls at a time (-l)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(calls: u64, own_ports: u64) -> MediaNeed {
        MediaNeed { calls, own_ports, shared_ports: 2, resting_ports: 0, other_descriptors: 132 }
    }

    #[test]
    fn too_few_ports_are_said_with_the_range_that_would_do() {
        let options = MediaOptions { port_min: 6000, port_max: 6999, ..MediaOptions::default() };
        assert_eq!(need(498, 1).enough(&options, 1 << 20), Ok(()));
        let text = need(499, 1).enough(&options, 1 << 20).unwrap_err();
        for word in
            ["499 calls", "499 media ports", "there are 500", "-max_rtp_port 7001", "at most 498 calls"]
        {
            assert!(text.contains(word), "{word}: {text}");
        }
        let text = need(60_000, 2).enough(&options, 1 << 20).unwrap_err();
        assert!(text.contains("wider range") && text.contains("at most 249 calls"), "{text}");
        assert_eq!(need(u64::MAX, 0).enough(&options, 1 << 20), Ok(()), "shared ports have no such bound");
        assert!(need(u64::MAX, 2).enough(&options, 1 << 20).is_err());
        let text = need(1, 500).enough(&options, 1 << 20).unwrap_err();
        assert!(text.starts_with("one call needs 500 media ports") && !text.contains("-l"), "{text}");
    }

    #[test]
    fn what_is_offered_is_enough() {
        let options = MediaOptions { port_min: 6000, port_max: 6999, ..MediaOptions::default() };
        assert_eq!(need(499, 1).enough(&MediaOptions { port_max: 7001, ..options.clone() }, 1 << 20), Ok(()));
        assert_eq!(need(249, 2).enough(&options, 1 << 20), Ok(()));
    }

    #[test]
    fn too_few_descriptors_are_said_with_the_limit_that_would_do() {
        let options = MediaOptions::default();
        // 2 for each call, 4 shared, 132 others.
        assert_eq!(need(444, 1).enough(&options, 1024), Ok(()));
        let text = need(445, 1).enough(&options, 1024).unwrap_err();
        for word in ["894 sockets", "ulimit -n 1026", "may have 1024", "-no_rtcp", "at most 444 calls"] {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert_eq!(need(445, 1).enough(&options, 1026), Ok(()));
        let plain = MediaOptions { rtcp: false, ..options };
        assert_eq!(need(800, 1).enough(&plain, 1024), Ok(()));
    }

    #[test]
    fn ports_that_rest_have_descriptors_too() {
        assert_eq!(MediaNeed::resting_ports(10.0, 2), 40);
        assert_eq!(MediaNeed::resting_ports(0.3, 1), 1);
        assert_eq!(MediaNeed::resting_ports(5000.0, 1), 1024, "the others are closed");
        assert_eq!(MediaNeed::resting_ports(5000.0, 0), 0);
        let options = MediaOptions::default();
        let need = MediaNeed { resting_ports: 100, ..need(344, 1) };
        assert_eq!(need.enough(&options, 1024), Ok(()));
        let text = MediaNeed { calls: 345, ..need }.enough(&options, 1024).unwrap_err();
        for word in ["694 sockets", "200 for ports that rest 2 s", "ulimit -n 1026", "at most 344 calls"] {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
}
