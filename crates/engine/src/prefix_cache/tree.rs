//! A radix tree over token ids: every node stands for a sequence, that of its labels from the root.
//!
//! It knows nothing of what hangs at its nodes.

use std::collections::BTreeMap;
use std::iter;

use slab::Slab;
use tokenscope_model::RopeRegime;
use tokenscope_tokens::TokenId;

/// A node's place in the slab. It is given to another node once this one has been removed.
pub(super) type NodeId = usize;

/// One tree per regime, in one slab. The nodes of sequences carry a value each.
pub(super) struct Tree<T> {
    nodes: Slab<Node<T>>,
    short: NodeId,
    long: NodeId,
}

struct Node<T> {
    /// The ids between the parent's sequence and this one; empty at a root only.
    label: Vec<TokenId>,
    /// Ids of the whole sequence.
    length: usize,
    /// None at a root.
    parent: Option<NodeId>,
    /// By the first id of their labels.
    children: BTreeMap<TokenId, NodeId>,
    value: T,
}

/// A node met on the way along a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Met {
    pub(super) node: NodeId,
    /// Ids of the sequence so far. The last node of a way may go on past them, or elsewhere.
    pub(super) matched: usize,
    /// Whether these are all ids of the node.
    pub(super) whole: bool,
}

impl<T: Default> Tree<T> {
    pub(super) fn new() -> Self {
        let mut nodes = Slab::new();
        let mut root = || nodes.insert(Node::new(Vec::new(), 0, None));
        let (short, long) = (root(), root());
        Tree { nodes, short, long }
    }

    /// The empty sequence of a regime.
    pub(super) fn root(&self, regime: RopeRegime) -> NodeId {
        match regime {
            RopeRegime::Short => self.short,
            RopeRegime::Long => self.long,
        }
    }

    /// Number of nodes, without the roots.
    pub(super) fn len(&self) -> usize {
        self.nodes.len() - 2
    }

    pub(super) fn is_leaf(&self, node: NodeId) -> bool {
        self.nodes[node].children.is_empty()
    }

    /// Ids of a node's sequence.
    pub(super) fn length(&self, node: NodeId) -> usize {
        self.nodes[node].length
    }

    pub(super) fn value(&self, node: NodeId) -> &T {
        &self.nodes[node].value
    }

    pub(super) fn value_mut(&mut self, node: NodeId) -> &mut T {
        &mut self.nodes[node].value
    }

    /// The node whose sequence is the longest beginning of this one's; none for a root, nor for
    /// those right below it.
    pub(super) fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.nodes[node].parent.filter(|parent| self.nodes[*parent].parent.is_some())
    }

    /// The nodes along `ids`, the shortest first.
    pub(super) fn along(&self, root: NodeId, ids: &[TokenId]) -> impl Iterator<Item = Met> {
        let (mut node, mut matched) = (root, 0);
        iter::from_fn(move || {
            // Behind the ids of a node that was only partly met, none of its children fits.
            if matched < self.nodes[node].length {
                return None;
            }
            node = *self.nodes[node].children.get(ids.get(matched)?)?;
            matched += common(&self.nodes[node].label, &ids[matched..]);
            Some(Met { node, matched, whole: matched == self.nodes[node].length })
        })
    }

    /// Some longest sequence that begins with a node's.
    pub(super) fn leaf_below(&self, mut node: NodeId) -> NodeId {
        while let Some((_, child)) = self.nodes[node].children.first_key_value() {
            node = *child;
        }
        node
    }

    /// The node of a node's sequence followed by `ids`, made if there is none.
    pub(super) fn grow(&mut self, mut node: NodeId, mut ids: &[TokenId]) -> NodeId {
        while let Some(first) = ids.first() {
            let Some(child) = self.nodes[node].children.get(first).copied() else {
                return self.add_child(node, ids);
            };
            let shared = common(&self.nodes[child].label, ids);
            let is_whole = shared == self.nodes[child].label.len();
            node = if is_whole { child } else { self.split(child, shared) };
            ids = &ids[shared..];
        }
        node
    }

    /// Takes a leaf away.
    pub(super) fn remove_leaf(&mut self, leaf: NodeId) -> T {
        debug_assert!(self.is_leaf(leaf));
        let node = self.nodes.remove(leaf);
        if let Some(parent) = node.parent {
            self.nodes[parent].children.remove(&node.label[0]);
        }
        node.value
    }

    fn add_child(&mut self, parent: NodeId, label: &[TokenId]) -> NodeId {
        let length = self.nodes[parent].length + label.len();
        let child = self.nodes.insert(Node::new(label.to_vec(), length, Some(parent)));
        self.nodes[parent].children.insert(label[0], child);
        child
    }

    /// Puts a node between `lower` and its parent, for the first ids of the label.
    fn split(&mut self, lower: NodeId, ids: usize) -> NodeId {
        let parent = self.nodes[lower].parent.expect("a root has no label to split");
        let rest = self.nodes[lower].label.split_off(ids);
        let label = std::mem::replace(&mut self.nodes[lower].label, rest);
        let upper = self.add_child(parent, &label);
        self.nodes[lower].parent = Some(upper);
        let first = self.nodes[lower].label[0];
        self.nodes[upper].children.insert(first, lower);
        upper
    }
}

impl<T: Default> Node<T> {
    fn new(label: Vec<TokenId>, length: usize, parent: Option<NodeId>) -> Self {
        Node { label, length, parent, children: BTreeMap::new(), value: T::default() }
    }
}

/// How many ids two sequences begin with in common.
fn common(a: &[TokenId], b: &[TokenId]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[u32]) -> Vec<TokenId> {
        ids.iter().copied().map(TokenId).collect()
    }

    #[test]
    fn labels_are_split_where_sequences_part() {
        let mut tree = Tree::<()>::new();
        let root = tree.root(RopeRegime::Short);
        let trunk = tree.grow(root, &ids(&[1, 2, 3, 4]));
        assert_eq!((tree.len(), tree.length(trunk)), (1, 4));
        let branch = tree.grow(root, &ids(&[1, 2, 9]));
        let fork = tree.parent(branch).unwrap();
        assert_eq!((tree.len(), tree.length(fork), tree.parent(fork)), (3, 2, None));
        assert_eq!((tree.parent(trunk), tree.length(trunk)), (Some(fork), 4));
        assert_eq!(tree.grow(root, &ids(&[1, 2])), fork);
        assert_eq!(tree.grow(fork, &ids(&[3, 4])), trunk);
        assert_eq!(tree.grow(fork, &[]), fork);

        let met = |sequence: &[u32]| -> Vec<(NodeId, usize, bool)> {
            let met = tree.along(root, &ids(sequence)).collect::<Vec<_>>();
            met.iter().map(|met| (met.node, met.matched, met.whole)).collect()
        };
        for (sequence, expected) in [
            (&[1, 2, 3, 4, 5][..], &[(fork, 2, true), (trunk, 4, true)][..]),
            (&[1, 2, 3, 7, 4], &[(fork, 2, true), (trunk, 3, false)]),
            (&[1, 2, 7], &[(fork, 2, true)]),
            (&[1], &[(fork, 1, false)]),
            (&[2], &[]),
            (&[], &[]),
        ] {
            assert_eq!(met(sequence), expected, "{sequence:?}");
        }
        assert_eq!(tree.along(tree.root(RopeRegime::Long), &ids(&[1])).count(), 0);
        assert!([trunk, branch].contains(&tree.leaf_below(fork)));

        tree.remove_leaf(trunk);
        assert_eq!((tree.len(), tree.leaf_below(root)), (2, branch));
    }
}
