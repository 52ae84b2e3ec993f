//! What the run took of the machine's processors.

use std::fs;

use serde::Serialize;

/// Linux counts processor time for programs in ticks of ten milliseconds.
const TICK_MS: u64 = 10;

/// Processor time in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(clippy::struct_field_names, reason = "the report's readers want the unit in the name")]
pub(crate) struct Usage {
    /// Of this process.
    pub(crate) own_cpu_ms: u64,
    /// Of all processors that something ran on, this process and the server too.
    pub(crate) busy_ms: u64,
    /// That the machine's host gave to others: with much of it, the figures mean little.
    pub(crate) steal_ms: u64,
}

impl Usage {
    /// Since the start of the process and of the machine.
    pub(crate) fn now() -> Self {
        let own = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The command's name is in brackets and may hold anything; utime and stime are the 12th
        // and 13th field after it.
        let own = own.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let machine = fs::read_to_string("/proc/stat").unwrap_or_default();
        let machine = machine.lines().next().unwrap_or_default();
        // cpu user nice system idle iowait irq softirq steal
        Self {
            own_cpu_ms: ticks(own, &[11, 12]),
            busy_ms: ticks(machine, &[1, 2, 3, 6, 7]),
            steal_ms: ticks(machine, &[8]),
        }
    }

    /// What was used since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            own_cpu_ms: self.own_cpu_ms.saturating_sub(earlier.own_cpu_ms),
            busy_ms: self.busy_ms.saturating_sub(earlier.busy_ms),
            steal_ms: self.steal_ms.saturating_sub(earlier.steal_ms),
        }
    }
}

fn ticks(line: &str, places: &[usize]) -> u64 {
    let fields = line.split_whitespace().enumerate();
    let chosen = fields.filter(|(place, _)| places.contains(place));
    let sum = chosen.filter_map(|(_, field)| field.parse::<u64>().ok()).sum::<u64>();
    sum.saturating_mul(TICK_MS)
}
