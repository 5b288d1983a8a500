//! A host of which little is known.

/// A host that has nothing but the links of these names.
pub(crate) struct Bare(pub(crate) &'static [&'static str]);
impl config::Surroundings for Bare {
    fn node_name(&self) -> String {
        "main".into()
    }
    fn running_as(&self) -> host::Account {
        host::Account { uid: 0, gid: 0, groups: Vec::new() }
    }
    fn user(&self, _: &str) -> Option<(u32, u32)> {
        None
    }
    fn group(&self, _: &str) -> Option<u32> {
        None
    }
    fn groups_of(&self, _: &str, _: u32) -> Vec<u32> {
        Vec::new()
    }
    fn resolve(&self, _: &str) -> Option<String> {
        None
    }
    fn facts(&self, _: &str) -> Option<config::PathFacts> {
        None
    }
    fn search_path(&self) -> Vec<String> {
        Vec::new()
    }
    fn has_link(&self, name: &str) -> bool {
        self.0.contains(&name)
    }
    fn environment(&self, _: &str) -> Option<String> {
        None
    }
}
