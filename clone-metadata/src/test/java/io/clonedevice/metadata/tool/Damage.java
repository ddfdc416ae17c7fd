package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.MetadataDevice;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

/** Ways to damage metadata. */
enum Damage {
  /** Up to three bits of one block, the most that the checksum is sure to catch. */
  BIT_FLIP {
    @Override
    Case inflict(SampleImage image, Random random) {
      ImageDevice device = image.device().copy();
      long block = anyBlock(image, random);
      byte[] bytes = device.block(block);
      for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
        flip(bytes, random.nextInt(8 * bytes.length));
      }
      device.put(block, bytes);
      return Case.of(image, device, "bits of block " + block);
    }
  },

  /** One bit, and the checksum is right again. */
  RESEALED_FLIP {
    @Override
    Case inflict(SampleImage image, Random random) {
      long block = partOf(image, random);
      int size = random.nextBoolean() ? HEADER_BITS : 8 * MetadataDevice.BLOCK_SIZE;
      return reseal(image, block, 32 + random.nextInt(size - 32));
    }
  },

  /** A field of the structure gets an extreme or random value, and the checksum is right again. */
  FORGED_FIELD {
    @Override
    Case inflict(SampleImage image, Random random) {
      ImageDevice device = image.device().copy();
      StringBuilder what = new StringBuilder("fields");
      boolean words = false;
      boolean size = false;
      boolean counts = false;
      int fields = 1 + random.nextInt(2);
      for (int i = 0; i < fields; i++) {
        long block = partOf(image, random);
        BlockType type = image.types().get(block);
        int[] offsets = FIELDS[type.ordinal()];
        int offset = offsets[random.nextInt(offsets.length)];
        byte[] bytes = device.block(block);
        long value = forgedValue(random, image);
        ByteBuffer view = BlockType.view(bytes);
        if (random.nextBoolean()) {
          view.putLong(offset, value);
        } else {
          view.putInt(offset, (int) value);
        }
        type.reseal(bytes);
        device.put(block, bytes);
        what.append(' ').append(block).append('+').append(offset).append('=').append(value);
        words |= type == BlockType.ARRAY && offset + 8 > 24;
        size |= type == BlockType.SUPERBLOCK;
        counts |= type == BlockType.BITMAP;
      }
      Case result = Case.of(image, device, what.toString());
      result = words ? result.withForgedWords() : size ? result.withForgedSize() : result;
      return fields == 1
          ? result
          : result.withJudgedRepair(counts ? Judged.NONE : Judged.CORROBORATED);
    }
  },

  /** An array block is found under another's index, or one of an earlier state, checksum right. */
  WRONG_POINTER {
    @Override
    Case inflict(SampleImage image, Random random) {
      ImageDevice device = image.device().copy();
      List<Long> leaves = image.types().keySet().stream().filter(b -> isLeaf(image, b)).toList();
      long leaf = leaves.get(random.nextInt(leaves.size()));
      byte[] bytes = device.block(leaf);
      ByteBuffer node = BlockType.view(bytes);
      int entry = random.nextInt(node.getInt(16));
      long value =
          random.nextBoolean()
              ? node.getLong(2048 + 8 * random.nextInt(node.getInt(16)))
              : random.nextInt((int) device.blockCount());
      node.putLong(2048 + 8 * entry, value);
      BlockType.NODE.reseal(bytes);
      device.put(leaf, bytes);
      return Case.of(image, device, "entry " + entry + " of leaf " + leaf + " is " + value);
    }
  },

  ZEROED_BLOCKS {
    @Override
    Case inflict(SampleImage image, Random random) {
      ImageDevice device = image.device().copy();
      long first = anyBlock(image, random);
      long end = Math.min(device.blockCount(), first + 1 + random.nextInt(4));
      for (long block = first; block < end; block++) {
        device.put(block, new byte[MetadataDevice.BLOCK_SIZE]);
      }
      return Case.of(image, device, "zeroes from block " + first + " to before " + end);
    }
  },

  GARBAGE_SECTORS {
    @Override
    Case inflict(SampleImage image, Random random) {
      ImageDevice device = image.device().copy();
      long block = anyBlock(image, random);
      byte[] bytes = device.block(block);
      byte[] garbage = new byte[SECTOR * (1 + random.nextInt(8))];
      random.nextBytes(garbage);
      int sectors = (bytes.length - garbage.length) / SECTOR;
      System.arraycopy(garbage, 0, bytes, SECTOR * random.nextInt(sectors + 1), garbage.length);
      device.put(block, bytes);
      return Case.of(image, device, garbage.length + " bytes of garbage in block " + block);
    }
  },

  /** A write that went to another block's place, too. */
  MISDIRECTED_WRITE {
    @Override
    Case inflict(SampleImage image, Random random) {
      ImageDevice device = image.device().copy();
      long from = partOf(image, random);
      long to = anyBlock(image, random);
      device.put(to, device.block(from));
      return Case.of(image, device, "block " + from + " also at " + to);
    }
  },

  SWAPPED_BLOCKS {
    @Override
    Case inflict(SampleImage image, Random random) {
      ImageDevice device = image.device().copy();
      long one = partOf(image, random);
      long other = anyBlock(image, random);
      byte[] bytes = device.block(one);
      device.put(one, device.block(other));
      device.put(other, bytes);
      return Case.of(image, device, "blocks " + one + " and " + other + " swapped");
    }
  },

  /** Power fails during a commit: any sectors of what was written since the last flush. */
  TORN_COMMIT {
    @Override
    Case inflict(SampleImage image, Random random) {
      boolean flushed = random.nextInt(4) == 0;
      ImageDevice device = (flushed ? image.device() : image.old()).copy();
      List<Long> torn = flushed ? List.of(0L) : image.changed();
      for (long block : torn) {
        device.put(block, mix(image, block, random));
      }
      return Case.of(image, device, "commit cut " + (flushed ? "after" : "before") + " its flush")
          .withOldState();
    }
  },

  /** A device that neither keeps the order of writes nor finishes them. */
  TORN_WRITES {
    @Override
    Case inflict(SampleImage image, Random random) {
      ImageDevice device = image.device().copy();
      int oneOf = 1 + random.nextInt(4);
      device.put(0, mix(image, 0, random));
      for (long block : image.changed()) {
        if (random.nextInt(oneOf) == 0) {
          device.put(block, mix(image, block, random));
        }
      }
      return Case.of(image, device, "sectors of both states").withOldState();
    }

    @Override
    boolean suits(SampleImage image) {
      return image.isVirgin() && !image.changed().isEmpty();
    }
  },

  TRUNCATION {
    @Override
    Case inflict(SampleImage image, Random random) {
      int blocks = random.nextInt((int) image.device().blockCount());
      ImageDevice device = image.device().cutTo(blocks);
      return Case.of(image, device, "cut to " + blocks + " blocks");
    }
  },

  BAD_SECTORS {
    @Override
    Case inflict(SampleImage image, Random random) {
      ImageDevice device = image.device().copy();
      for (int bad = 1 + random.nextInt(3); bad > 0; bad--) {
        device.makeUnreadable(anyBlock(image, random));
      }
      return Case.of(image, device, "unreadable blocks");
    }
  };

  private static final int SECTOR = 512;
  private static final int HEADER_BITS = 8 * 256;

  /** Offsets of the fields of each kind of block, in the order of {@link BlockType}. */
  private static final int[][] FIELDS = {
    {4, 8, 32, 40, 44, 52, 60, 68, 172, 180, 188},
    {4, 8, 16, 20, 24, 32, 40, 48, 2048, 2056, 2064},
    {4, 8, 12, 16, 24, 32},
    {8, 16, 24, 28, 32},
    {8, 16, 24},
  };

  /** Of which regions of a repaired image it is known whether they may be hydrated. */
  enum Judged {
    ALL,
    /** A second forged field can hide the counts that would give a wrong pointer away. */
    CORROBORATED,
    /** Or it can be the very count of what the pointer leads to. */
    NONE
  }

  /**
   * Metadata with a damage.
   *
   * @param legal what it may mean if no fault is found
   * @param mayBeHydrated the regions that a repair may leave hydrated
   * @param isSizeForged whether the size of the device may differ from that of {@code legal}
   * @param isJudged whether it is known what it may mean
   * @param judgedRepair of which regions it is known whether a repair may leave them hydrated
   */
  record Case(
      SampleImage image,
      ImageDevice device,
      String what,
      List<Meaning> legal,
      BitSet mayBeHydrated,
      boolean isSizeForged,
      boolean isJudged,
      Judged judgedRepair) {

    static Case of(SampleImage image, ImageDevice device, String what) {
      BitSet hydrated = image.meaning().hydrated();
      return new Case(
          image, device, what, List.of(image.meaning()), hydrated, false, true, Judged.ALL);
    }

    /** What is hydrated in the old state is in the new one, too. */
    Case withOldState() {
      List<Meaning> states = List.of(image.oldMeaning(), image.meaning());
      return new Case(image, device, what, states, mayBeHydrated, false, true, judgedRepair);
    }

    /** A superblock with a right checksum is believed. */
    Case withForgedSize() {
      return new Case(image, device, what, legal, mayBeHydrated, true, true, judgedRepair);
    }

    /** And so are words: nobody can tell that they were others once. */
    Case withForgedWords() {
      return new Case(image, device, what, legal, mayBeHydrated, false, false, judgedRepair);
    }

    Case withJudgedRepair(Judged judged) {
      return new Case(image, device, what, legal, mayBeHydrated, isSizeForged, isJudged, judged);
    }

    Case withFlippedRegion(int region) {
      BitSet flipped = (BitSet) mayBeHydrated.clone();
      flipped.flip(region);
      BitSet either = (BitSet) mayBeHydrated.clone();
      either.set(region);
      Meaning meaning = new Meaning(image.meaning().geometry(), flipped);
      return new Case(image, device, what, List.of(meaning), either, false, true, judgedRepair);
    }
  }

  abstract Case inflict(SampleImage image, Random random);

  boolean suits(SampleImage image) {
    return true;
  }

  private static Case reseal(SampleImage image, long block, int bit) {
    ImageDevice device = image.device().copy();
    BlockType type = image.types().get(block);
    byte[] bytes = device.block(block);
    flip(bytes, bit);
    type.reseal(bytes);
    device.put(block, bytes);
    Case result =
        Case.of(image, device, "bit " + bit + " of " + type + " block " + block + ", resealed");
    if (type == BlockType.SUPERBLOCK) {
      return result.withForgedSize();
    }
    int words = BlockType.view(bytes).getInt(8);
    boolean isWord = type == BlockType.ARRAY && bit >= 8 * 24 && bit < 8 * (24 + 8 * words);
    long region = isWord ? indexOf(image, block) * 509L * 64 + bit - 8 * 24 : Long.MAX_VALUE;
    return region < image.meaning().geometry().regionCount()
        ? result.withFlippedRegion((int) region)
        : result;
  }

  /** Returns the index of an array block. */
  private static long indexOf(SampleImage image, long block) {
    for (long number : image.types().keySet()) {
      ByteBuffer node = BlockType.view(image.device().block(number));
      for (int entry = 0; isLeaf(image, number) && entry < node.getInt(16); entry++) {
        if (node.getLong(2048 + 8 * entry) == block) {
          return node.getLong(32 + 8 * entry);
        }
      }
    }
    throw new AssertionError("block " + block + " is no array block");
  }

  private static boolean isLeaf(SampleImage image, long block) {
    ByteBuffer node = BlockType.view(image.device().block(block));
    return image.types().get(block) == BlockType.NODE
        && node.getInt(4) == 2
        && node.getInt(24) == 8;
  }

  private static byte[] mix(SampleImage image, long block, Random random) {
    byte[] mixed = image.old().block(block);
    byte[] other = image.device().block(block);
    for (int offset = 0; offset < mixed.length; offset += SECTOR) {
      if (random.nextBoolean()) {
        System.arraycopy(other, offset, mixed, offset, SECTOR);
      }
    }
    return Arrays.copyOf(mixed, mixed.length);
  }

  private static long forgedValue(Random random, SampleImage image) {
    return switch (random.nextInt(8)) {
      case 0 -> 0;
      case 1 -> -1;
      case 2 -> Long.MAX_VALUE;
      case 3 -> Integer.MAX_VALUE;
      case 4 -> random.nextLong();
      case 5 -> 1L << random.nextInt(63);
      default -> random.nextInt((int) image.device().blockCount() + 2);
    };
  }

  /** Returns a block that the metadata consists of; seldom an array block if there are many. */
  private static long partOf(SampleImage image, Random random) {
    List<Long> blocks = List.copyOf(image.types().keySet());
    long block = blocks.get(random.nextInt(blocks.size()));
    if (image.types().get(block) == BlockType.ARRAY && random.nextBoolean()) {
      List<Long> others =
          blocks.stream().filter(b -> image.types().get(b) != BlockType.ARRAY).sorted().toList();
      return others.get(random.nextInt(others.size()));
    }
    return block;
  }

  private static long anyBlock(SampleImage image, Random random) {
    return random.nextInt(4) == 0
        ? random.nextInt((int) image.device().blockCount())
        : partOf(image, random);
  }

  private static void flip(byte[] bytes, int bit) {
    bytes[bit / 8] ^= (byte) (1 << bit % 8);
  }
}
