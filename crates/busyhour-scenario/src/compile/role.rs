//! Who starts calls, and where sends go (spec-scenario §2.1).

use crate::program::{FirstCommand, Role, Step, StepKind};

/// Creation and sending role; `None` if no step sends or receives. A scenario of commands only sends as it creates.
pub(crate) fn roles(steps: &[Step]) -> Option<(Role, Role)> {
    let creation = steps.iter().find_map(|step| match step.kind {
        StepKind::Send(_) | StepKind::SendCmd(_) => Some(Role::Client),
        StepKind::Recv(_) | StepKind::RecvCmd(_) => Some(Role::Server),
        StepKind::Pause(_) | StepKind::Nop => None,
    })?;
    let sending = steps.iter().find_map(|step| match step.kind {
        StepKind::Send(_) => Some(Role::Client),
        StepKind::Recv(_) => Some(Role::Server),
        _ => None,
    });
    Some((creation, sending.unwrap_or(creation)))
}

/// Which command step comes first.
pub(crate) fn first_command(steps: &[Step]) -> Option<FirstCommand> {
    steps.iter().find_map(|step| match step.kind {
        StepKind::SendCmd(_) => Some(FirstCommand::Sent),
        StepKind::RecvCmd(_) => Some(FirstCommand::Received),
        _ => None,
    })
}
