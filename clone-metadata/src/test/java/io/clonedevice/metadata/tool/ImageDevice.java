package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.MetadataDevice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;

/**
 * A metadata device over an image that is never changed: what is written is kept beside it, so that
 * thousands of variants of one image are cheap.
 */
final class ImageDevice implements MetadataDevice {
  private final byte[] image;
  private final long blockCount;
  private final Map<Long, byte[]> written = new HashMap<>();
  private final Set<Long> unreadable = new HashSet<>();
  private long writesUntilFault = Long.MAX_VALUE;

  boolean readOnly;
  long blocksRead;

  /** A device of zeroes. */
  ImageDevice(long blockCount) {
    this(new byte[0], blockCount);
  }

  ImageDevice(byte[] image) {
    this(image, image.length / BLOCK_SIZE);
  }

  /** A device that begins with an image: cut short, or followed by zeroes. */
  ImageDevice(byte[] image, long blockCount) {
    this.image = image;
    this.blockCount = blockCount;
  }

  static ImageDevice golden(String name) throws IOException {
    try (InputStream in = ImageDevice.class.getResourceAsStream("/golden/" + name + ".img.gz");
        GZIPInputStream image = new GZIPInputStream(in, 1 << 16)) {
      return new ImageDevice(image.readAllBytes());
    }
  }

  ImageDevice copy() {
    ImageDevice copy = new ImageDevice(image, blockCount);
    copy.written.putAll(written);
    copy.unreadable.addAll(unreadable);
    return copy;
  }

  byte[] block(long block) {
    byte[] bytes = written.get(block);
    if (bytes != null) {
      return bytes.clone();
    }
    int from = (int) Math.min(block * BLOCK_SIZE, image.length);
    int to = Math.min(from + BLOCK_SIZE, image.length);
    return Arrays.copyOf(Arrays.copyOfRange(image, from, to), BLOCK_SIZE);
  }

  void put(long block, byte[] bytes) {
    written.put(block, bytes);
  }

  byte[] toBytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (long block = 0; block < blockCount; block++) {
      bytes.writeBytes(block(block));
    }
    return bytes.toByteArray();
  }

  void makeUnreadable(long block) {
    unreadable.add(block);
  }

  /** Lets some more writes of a block pass; all that follow fail. */
  void failAfterWrites(long blocks) {
    writesUntilFault = blocks;
  }

  @Override
  public long blockCount() {
    return blockCount;
  }

  @Override
  public boolean isReadOnly() {
    return readOnly;
  }

  @Override
  public void read(long block, ByteBuffer target) throws IOException {
    for (long b = block; target.hasRemaining(); b++) {
      requireBlock(b);
      if (unreadable.contains(b)) {
        throw new IOException("block " + b + " is unreadable");
      }
      target.put(block(b));
      blocksRead++;
    }
  }

  @Override
  public void write(long block, ByteBuffer source) throws IOException {
    if (readOnly) {
      throw new AssertionError("write to a read-only device");
    }
    for (long b = block; source.hasRemaining(); b++) {
      requireBlock(b);
      if (writesUntilFault-- <= 0) {
        throw new IOException("injected fault in write");
      }
      byte[] bytes = new byte[BLOCK_SIZE];
      source.get(bytes);
      put(b, bytes);
      unreadable.remove(b); // as disks do, which put another sector in its place
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}

  private void requireBlock(long block) {
    if (block < 0 || block >= blockCount) {
      throw new AssertionError("block " + block + " of " + blockCount);
    }
  }
}
