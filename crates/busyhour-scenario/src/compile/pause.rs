//! `<pause>` and `<timewait>`: where their length comes from (spec-scenario §3.5).

use crate::check::codes;
use crate::compile::Compiler;
use crate::compile::distribution::percentile_99;
use crate::program::{Distribution, Pause, PauseLength};
use crate::xml::Element;

/// The old way to choose a distribution: by the presence of its name as an attribute, in this order.
const LEGACY: &[&str] = &["normal", "exponential", "lognormal", "weibull", "pareto", "gamma"];

impl Compiler<'_> {
    /// A pause, which is final if the element is a `<timewait>`.
    pub(crate) fn pause(&mut self, element: &Element) -> Option<Pause> {
        let sanity_check = self.boolean_or(element, "sanity_check", true);
        let length = self.pause_length(element)?;
        if let PauseLength::Drawn(distribution) = &length {
            let percentile = percentile_99(distribution);
            if sanity_check && (percentile.is_nan() || percentile > f64::from(i32::MAX)) {
                self.findings.add(
                    codes::PAUSE_TOO_LONG,
                    element.name_span.clone(),
                    format!("the pause's 99th percentile is {percentile:.0} ms, beyond 2147483647 ms"),
                    "longer than 24 days",
                    "lengths are in milliseconds: check the parameters, or add sanity_check=\"false\"",
                );
            }
        }
        Some(Pause { length, final_wait: element.name == "timewait" })
    }

    fn pause_length(&mut self, element: &Element) -> Option<PauseLength> {
        if element.attribute("variable").is_some() {
            return self.variable(element, "variable").map(PauseLength::Variable);
        }
        if let Some(attribute) = element.attribute("distribution") {
            return self.distribution(element, attribute).map(PauseLength::Drawn);
        }
        if let Some(name) = LEGACY.iter().find(|name| element.attribute(name).is_some()) {
            return self.distribution_named(element, name).map(PauseLength::Drawn);
        }
        if element.attribute("min").is_some() || element.attribute("max").is_some() {
            return self.distribution_named(element, "uniform").map(PauseLength::Drawn);
        }
        if element.attribute("milliseconds").is_none() {
            return Some(PauseLength::Default);
        }
        let milliseconds = self.double(element, "milliseconds")?;
        if milliseconds < 0.0 {
            self.taken_for(element, "milliseconds", format!("milliseconds, {milliseconds} is taken for 0"));
        }
        Some(PauseLength::Drawn(Distribution::Fixed(milliseconds.max(0.0))))
    }
}

impl Pause {
    /// What it adds to the scenario's expected duration in ms; `None` if it lasts `-d`.
    pub fn expected_ms(&self) -> Option<u64> {
        match &self.length {
            PauseLength::Default => None,
            PauseLength::Variable(_) => Some(0),
            // A negative percentile casts to 0, a huge one saturates.
            PauseLength::Drawn(drawn) => Some(percentile_99(drawn).min(f64::from(i32::MAX)) as u64),
        }
    }
}
