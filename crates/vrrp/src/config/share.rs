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

/// What an instance has for itself, as it is written.
#[derive(Serialize, Deserialize)]
#[serde(remote = "InstanceConfig")]
struct Own {
    name: String,
    link: Option<LinkName>,
    vrid: Vrid,
    priority: Priority,
    wants_master: bool,
    source: Option<IpAddr>,
    authentication: Authentication,
    addresses: Vec<VirtualAddress>,
    excluded: Vec<VirtualAddress>,
    #[serde(skip)]
    settings: Arc<Settings>,
}

/// An instance as it is written.
#[derive(Serialize)]
struct Written<'a>(#[serde(serialize_with = "own")] &'a InstanceConfig, Shared<&'a Settings>);

fn own<S: Serializer>(instance: &&InstanceConfig, serializer: S) -> Result<S::Ok, S::Error> {
    Own::serialize(instance, serializer)
}

/// The same as it is read.
#[derive(Deserialize)]
struct Read(#[serde(with = "Own")] InstanceConfig, Shared<Settings>);

/// Writes instances.
pub(super) fn serialize<S: Serializer>(
    instances: &[InstanceConfig],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut common = Common::default();
    let mut written = serializer.serialize_seq(Some(instances.len()))?;
    for instance in instances {
        let settings = match common.place(&instance.settings) {
            Some(place) => Shared::Met(place),
            None => {
                common.meet(Arc::clone(&instance.settings));
                Shared::New(&*instance.settings)
            }
        };
        written.serialize_element(&Written(instance, settings))?;
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
        while let Some(Read(mut instance, settings)) = records.next_element()? {
            instance.settings = match settings {
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
            instances.push(instance);
        }
        Ok(instances)
    }
}

#[cfg(test)]
mod tests;
