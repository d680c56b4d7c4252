//! Standing behind everybody else in line, for the processor and for the disk.
//!
//! On Linux the nice value belongs to the thread, and what it starts inherits it. The disk follows
//! by itself: as long as a thread has no I/O priority of its own, its nice value stands for one,
//! (nice + 20) / 5 of the levels 0 to 7 (ioprio_set(2)), so that 19 is the last of them.

use rustix::process::setpriority_process;
use serde::{Deserialize, Serialize};

/// The least urgent that there is.
const LOWEST: i32 = 19;

/// How urgent collecting is beside everything else on the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Whatever else runs comes first.
    #[default]
    Low,
    /// As urgent as anything else.
    Normal,
}

/// Gives the calling thread, and all that it starts from now on, this priority. There is no way
/// back without privileges: the thread must be one that was made for collecting.
pub fn lower_own_priority(priority: Priority) {
    // without a process the call means the calling thread
    if priority == Priority::Low
        && let Err(error) = setpriority_process(None, LOWEST)
    {
        tracing::warn!(%error, "collecting goes on with normal priority");
    }
}
