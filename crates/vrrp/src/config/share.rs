//! Settings that instances have in common are kept once, and written once.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use host::LinkName;
use serde::de::Error as _;
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Authentication, InstanceConfig, Priority, Settings, VirtualAddress, Vrid};

/// So many different settings are compared with: those of thousands of instances are mostly a handful, and comparing
/// with all would take long where they are not.
const COMPARED: usize = 8;

/// The settings met of late.
#[derive(Debug, Default)]
pub struct Common {
    /// The latest last.
    met: Vec<Arc<Settings>>,
}

impl Common {
    /// Makes an instance share its settings with one before it that has the same.
    pub fn share(&mut self, instance: &mut InstanceConfig) {
        match self.place(&instance.settings) {
            Some(place) => instance.settings = Arc::clone(&self.met[place]),
            None => self.meet(Arc::clone(&instance.settings)),
        }
    }

    fn place(&self, settings: &Arc<Settings>) -> Option<usize> {
        self.met.iter().rposition(|met| met == settings)
    }

    fn meet(&mut self, settings: Arc<Settings>) {
        if self.met.len() == COMPARED {
            self.met.remove(0);
        }
        self.met.push(settings);
    }
}

/// Settings as they are written: themselves, or where they stand among those met of late.
#[derive(Serialize, Deserialize)]
enum Shared<S> {
    New(S),
    Met(usize),
}

/// An instance as it is written.
#[derive(Serialize, Deserialize)]
struct Record<N, A, S> {
    name: N,
    link: LinkName,
    vrid: Vrid,
    priority: Priority,
    wants_master: bool,
    source: Option<IpAddr>,
    authentication: Authentication,
    addresses: A,
    excluded: A,
    settings: Shared<S>,
}

/// Writes instances.
pub(super) fn serialize<S: Serializer>(
    instances: &[InstanceConfig],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut common = Common::default();
    let mut written = serializer.serialize_seq(Some(instances.len()))?;
    for instance in instances {
        let InstanceConfig {
            name,
            link,
            vrid,
            priority,
            wants_master,
            source,
            authentication,
            addresses,
            excluded,
            settings,
        } = instance;
        let met = common.place(settings).map(Shared::Met);
        let settings = met.unwrap_or_else(|| {
            common.meet(Arc::clone(settings));
            Shared::New(&**settings)
        });
        written.serialize_element(&Record {
            name,
            link: link.clone(),
            vrid: *vrid,
            priority: *priority,
            wants_master: *wants_master,
            source: *source,
            authentication: authentication.clone(),
            addresses,
            excluded,
            settings,
        })?;
    }
    written.end()
}

/// Reads what [`serialize`] wrote.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<InstanceConfig>, D::Error> {
    deserializer.deserialize_seq(Instances)
}

/// Reads one instance after the other, so that settings are never there twice.
struct Instances;

impl<'de> serde::de::Visitor<'de> for Instances {
    type Value = Vec<InstanceConfig>;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("instances")
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut records: A) -> Result<Self::Value, A::Error> {
        let mut common = Common::default();
        let mut instances = Vec::new();
        while let Some(record) = records.next_element::<Record<String, Vec<VirtualAddress>, Settings>>()? {
            let settings = match record.settings {
                Shared::New(settings) => {
                    let settings = Arc::new(settings);
                    common.meet(Arc::clone(&settings));
                    settings
                }
                Shared::Met(place) => {
                    let met = common.met.get(place);
                    Arc::clone(met.ok_or_else(|| A::Error::custom("settings of no instance before"))?)
                }
            };
            instances.push(InstanceConfig {
                name: record.name,
                link: record.link,
                vrid: record.vrid,
                priority: record.priority,
                wants_master: record.wants_master,
                source: record.source,
                authentication: record.authentication,
                addresses: record.addresses,
                excluded: record.excluded,
                settings,
            });
        }
        Ok(instances)
    }
}

#[cfg(test)]
mod tests;
