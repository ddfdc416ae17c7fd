package io.clonedevice.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * What the kernel says about a block device, in bytes.
 *
 * @param logicalBlockSize unit of addressing
 * @param discardGranularity unit of discards
 * @param discardMax largest discard that the device takes; 0 if it takes none
 * @param discardReadsZeroes whether discarded ranges read as zeroes; recent kernels never promise
 */
record BlockDeviceLimits(
    int logicalBlockSize, long discardGranularity, long discardMax, boolean discardReadsZeroes) {
  private static final Path DEVICES = Path.of("/sys/dev/block");

  static BlockDeviceLimits of(Path device) throws IOException {
    long rdev = FileIdentity.deviceNumber(device);
    // The C library's encoding of device numbers.
    long major = (rdev >>> 8 & 0xfff) | (rdev >>> 32 & ~0xfffL);
    long minor = (rdev & 0xff) | (rdev >>> 12 & 0xffffff00L);
    Path node = DEVICES.resolve(major + ":" + minor);
    Path queue = node.resolve("queue");
    if (!Files.isDirectory(queue)) {
      // A partition: the queue is its disk's. The link is resolved first, ".." would undo it.
      queue = Files.exists(node) ? node.toRealPath().resolveSibling("queue") : queue;
    }
    long logicalBlockSize = value(queue, "logical_block_size", 512);
    return new BlockDeviceLimits(
        (int) logicalBlockSize,
        Math.max(value(queue, "discard_granularity", 0), logicalBlockSize),
        value(queue, "discard_max_bytes", 0),
        value(queue, "discard_zeroes_data", 0) == 1);
  }

  DiscardSupport discardSupport(long size) {
    long max = Math.min(discardMax, size) & -(long) logicalBlockSize;
    return max <= 0
        ? DiscardSupport.NONE
        : new DiscardSupport(true, discardGranularity, max, discardReadsZeroes);
  }

  private static long value(Path queue, String name, long otherwise) throws IOException {
    try {
      return Long.parseLong(Files.readString(queue.resolve(name)).strip());
    } catch (NoSuchFileException e) {
      return otherwise;
    } catch (NumberFormatException e) {
      throw new IOException(queue.resolve(name) + " is not a number", e);
    }
  }
}
