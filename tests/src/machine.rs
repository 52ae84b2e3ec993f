//! What of the machine's processors a measurement took, and what others did meanwhile: figures that
//! were taken beside other work mean little.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Linux counts processor time for programs in ticks of ten milliseconds.
const TICK_MS: u64 = 10;

/// Processor time in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Of this process.
    pub own_ms: u64,
    /// Of the servers that were named, with all their descendants.
    pub servers_ms: u64,
    /// Of all processors that something ran on.
    pub busy_ms: u64,
    /// That the machine's host gave to other machines.
    pub stolen_ms: u64,
}

impl Usage {
    /// Since the start of the processes and of the machine.
    pub fn now(servers: &[u32]) -> Self {
        let processes = Processes::now();
        let machine = fs::read_to_string("/proc/stat").unwrap_or_default();
        let machine = machine.lines().next().unwrap_or_default();
        // cpu user nice system idle iowait irq softirq steal
        Self {
            own_ms: processes.time_of(std::process::id()),
            servers_ms: servers.iter().map(|&server| processes.time_of_tree(server)).sum(),
            busy_ms: ticks(machine, &[1, 2, 3, 6, 7]),
            stolen_ms: ticks(machine, &[8]),
        }
    }

    /// What was used since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            own_ms: self.own_ms.saturating_sub(earlier.own_ms),
            servers_ms: self.servers_ms.saturating_sub(earlier.servers_ms),
            busy_ms: self.busy_ms.saturating_sub(earlier.busy_ms),
            stolen_ms: self.stolen_ms.saturating_sub(earlier.stolen_ms),
        }
    }

    /// What others used on this machine, and what its host took away from it.
    pub fn others_ms(self) -> u64 {
        let known = self.own_ms.saturating_add(self.servers_ms);
        self.busy_ms.saturating_sub(known).saturating_add(self.stolen_ms)
    }

    /// The same in thousandths of all the time that the processors had.
    pub fn others_permille(self, took: Duration) -> u64 {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let millis = took.as_millis().saturating_mul(processors.try_into().unwrap_or(1));
        let others = u128::from(self.others_ms()).saturating_mul(1_000);
        others.checked_div(millis).and_then(|permille| u64::try_from(permille).ok()).unwrap_or(0)
    }
}

/// All processes with what they used.
#[derive(Debug)]
struct Processes(BTreeMap<u32, Process>);

#[derive(Debug)]
struct Process {
    parent: u32,
    own_ms: u64,
    /// Of children that have ended.
    ended_ms: u64,
}

impl Processes {
    fn now() -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Self(pids.filter_map(|pid| Some((pid, Process::read(pid)?))).collect())
    }

    fn time_of(&self, pid: u32) -> u64 {
        self.0.get(&pid).map_or(0, |process| process.own_ms)
    }

    /// A process with all below it, those that have ended too.
    fn time_of_tree(&self, pid: u32) -> u64 {
        let own =
            self.0.get(&pid).map_or(0, |process| process.own_ms.saturating_add(process.ended_ms));
        let children = self.0.iter().filter(|(_, process)| process.parent == pid);
        children.map(|(&child, _)| self.time_of_tree(child)).fold(own, u64::saturating_add)
    }
}

impl Process {
    fn read(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The command's name is in brackets and may hold anything; behind it the state, the parent,
        // and as the 12th to 15th field the times: user, system, and both of ended children.
        let (_, rest) = stat.rsplit_once(") ")?;
        let parent = rest.split(' ').nth(1)?.parse().ok()?;
        Some(Self { parent, own_ms: ticks(rest, &[11, 12]), ended_ms: ticks(rest, &[13, 14]) })
    }
}

fn ticks(line: &str, places: &[usize]) -> u64 {
    let fields = line.split_whitespace().enumerate();
    let chosen = fields.filter(|(place, _)| places.contains(place));
    let sum = chosen.filter_map(|(_, field)| field.parse::<u64>().ok()).sum::<u64>();
    sum.saturating_mul(TICK_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};
    use std::time::Instant;

    #[test]
    fn a_servers_time_is_not_others() {
        let before = Usage::now(&[std::process::id()]);
        let script = "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done";
        let mut child =
            Command::new("/bin/sh").args(["-c", script]).stdin(Stdio::null()).spawn().unwrap();
        child.wait().unwrap();
        // The child has ended, and its time is its parent's.
        let used = Usage::now(&[std::process::id()]).since(before);
        assert!(used.servers_ms >= 50, "{used:?}");
        assert!(used.others_ms() + used.own_ms + used.servers_ms >= used.busy_ms, "{used:?}");
    }

    #[test]
    fn own_time_passes_while_something_is_done() {
        let (before, started) = (Usage::now(&[]), Instant::now());
        while started.elapsed() < Duration::from_millis(60) {}
        let used = Usage::now(&[]).since(before);
        assert!((10..10_000).contains(&used.own_ms), "{used:?}");
        assert_eq!(used.servers_ms, 0);
    }
}
