//! Who is connected to whom. A connection ends with either node; between nodes with a channel it
//! comes back by itself.

use super::identity::NodeId;

/// A connection, seen from the node that dialled.
struct Link {
    dialler: NodeId,
    dialled: NodeId,
}

/// All connections between nodes.
#[derive(Default)]
pub(crate) struct Links(Vec<Link>);

impl Links {
    /// Connects two nodes; connected ones stay as they are.
    pub(crate) fn add(&mut self, dialler: NodeId, dialled: NodeId) {
        if !self.connect(dialler, dialled) {
            self.0.push(Link { dialler, dialled });
        }
    }

    /// Whether two nodes are connected.
    pub(crate) fn connect(&self, one: NodeId, other: NodeId) -> bool {
        self.of(one).any(|(peer, _)| peer == other)
    }

    /// The peers of a node, and whether they dialled.
    pub(crate) fn of(&self, id: NodeId) -> impl Iterator<Item = (NodeId, bool)> {
        self.0.iter().filter_map(move |link| match id {
            _ if id == link.dialler => Some((link.dialled, false)),
            _ if id == link.dialled => Some((link.dialler, true)),
            _ => None,
        })
    }

    /// Cuts every connection of a node.
    pub(crate) fn drop_all(&mut self, id: NodeId) {
        self.0
            .retain(|link| link.dialler != id && link.dialled != id);
    }
}
