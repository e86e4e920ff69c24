//! Media of a run: what its scenarios need of ports and files, and whether there is enough of it.

mod length;
mod need;

use std::net::IpAddr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use busyhour_engine::settings::{MediaSettings, Run, Settings};
use busyhour_media::Library;
use busyhour_net::media::{MediaOptions, MediaPorts, MediaSetup};
use busyhour_scenario::program::Program;
use busyhour_scenario::template::Keyword;
use busyhour_wire::sdp::Medium;

pub(crate) use need::Room;

use crate::exit::Fatal;

/// First SSRC unless `-random_base_ssrc` (spec-media §5).
pub(crate) const BASE_SSRC: u32 = 0xca11_0000;

/// What a run is told about media.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MediaPlan {
    /// First RTP port, and `[media_port]` if it is free.
    pub(crate) port_min: u16,
    /// Last RTP port.
    pub(crate) port_max: u16,
    /// What arrives on `[media_port]` and the port two above it is sent back.
    pub(crate) echo: bool,
    /// Payload type of `rtp_stream` without one.
    pub(crate) default_payload: u8,
    /// Buffers of media sockets, bytes.
    pub(crate) buffer_bytes: u32,
    /// Part of failed checks from which a pattern on audio has failed.
    pub(crate) audio_tolerance: f64,
    /// The same on video.
    pub(crate) video_tolerance: f64,
    /// First SSRC.
    pub(crate) base_ssrc: u32,
    /// RTCP is sent.
    pub(crate) rtcp: bool,
    /// What arrives is judged, not only counted.
    pub(crate) judge: bool,
    /// Calls have media even where no action asks for it.
    pub(crate) hear: bool,
    /// Media threads; `None`: as many as workers.
    pub(crate) threads: Option<NonZeroU16>,
}

/// SIPp's defaults.
impl Default for MediaPlan {
    fn default() -> MediaPlan {
        MediaPlan {
            port_min: 6000,
            port_max: u16::MAX,
            echo: false,
            default_payload: 8,
            buffer_bytes: 65_536,
            audio_tolerance: 1.0,
            video_tolerance: 1.0,
            base_ssrc: BASE_SSRC,
            rtcp: true,
            judge: true,
            hear: false,
            threads: None,
        }
    }
}

/// Media of a run, with the ports open that calls share.
#[derive(Debug)]
pub(crate) struct Media {
    /// What engines are told.
    pub(crate) engine: MediaSettings,
    /// The media threads.
    pub(crate) setup: MediaSetup,
    /// `[media_port]`.
    pub(crate) port: u16,
}

impl Media {
    /// Opens the ports that calls share, on `ip`, if the run has media at all. Says on stderr what there will be too little of.
    pub(crate) fn open(
        plan: &MediaPlan,
        run: &Run,
        settings: &Settings,
        library: Arc<Library>,
        ip: IpAddr,
        room: &Room,
    ) -> Result<Option<Media>, Fatal> {
        let programs: Vec<&Program> = run.programs.iter().map(|program| &**program).collect();
        if !plan.echo && !plan.hear && !programs.iter().any(|program| has_media(program)) {
            return Ok(None);
        }
        if plan.port_min == 0 {
            return Err(Fatal::new(
                "-min_rtp_port 0: this run has media, and there is no port 0. Give the first port that media may have.",
            ));
        }
        let options = MediaOptions {
            ip,
            port_min: plan.port_min,
            port_max: plan.port_max,
            buffer_bytes: plan.buffer_bytes as usize,
            rtcp: plan.rtcp,
        };
        let offsets = shared_offsets(plan, &programs);
        let known = need::Known {
            library: &library,
            default_payload: plan.default_payload,
            shared_ports: offsets.len(),
        };
        need::check(&options, run, settings, &known, room)?;
        let ports = Arc::new(MediaPorts::new(options));
        let shared = ports.open_shared(plan.port_min, &offsets).map_err(|none| Fatal::new(none.text))?;
        if programs.iter().any(|program| program.media.own_port.contains(&true)) {
            // What is wrong with the address or the range is wrong for every call.
            ports.try_one().map_err(|none| Fatal::new(none.text))?;
        }
        let threads = plan.threads.map_or(room.workers, |threads| usize::from(threads.get()));
        let engine = MediaSettings {
            ports: Arc::clone(&ports) as _,
            library,
            threads: u16::try_from(threads).unwrap_or(u16::MAX).max(1),
            default_payload: plan.default_payload,
            always: plan.hear,
            echo: plan.echo,
            echo_on: Arc::new(AtomicBool::new(true)),
        };
        let echoed = if plan.echo { ECHO_OFFSETS.len() } else { 0 };
        let settings = busyhour_media::Settings {
            rtcp: plan.rtcp,
            analyse: plan.judge,
            cname: format!("busyhour-{}@{ip}", std::process::id()),
            base_ssrc: plan.base_ssrc,
            audio_tolerance: plan.audio_tolerance,
            video_tolerance: plan.video_tolerance,
            echo_ports: shared.pairs.iter().take(echoed).map(|pair| pair.id).collect(),
            echo_on: Arc::clone(&engine.echo_on),
            seed: settings.seed,
            ..busyhour_media::Settings::default()
        };
        let setup = MediaSetup { ports, settings, threads: engine.threads };
        Ok(Some(Media { engine, setup, port: shared.base }))
    }
}

/// Whether calls of this scenario have media: it plays or listens, or promises each call a port.
fn has_media(program: &Program) -> bool {
    program.media.any || program.media.own_port.contains(&true)
}

/// Ports of `-rtp_echo` above `[media_port]`, the first of all that are shared.
const ECHO_OFFSETS: [u16; 2] = [0, 2];

/// How far above `[media_port]` the shared ports are: those of the echo, those that session descriptions name, and those
/// of media whose port no description of ours names (spec-3.8 F).
fn shared_offsets(plan: &MediaPlan, programs: &[&Program]) -> Vec<u16> {
    let mut offsets = if plan.echo { ECHO_OFFSETS.to_vec() } else { Vec::new() };
    let mut add = |offset: u16| {
        if !offsets.contains(&offset) {
            offsets.push(offset);
        }
    };
    for program in programs.iter().filter(|program| has_media(program) || plan.hear) {
        for (_, keyword) in program.keywords() {
            if let Keyword::MediaPort(offset, Some(_)) = keyword
                && let Ok(offset) = u16::try_from(*offset)
            {
                add(offset);
            }
        }
        let media = &program.media;
        for medium in Medium::ALL {
            let at = medium.index();
            if media.used[at] && !media.shared_port[at] && !media.auto_port[at] && !media.own_port[at] {
                add(match medium {
                    Medium::Audio | Medium::Image => 0,
                    Medium::Video => 2,
                    Medium::Text => 4,
                });
            }
        }
    }
    offsets
}
