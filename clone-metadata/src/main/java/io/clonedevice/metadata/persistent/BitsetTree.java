package io.clonedevice.metadata.persistent;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Where the blocks of the bitset are: its array blocks and the btree above them.
 *
 * <pre>
 *   level 2            [ root ]
 *   level 1     [ leaf 0 ]   [ leaf 1 ]
 *   level 0    a0 a1 a2 ...  ... array blocks
 * </pre>
 *
 * The keys of the btree are 0 to n-1 without gaps, so that the tree is known from the number of
 * children of each node. Shape and keys never change; blocks move. Used by one thread at a time.
 */
final class BitsetTree {
  /** Block numbers by level and index; they fit an int by {@link MetadataLayout#MAX_BLOCKS}. */
  private final int[][] blocks;

  /** First child of each node, and one past the last node's last child; level 0 has none. */
  private final int[][] firstChild;

  BitsetTree(int[][] blocks, int[][] firstChild) {
    this.blocks = blocks;
    this.firstChild = firstChild;
  }

  /** Makes a tree whose nodes are filled evenly; all block numbers are 0. */
  static BitsetTree balanced(int arrayBlocks) {
    int depth = 1;
    for (int width = arrayBlocks; width > BTreeNode.MAX_ENTRIES; depth++) {
      width = MetadataLayout.ceilDiv(width, BTreeNode.MAX_ENTRIES);
    }
    int[][] blocks = new int[depth + 1][];
    int[][] firstChild = new int[depth + 1][];
    blocks[0] = new int[arrayBlocks];
    firstChild[0] = new int[0];
    for (int level = 1; level <= depth; level++) {
      int children = blocks[level - 1].length;
      int nodes = MetadataLayout.ceilDiv(children, BTreeNode.MAX_ENTRIES);
      blocks[level] = new int[nodes];
      firstChild[level] = new int[nodes + 1];
      for (int node = 0; node <= nodes; node++) {
        firstChild[level][node] = (int) ((long) children * node / nodes);
      }
    }
    return new BitsetTree(blocks, firstChild);
  }

  /** Returns the number of nodes of a balanced tree. */
  static int nodeCount(int arrayBlocks) {
    int nodes = 0;
    int width = arrayBlocks;
    do {
      width = MetadataLayout.ceilDiv(width, BTreeNode.MAX_ENTRIES);
      nodes += width;
    } while (width > 1);
    return nodes;
  }

  int arrayBlocks() {
    return blocks[0].length;
  }

  int nodes() {
    int nodes = 0;
    for (int level = 1; level < blocks.length; level++) {
      nodes += blocks[level].length;
    }
    return nodes;
  }

  /** Returns the level of the root; array blocks are level 0, leaves level 1. */
  int rootLevel() {
    return blocks.length - 1;
  }

  int nodesAt(int level) {
    return blocks[level].length;
  }

  int root() {
    return blocks[rootLevel()][0];
  }

  int block(int level, int index) {
    return blocks[level][index];
  }

  void move(int level, int index, int block) {
    blocks[level][index] = block;
  }

  /** Returns the index, one level up, of the node that points to a block. */
  int parentOf(int level, int index) {
    int found = Arrays.binarySearch(firstChild[level + 1], index);
    return found >= 0 ? found : -found - 2;
  }

  /** Fills a zeroed block with a node; the level is at least 1. */
  void encodeNode(int level, int index, ByteBuffer block) {
    int from = firstChild[level][index];
    int to = firstChild[level][index + 1];
    BTreeNode.encodeHeader(block, level == 1, to - from);
    for (int child = from; child < to; child++) {
      BTreeNode.putEntry(block, child - from, firstKey(level - 1, child), blocks[level - 1][child]);
    }
    BlockKind.BTREE_NODE.seal(block, blocks[level][index]);
  }

  private long firstKey(int level, int index) {
    int key = index;
    for (int below = level; below > 0; below--) {
      key = firstChild[below][key];
    }
    return key;
  }
}
