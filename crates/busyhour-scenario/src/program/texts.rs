//! All texts of a program, for questions about it as a whole.

use super::{Action, Argument, ClaimKind, MediaAction, Program, RecvTimeout, Step, StepKind};
use crate::template::{Credentials, Keyword, Piece, Template};

impl Program {
    /// All keywords in messages, commands, actions and timeouts, each with the line of its step, 1-based; 0 for those of
    /// `<DefaultMessage>`. Keywords inside of another one's parameters come behind it.
    pub fn keywords(&self) -> impl Iterator<Item = (u32, &Keyword)> {
        let mut found = Vec::new();
        for step in self.init.iter().chain(&self.steps) {
            for text in texts_of(step) {
                collect(text, step.line, &mut found);
            }
        }
        for (_, text) in &self.default_messages {
            collect(text, 0, &mut found);
        }
        found.into_iter()
    }

    /// All texts with keywords, but for those inside of keywords' parameters.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Template> {
        let of_steps = self.init.iter().chain(&self.steps).flat_map(texts_of);
        of_steps.chain(self.default_messages.iter().map(|(_, text)| text))
    }
}

fn texts_of(step: &Step) -> Vec<&Template> {
    let mut texts = match &step.kind {
        StepKind::Send(send) => vec![&send.template],
        StepKind::SendCmd(command) => vec![&command.template],
        StepKind::Recv(recv) => match &recv.timeout {
            RecvTimeout::Rendered(text) => vec![text],
            _ => Vec::new(),
        },
        StepKind::RecvCmd(_) | StepKind::Pause(_) | StepKind::Nop => Vec::new(),
    };
    texts.extend(step.actions.iter().flat_map(texts_of_action));
    texts
}

fn texts_of_action(action: &Action) -> Vec<&Template> {
    match action {
        Action::Log(text)
        | Action::Warning(text)
        | Action::Error(text)
        | Action::AssignString { value: text, .. }
        | Action::ExecCommand(text)
        | Action::ExecVerify(text) => vec![text],
        Action::Lookup { file, key, .. } => vec![file, key],
        Action::Insert { file, value } => vec![file, value],
        Action::Replace { file, line, value } => vec![file, line, value],
        Action::VerifyAuth { username, password, .. } => vec![username, password],
        Action::SetDestination { host, port, protocol } => vec![host, port, protocol],
        // Named in full, so that a new action's texts can't be forgotten here.
        Action::Ereg(_)
        | Action::Assign { .. }
        | Action::Arithmetic { .. }
        | Action::Sample { .. }
        | Action::ToDouble { .. }
        | Action::Test { .. }
        | Action::StringCompare { .. }
        | Action::Trim(_)
        | Action::UrlEncode(_)
        | Action::UrlDecode(_)
        | Action::CloseConnection
        | Action::Index(_)
        | Action::Jump(_)
        | Action::PauseRestore(_)
        | Action::GetTimeOfDay { .. }
        | Action::ExecInternal(_) => Vec::new(),
        Action::Media(action) => texts_of_media(action),
    }
}

fn texts_of_media(action: &MediaAction) -> Vec<&Template> {
    match action {
        MediaAction::PlayCapture { file: text, .. }
        | MediaAction::PlayDigits(Argument::Text(text))
        | MediaAction::Stream(Argument::Text(text)) => vec![text],
        MediaAction::Assert { claims } => claims
            .iter()
            .filter_map(|claim| match &claim.kind {
                ClaimKind::Digits { with, .. } => Some(with),
                ClaimKind::BothWays | ClaimKind::Silent | ClaimKind::Compare { .. } => None,
            })
            .collect(),
        MediaAction::PlayDigits(Argument::Known(_))
        | MediaAction::Stream(Argument::Known(_))
        | MediaAction::Wait { .. }
        | MediaAction::Echo { .. }
        | MediaAction::EchoAll(_)
        | MediaAction::Statistics { .. }
        | MediaAction::HeardDigits { .. }
        | MediaAction::Quality { .. } => Vec::new(),
    }
}

fn collect<'p>(text: &'p Template, line: u32, found: &mut Vec<(u32, &'p Keyword)>) {
    for piece in &text.pieces {
        let Piece::Keyword(keyword) = piece else { continue };
        found.push((line, keyword));
        match keyword {
            Keyword::Field { line: Some(text), .. } | Keyword::File(text) => collect(text, line, found),
            Keyword::Authentication(credentials) => {
                let Credentials { username, password, aka_k, aka_op, aka_opc, aka_amf } = &**credentials;
                for text in [username, password, aka_k, aka_op, aka_opc, aka_amf].into_iter().flatten() {
                    collect(text, line, found);
                }
            }
            _ => {}
        }
    }
}
