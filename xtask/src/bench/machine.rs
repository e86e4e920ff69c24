//! What the figures were measured on.

use std::fs;
use std::process::Command;

use crate::steps::output;

/// Cores that this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Kernel, processor, cores, memory and versions, one fact a line.
pub(super) fn facts() -> Vec<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, name: &str| -> String {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or("unknown", |(_, value)| value.trim()).to_owned()
    };
    let tool =
        |command: &mut Command| output(command).map_or("unknown".to_owned(), |text| text.trim().to_owned());
    let virtual_machine = if value(&read("/proc/cpuinfo"), "flags").contains("hypervisor") {
        ", a virtual machine"
    } else {
        ""
    };
    vec![
        format!("Date: {}", tool(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]))),
        format!("Commit: {}", tool(Command::new("git").args(["describe", "--always", "--dirty"]))),
        format!("Kernel: Linux {}", read("/proc/sys/kernel/osrelease").trim()),
        format!(
            "Processor: {}, {} cores{virtual_machine}",
            value(&read("/proc/cpuinfo"), "model name"),
            cores()
        ),
        format!("Memory: {}", value(&read("/proc/meminfo"), "MemTotal")),
        format!("Receive buffer limit (net.core.rmem_max): {}", read("/proc/sys/net/core/rmem_max").trim()),
        format!("Compiler: {}", tool(Command::new("rustc").arg("--version"))),
    ]
}
