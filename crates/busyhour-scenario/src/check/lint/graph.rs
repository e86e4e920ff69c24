//! Where a call may go from each step: never too little, sometimes too much, so that what these ways exclude is excluded.
//!
//! A receive has two kinds of edges: those behind a message that it took, and those past it. A call may also go back to
//! an optional receive right before its step, and to a global one from anywhere (spec-engine §3.4).

use std::collections::{BTreeSet, VecDeque};

use crate::program::{Action, Operand, Optional, Program, StepKind};

/// Scenarios with more steps are not looked at.
const STEPS_MAX: usize = 5000;

/// The nodes are the steps, then the end of the scenario, then points that stand for "from anywhere".
#[derive(Debug)]
pub(crate) struct Graph {
    /// Where a call may be after the step was executed or took a message.
    done: Vec<Vec<usize>>,
    /// Where a call may be without that.
    passed: Vec<Vec<usize>>,
    reachable: Vec<bool>,
}

impl Graph {
    /// The ways of a program; `None` if a call may go to a step that only a variable names, or there are too many.
    pub(crate) fn of(program: &Program) -> Option<Graph> {
        let steps = &program.steps;
        let end = steps.len();
        if end > STEPS_MAX || program.unexpected_main.is_some() {
            return None;
        }
        let mut graph = Graph {
            done: vec![Vec::new(); end + 1],
            passed: vec![Vec::new(); end + 1],
            reachable: Vec::new(),
        };
        let mut from_anywhere = BTreeSet::new();
        for (index, step) in steps.iter().enumerate() {
            graph.done[index] = behind(program, index);
            let optional = optional(&step.kind);
            if optional != Optional::No {
                graph.passed[index].push(index + 1);
                graph.passed[index + 1].push(index);
            }
            if optional == Optional::Global {
                from_anywhere.insert(index);
            }
            if let StepKind::Recv(recv) = &step.kind
                && !recv.advance_state
            {
                graph.done[index].push(index);
            }
            if step.condition.is_some() {
                graph.passed[index].extend(behind(program, index));
            }
            if let Some(target) = step.on_timeout {
                match step.kind {
                    // Its repeats are exhausted while the call is somewhere behind it.
                    StepKind::Send(_) => {
                        from_anywhere.insert(target as usize);
                    }
                    _ => graph.passed[index].push(target as usize),
                }
                // A wait for media or a command ends with it after the actions.
                graph.done[index].push(target as usize);
            }
            for action in &step.actions {
                if let Action::Jump(to) = action {
                    let Operand::Value(value) = to else { return None };
                    // Truncated like SIPp does; a value out of range ends the call.
                    let target = *value as usize;
                    if target <= end {
                        graph.done[index].push(target);
                        // SIPp goes to the step before the target and on from there.
                        graph.done[index]
                            .extend(target.checked_sub(1).iter().flat_map(|before| behind(program, *before)));
                    }
                }
            }
        }
        for target in from_anywhere {
            let hub = graph.passed.len();
            graph.passed.push(vec![target]);
            graph.done.push(Vec::new());
            for from in &mut graph.passed[..end] {
                from.push(hub);
            }
        }
        graph.reachable = graph.reach();
        Some(graph)
    }

    /// True if a call may come to this step.
    pub(crate) fn is_reachable(&self, step: usize) -> bool {
        self.reachable.get(step).copied().unwrap_or(true)
    }

    /// What may be known when a call comes to each step: starts with `entry` at the first one, changes by `effect` where a
    /// step was executed or took a message, and is put together by `join`, which says whether it learnt something. `None`
    /// where no call comes.
    pub(crate) fn flow<F: Clone>(
        &self,
        entry: F,
        effect: impl Fn(usize, &F) -> F,
        join: impl Fn(&mut F, &F) -> bool,
    ) -> Vec<Option<F>> {
        let mut known: Vec<Option<F>> = vec![None; self.passed.len()];
        known[0] = Some(entry);
        let mut waiting = VecDeque::from([0]);
        let mut is_waiting = vec![false; known.len()];
        while let Some(node) = waiting.pop_front() {
            is_waiting[node] = false;
            let Some(before) = known[node].clone() else { continue };
            let after = if self.done[node].is_empty() { before.clone() } else { effect(node, &before) };
            let done = self.done[node].iter().map(|to| (*to, &after));
            let passed = self.passed[node].iter().map(|to| (*to, &before));
            for (to, fact) in done.chain(passed) {
                let learnt = match &mut known[to] {
                    Some(there) => join(there, fact),
                    nothing => {
                        *nothing = Some(fact.clone());
                        true
                    }
                };
                if learnt && !is_waiting[to] {
                    is_waiting[to] = true;
                    waiting.push_back(to);
                }
            }
        }
        known
    }

    fn reach(&self) -> Vec<bool> {
        self.flow((), |_, ()| (), |(), ()| false).into_iter().map(|known| known.is_some()).collect()
    }
}

fn optional(kind: &StepKind) -> Optional {
    match kind {
        StepKind::Recv(recv) => recv.optional,
        StepKind::RecvCmd(recv) => recv.optional,
        _ => Optional::No,
    }
}

/// Where a call goes after a step.
fn behind(program: &Program, index: usize) -> Vec<usize> {
    let Some(next) = program.steps[index].next else { return vec![index + 1] };
    let mut behind = Vec::new();
    if next.chance > 0.0 {
        behind.push(next.target as usize);
    }
    if next.test.is_some() || next.chance < 1.0 {
        behind.push(index + 1);
    }
    behind
}
