//! What engines want of a media thread.

use busyhour_wire::sdp::Medium;

use crate::call::MediaCall;
use crate::command::{self, Command, Event, Happening, Remote, Source, What};
use crate::media::Media;
use crate::media::attribution::Names;
use crate::ports::{PortRef, PortRequest};
use crate::session::Line;
use crate::session::replay::Replay;
use crate::session::stream::Stream;
use crate::srtp::Policy;
use crate::time::Time;

impl Media {
    /// Takes a command of an engine. One for a call that has ended or was refused does nothing, but a port that comes
    /// with it is given back, and nothing streams in it.
    pub fn handle_command(&mut self, now: Time, command: Command) {
        let Command { thread: _, call: name, what } = command;
        if let What::Begin(begin) = what {
            if !self.calls.begin(name, *begin) {
                self.out.figures.counters.calls_refused += 1;
            }
            return;
        }
        let Some(call) = self.calls.find(name) else {
            match what {
                What::Listen { port, .. } => self.out.wishes.push_back(PortRequest::GiveBack(port.id)),
                What::TellStreamsEnd(wait) => {
                    self.out.events.push_back(Event { call: name, happening: Happening::StreamsEnded(wait) });
                }
                _ => {}
            }
            return;
        };
        match what {
            What::Begin(_) => {}
            What::Listen { medium, port } => self.listen(now, call, medium, port),
            What::Remote { medium, to, answered } => {
                self.set_remote(now, call, medium, to.as_deref(), answered);
            }
            What::Secure { medium, send, receive } => {
                self.secure(now, call, medium, send.map(|policy| *policy), receive.map(|policy| *policy));
            }
            What::Play { medium, source } => self.play(now, call, medium, source),
            What::Pause(media) => self.pause(now, call, media, true),
            What::Resume(media) => self.pause(now, call, media, false),
            What::StopStream(medium) => self.stop_stream(now, call, medium),
            What::Echo { medium, on } => self.set_echo(now, call, medium, on),
            What::TellStreamsEnd(wait) => {
                if let Some(call) = self.calls.get(call) {
                    call.tell_streams_end = Some(wait);
                }
                self.tell_streams_end(call);
            }
            What::End => self.end(now, call, name),
        }
    }

    fn listen(&mut self, now: Time, call: u32, medium: Medium, port: PortRef) {
        let Some(index) = self.line_of(call, medium) else { return };
        let Some(line) = self.lines.get(index) else { return };
        if let Some(before) = line.port {
            if before.id == port.id {
                // Taken twice, so it is given back twice: once now.
                self.out.wishes.push_back(PortRequest::GiveBack(port.id));
                return;
            }
            self.leave_port(index, before);
        }
        let Some(line) = self.lines.get(index) else { return };
        line.set_port(now, port, &mut self.out);
        let names = Names { ssrc: line.ssrc(), peer: line.peer() };
        if let Some(first) = self.attribution.join(port.id, index, names) {
            if let Some(line) = self.lines.get(first) {
                line.remember_sent();
                let names = Names { ssrc: line.ssrc(), peer: line.peer() };
                self.attribution.name(port.id, first, names);
            }
            if !self.settings.echo_ports.contains(&port.id) {
                self.out.wishes.push_back(PortRequest::Watch(port.id));
            }
            self.update_watch(now, first);
        }
        if self.attribution.is_shared(port.id)
            && let Some(line) = self.lines.get(index)
        {
            line.remember_sent();
        }
        self.update_watch(now, index);
        self.arm(index);
    }

    /// Takes a line off its port, and gives the port back.
    pub(super) fn leave_port(&mut self, index: u32, port: PortRef) {
        let Some(line) = self.lines.get(index) else { return };
        let (names, watched) = (Names { ssrc: line.ssrc(), peer: line.peer() }, line.is_watched());
        let last = self.attribution.leave(port.id, index, names);
        if last && watched && !self.settings.echo_ports.contains(&port.id) {
            self.out.wishes.push_back(PortRequest::Unwatch(port.id));
        }
        self.out.wishes.push_back(PortRequest::GiveBack(port.id));
    }

    /// Has the port of a line watched if something there wants a prompt answer, or cannot wait for one call's turn.
    fn update_watch(&mut self, now: Time, index: u32) {
        let Some(line) = self.lines.get(index) else { return };
        let Some(port) = line.port else { return };
        let anyway = self.attribution.is_shared(port.id) || self.settings.echo_ports.contains(&port.id);
        let wanted = anyway || line.echoes();
        if wanted == line.is_watched() {
            return;
        }
        line.set_watched(now, wanted);
        if !anyway {
            let wish = if wanted { PortRequest::Watch(port.id) } else { PortRequest::Unwatch(port.id) };
            self.out.wishes.push_back(wish);
        }
        self.arm(index);
    }

    fn set_remote(&mut self, now: Time, call: u32, medium: Medium, remote: Option<&Remote>, answered: Time) {
        let known = self.calls.get(call).is_some_and(|call| call.line(medium).is_some());
        if remote.is_none() && !known {
            return;
        }
        let Some(index) = self.line_of(call, medium) else { return };
        let Some(line) = self.lines.get(index) else { return };
        let before = line.set_peer(now, remote, answered, &mut self.out);
        if let Some(port) = line.port {
            self.attribution.set_peer(port.id, index, before.as_ref(), line.peer());
        }
        self.arm(index);
    }

    fn secure(
        &mut self,
        now: Time,
        call: u32,
        medium: Medium,
        send: Option<Policy>,
        receive: Option<Policy>,
    ) {
        let Some(index) = self.line_of(call, medium) else { return };
        let Some(line) = self.lines.get(index) else { return };
        if !line.secure(now, send, receive) {
            self.warn(call, || {
                let medium = medium.name();
                format!("SRTP key of {medium} does not fit its suite: nothing is sent until there is another")
            });
        }
        self.arm(index);
    }

    fn play(&mut self, now: Time, call: u32, medium: Medium, source: Source) {
        let Some(index) = self.line_of(call, medium) else { return };
        let Some(line) = self.lines.get(index) else { return };
        if let Source::Capture { .. } = source {
            // One that follows right on another would else cut off its last packet.
            line.catch_up(now, &mut self.out);
        }
        let start = line.next_start(now);
        let stream = match source {
            Source::Capture { capture, renumbered } => {
                line.play_replay(Replay::new(capture, renumbered, start));
                let missing = match (line.port, line.had_peer()) {
                    (None, _) => Some("the call has no local port for it"),
                    (Some(_), false) => Some("no SDP of the peer has said where to send it"),
                    (Some(_), true) => None,
                };
                self.arm(index);
                // Unlike a stream, a capture does not wait.
                if let Some(missing) = missing {
                    let medium = medium.name();
                    self.warn(call, || format!("a capture for {medium} is played to nobody: {missing}"));
                }
                return;
            }
            Source::Sound { sound, form, loops } => Stream::sound(sound, &form, loops, start),
            Source::Pattern { id, form } => Some(Stream::pattern(id, &form, start)),
        };
        let before = line.play_stream(stream);
        self.judge_check(now, call, medium, before, false);
        self.arm(index);
        self.tell_streams_end(call);
    }

    fn pause(&mut self, now: Time, call: u32, media: command::Media, paused: bool) {
        for medium in Medium::ALL {
            if media != command::Media::All && media != command::Media::Only(medium) {
                continue;
            }
            let Some(index) = self.calls.get(call).and_then(|call| call.line(medium)) else { continue };
            if let Some(line) = self.lines.get(index) {
                line.pause(now, paused);
            }
            self.arm(index);
        }
    }

    fn stop_stream(&mut self, now: Time, call: u32, medium: Medium) {
        let Some(index) = self.calls.get(call).and_then(|call| call.line(medium)) else { return };
        let Some(line) = self.lines.get(index) else { return };
        let before = line.play_stream(None);
        self.judge_check(now, call, medium, before, false);
        self.arm(index);
        self.tell_streams_end(call);
    }

    fn set_echo(&mut self, now: Time, call: u32, medium: Medium, on: bool) {
        let Some(index) = self.line_of(call, medium) else { return };
        if let Some(line) = self.lines.get(index) {
            line.set_echo(on);
        }
        self.update_watch(now, index);
    }

    /// Tells the engine that nothing streams any more, if it waits for that and it is so.
    pub(super) fn tell_streams_end(&mut self, call: u32) {
        let Some(found) = self.calls.get(call) else { return };
        let Some(wait) = found.tell_streams_end else { return };
        let name = found.name;
        let streams = found.lines().any(|line| self.lines.get(line).is_some_and(|line| line.streams()));
        if streams {
            return;
        }
        if let Some(found) = self.calls.get(call) {
            found.tell_streams_end = None;
        }
        self.out.events.push_back(Event { call: name, happening: Happening::StreamsEnded(wait) });
    }

    fn end(&mut self, now: Time, call: u32, name: MediaCall) {
        self.calls.forget_name(name);
        self.begin_closing(now, call);
    }

    /// The line of a medium of a call, made if there is none yet.
    fn line_of(&mut self, call: u32, medium: Medium) -> Option<u32> {
        let found = self.calls.get(call)?;
        if let Some(line) = found.line(medium) {
            return Some(line);
        }
        let ssrc = found.ssrc(medium, self.settings.base_ssrc);
        let index = self.lines.insert(Line::new(call, medium, &found.ear, found.phase, ssrc));
        found.set_line(medium, index);
        self.wheel.reserve(index);
        Some(index)
    }

    /// Warns of something about a call, but of the first such thing only.
    pub(super) fn warn(&mut self, call: u32, text: impl FnOnce() -> String) {
        let Some(call) = self.calls.get(call) else { return };
        if !std::mem::replace(&mut call.warned, true) {
            let happening = Happening::Warning(text());
            self.out.events.push_back(Event { call: call.name, happening });
        }
    }
}
