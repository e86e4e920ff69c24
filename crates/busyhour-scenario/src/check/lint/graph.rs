//! Where a call may go from each step: never too little, sometimes too much, so that what these ways exclude is excluded.
//!
//! A receive has two kinds of edges: those behind a message that it took, and those past it. A call may also go back to
//! an optional receive right before its step, and to a global one from anywhere (spec-engine §3.4).

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};

use crate::program::{Action, Operand, Optional, Program, StepKind};

/// Scenarios with more steps are not looked at.
const STEPS_MAX: usize = 5000;

/// So much is looked at in all flows of a scenario together: a unit is one way from step to step with one fact of weight 1.
const WORK_MAX: usize = 20_000_000;

/// What may be known at a step.
pub(crate) trait Fact: Clone {
    /// Adds what is known on another way to the same step. Returns true if that is something new.
    fn join(&mut self, more: &Self) -> bool;

    /// How much work a join with it is; 0 counts as 1.
    fn weight(&self) -> usize {
        1
    }
}

/// The nodes are the steps, then the end of the scenario, then one point that stands for "from anywhere".
#[derive(Debug)]
pub(crate) struct Graph {
    /// Where a call may be after the step was executed or took a message.
    done: Vec<Vec<usize>>,
    /// Where a call may be without that.
    passed: Vec<Vec<usize>>,
    reachable: Vec<bool>,
    /// What is left of [`WORK_MAX`].
    work_left: Cell<usize>,
}

impl Fact for () {
    fn join(&mut self, (): &()) -> bool {
        false
    }
}

/// Something happened, on one way at least.
impl Fact for bool {
    fn join(&mut self, more: &bool) -> bool {
        let learnt = *more && !*self;
        *self |= *more;
        learnt
    }
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
            work_left: Cell::new(WORK_MAX),
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
        if !from_anywhere.is_empty() {
            // A way from each step to each target would be too many.
            let hub = graph.passed.len();
            graph.passed.push(from_anywhere.into_iter().collect());
            graph.done.push(Vec::new());
            for from in &mut graph.passed[..end] {
                from.push(hub);
            }
        }
        let reached = graph.flow((), |_, ()| ())?;
        graph.reachable = reached.into_iter().map(|known| known.is_some()).collect();
        Some(graph)
    }

    /// True if a call may come to this step.
    pub(crate) fn is_reachable(&self, step: usize) -> bool {
        self.reachable.get(step).copied().unwrap_or(true)
    }

    /// What may be known when a call comes to each step: starts with `entry` at the first one, changes by `effect` where a
    /// step was executed or took a message, and is joined where ways meet. `None` where no call comes; `None` for all if it
    /// is too much work to tell.
    pub(crate) fn flow<F: Fact>(&self, entry: F, effect: impl Fn(usize, &F) -> F) -> Option<Vec<Option<F>>> {
        let mut known: Vec<Option<F>> = vec![None; self.passed.len()];
        known[0] = Some(entry);
        let mut waiting = VecDeque::from([0]);
        let mut is_waiting = vec![false; known.len()];
        while let Some(node) = waiting.pop_front() {
            is_waiting[node] = false;
            let Some(before) = known[node].clone() else { continue };
            self.work(before.weight())?;
            let after = if self.done[node].is_empty() { before.clone() } else { effect(node, &before) };
            let done = self.done[node].iter().map(|to| (*to, &after));
            let passed = self.passed[node].iter().map(|to| (*to, &before));
            for (to, fact) in done.chain(passed) {
                self.work(fact.weight())?;
                let learnt = match &mut known[to] {
                    Some(there) => there.join(fact),
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
        Some(known)
    }

    /// Notes that so much is about to be done; `None` if it is too much.
    fn work(&self, weight: usize) -> Option<()> {
        let left = self.work_left.get().checked_sub(weight.max(1));
        self.work_left.set(left.unwrap_or(0));
        left.map(|_| ())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::lint::slots::Slots;
    use crate::source::Source;
    use crate::{Options, load};

    /// The graph of so many global receives behind as many mandatory ones.
    fn graph(half: usize) -> Graph {
        let receives =
            "<recv request='A'/>".repeat(half) + &"<recv request='B' optional='global'/>".repeat(half);
        let text = format!("<scenario>{receives}<recv request='C'/></scenario>");
        let program = load(&Source::from_bytes("test.xml", text.as_bytes()), &Options::default()).program;
        Graph::of(&program.unwrap()).unwrap()
    }

    fn ways(graph: &Graph) -> usize {
        graph.done.iter().chain(&graph.passed).map(Vec::len).sum()
    }

    #[test]
    fn global_receives_are_reached_from_each_step_at_linear_cost() {
        let (small, large) = (graph(200), graph(2000));
        assert!((0..=4000).all(|step| large.is_reachable(step)));
        assert!(ways(&large) <= 10 * ways(&small), "{} {}", ways(&small), ways(&large));
        let spent = |graph: &Graph| WORK_MAX - graph.work_left.get();
        assert!(spent(&large) <= 10 * spent(&small), "{} {}", spent(&small), spent(&large));
    }

    #[test]
    fn what_is_too_much_work_is_not_known() {
        let graph = graph(200);
        let each_sets_its_own = |index: usize, before: &Slots| {
            let mut after = before.clone();
            after.extend([index]);
            after
        };
        let known = graph.flow(Slots::default(), each_sets_its_own).unwrap();
        assert!(known[399].as_ref().is_some_and(|set| set.contains(0) && set.contains(399)));
        graph.work_left.set(1000);
        assert_eq!(graph.flow(Slots::default(), each_sets_its_own), None);
        // The next one has no work left either.
        assert_eq!(graph.flow(false, |_, before| *before), None);
    }
}
