//! The packet filter: what is in it, and what must be said to make it what it is to be.

use std::io;

use host::{FilterTable, FirewallOp, Refusal};

use crate::netlink::nftables::batch::{Batches, Removals};
use crate::netlink::nftables::{change, install, remove};
use crate::netlink::refused;

/// The packet filter of this host.
#[derive(Default)]
pub(crate) struct PacketFilter {
    /// Opened when it is needed: not every kernel has nf_tables.
    batches: Option<Batches>,
    /// Tells of others who remove our table. None if the kernel does not tell.
    removals: Option<Removals>,
    installed: Option<FilterTable>,
}

impl PacketFilter {
    /// Carries an order out.
    pub(crate) fn perform(&mut self, op: &FirewallOp) -> Result<(), Refusal> {
        match op {
            FirewallOp::Install(table) => {
                if self.removals.is_none() {
                    self.removals = Removals::open().ok();
                }
                let result = self.install(table);
                self.installed = result.is_ok().then(|| table.clone());
                result
            }
            FirewallOp::Remove(name) => {
                self.installed = None;
                match self.batches() {
                    Ok(batches) => batches.perform(&remove(name)),
                    // Where there is no filter there is no table.
                    Err(_) => Ok(()),
                }
            }
        }
    }

    /// What is to be watched: read it with [`Self::follow`].
    pub(crate) fn removals(&self) -> Option<&Removals> {
        self.removals.as_ref()
    }

    /// Puts our table back if others removed it. If that fails the next order tries it again.
    pub(crate) fn follow(&mut self) {
        let (Some(removals), Some(batches), Some(installed)) =
            (&mut self.removals, &mut self.batches, &self.installed)
        else {
            return;
        };
        if removals.of(&installed.name, batches.port()) && batches.perform(&install(installed)).is_err() {
            self.installed = None;
        }
    }

    /// Changes elements where that will do: to make a thousand addresses anew for one that comes would take long.
    fn install(&mut self, table: &FilterTable) -> Result<(), Refusal> {
        let difference = self.installed.as_ref().and_then(|installed| change(installed, table));
        let batches = self.batches().map_err(|cause| refused(&cause))?;
        match difference.map(|messages| batches.perform(&messages)) {
            Some(Ok(())) => Ok(()),
            // Somebody changed it meanwhile.
            Some(Err(_)) | None => batches.perform(&install(table)),
        }
    }

    fn batches(&mut self) -> io::Result<&mut Batches> {
        match &mut self.batches {
            Some(batches) => Ok(batches),
            none => Ok(none.insert(Batches::open()?)),
        }
    }
}
