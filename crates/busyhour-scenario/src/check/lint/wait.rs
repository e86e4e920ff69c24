//! Waits for streams that never end.

use busyhour_wire::sdp::Medium;

use crate::check::findings::Findings;
use crate::check::lint::codes;
use crate::check::lint::graph::Fact;
use crate::check::lint::scene::{Scene, StepScene, value_span};
use crate::program::{Action, Argument, MediaAction, Stream};

/// Reports a `rtp_stream="wait"` without a timeout where, whatever way the call has come, something streams without end.
pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings) {
    if !scene.steps.iter().any(|step| step.step.actions.iter().any(waits)) {
        return;
    }
    let Some(graph) = &scene.graph else { return };
    let after = |index: usize, before: &MayEnd| {
        let actions = scene.steps.get(index).map_or(&[][..], |step| &step.step.actions);
        actions.iter().fold(*before, MayEnd::then)
    };
    let Some(known) = graph.flow(MayEnd([true; Medium::COUNT]), after) else { return };
    for (step, known) in scene.steps.iter().zip(known) {
        // A step that no call comes to has a finding of its own.
        let Some(before) = known else { continue };
        report(step, before, findings);
    }
}

/// Reports the waits of a step, which last from the action on and hold the call back behind the last one.
fn report(step: &StepScene<'_>, before: MayEnd, findings: &mut Findings) {
    let actions = &step.step.actions;
    if actions.iter().any(|action| matches!(action, Action::ExecInternal(_))) {
        // It may end the call before that waits.
        return;
    }
    let mut now = before;
    for (index, (element, action)) in step.actions().zip(actions).enumerate() {
        now = now.then(action);
        let lasts = |medium: &Medium| {
            let mut later = actions[index..].iter().scan(now, |now, action| {
                *now = now.then(action);
                Some(*now)
            });
            later.all(|now| !now.0[medium.index()])
        };
        if waits(action)
            && let Some(medium) = Medium::ALL.iter().find(|medium| lasts(medium))
        {
            let attribute = element.attribute("rtp_stream");
            findings.add(
                codes::ENDLESS_WAIT,
                attribute.map_or_else(|| element.name_span.clone(), value_span),
                format!("this waits until nothing streams, but the {} stream has no end", medium.name()),
                "the call never goes on",
                "give it timeout=\"ms\" (with ontimeout on the step, the call goes on there), or play the file a number of \
                 times instead of -1, or put a <pause> in the place of the wait",
            );
        }
    }
}

fn waits(action: &Action) -> bool {
    matches!(action, Action::Media(MediaAction::Wait { timeout_ms: 0 }))
}

/// Of each medium, whether there may be nothing that streams without end. Pausing ends nothing.
#[derive(Debug, Clone, Copy)]
struct MayEnd([bool; Medium::COUNT]);

impl MayEnd {
    fn then(mut self, action: &Action) -> MayEnd {
        match action {
            Action::Media(MediaAction::Stream(Argument::Known(stream))) => match stream {
                // Nothing is played, and what streams goes on.
                Stream::File { loops: Some(0), .. } | Stream::Pause(_) | Stream::Resume(_) => {}
                Stream::File { loops, medium, .. } => self.0[medium.index()] = loops.is_some(),
                Stream::Pattern { medium, .. } => self.0[medium.index()] = false,
            },
            // It may be anything.
            Action::Media(MediaAction::Stream(Argument::Text(_))) => self.0 = [true; Medium::COUNT],
            _ => {}
        }
        self
    }
}

impl Fact for MayEnd {
    fn join(&mut self, more: &MayEnd) -> bool {
        let mut learnt = false;
        for (here, more) in self.0.iter_mut().zip(more.0) {
            learnt |= more && !*here;
            *here |= more;
        }
        learnt
    }
}
