package io.clonedevice.metadata;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/**
 * A sparse metadata device in memory that records what is done to it and fails when told to.
 *
 * <p>Blocks that are all zeroes take no memory. Not thread-safe, as the metadata serialises its
 * calls.
 */
final class MemoryMetadataDevice implements MetadataDevice {
  /** One call that changes the device: a write of blocks, or a flush if there are none. */
  record Operation(long firstBlock, List<byte[]> blocks) {
    boolean isFlush() {
      return blocks.isEmpty();
    }
  }

  private static final byte[] ZEROES = new byte[BLOCK_SIZE];

  private final long blockCount;
  private final Map<Long, byte[]> blocks = new HashMap<>();
  private List<Operation> recording;
  private long callsUntilFault = Long.MAX_VALUE;
  private boolean failReads;
  private boolean failWrites;
  private boolean failFlushes;

  boolean readOnly;
  boolean closed;
  boolean faulted;
  boolean uncheckedFaults;
  long calls;
  long blocksRead;
  long blocksWritten;
  long writes;
  long flushes;

  MemoryMetadataDevice(long blockCount) {
    this.blockCount = blockCount;
  }

  static MemoryMetadataDevice fromImage(byte[] image) {
    MemoryMetadataDevice device = new MemoryMetadataDevice(image.length / BLOCK_SIZE);
    for (long block = 0; block < device.blockCount; block++) {
      byte[] bytes = new byte[BLOCK_SIZE];
      System.arraycopy(image, (int) block * BLOCK_SIZE, bytes, 0, BLOCK_SIZE);
      device.put(block, bytes);
    }
    return device;
  }

  static MemoryMetadataDevice fromResource(String name) throws IOException {
    try (InputStream in = MemoryMetadataDevice.class.getResourceAsStream("/golden/" + name);
        GZIPInputStream image = new GZIPInputStream(in, 1 << 16)) {
      Map<Long, byte[]> read = new HashMap<>();
      long count = 0;
      byte[] bytes = image.readNBytes(BLOCK_SIZE);
      while (bytes.length == BLOCK_SIZE) {
        if (!Arrays.equals(bytes, ZEROES)) {
          read.put(count, bytes);
        }
        count++;
        bytes = image.readNBytes(BLOCK_SIZE);
      }
      MemoryMetadataDevice device = new MemoryMetadataDevice(count);
      device.blocks.putAll(read);
      return device;
    }
  }

  MemoryMetadataDevice copy() {
    MemoryMetadataDevice copy = new MemoryMetadataDevice(blockCount);
    copy.blocks.putAll(blocks); // contents are never changed in place
    return copy;
  }

  Map<Long, byte[]> contents() {
    return new TreeMap<>(blocks);
  }

  byte[] block(long block) {
    return blocks.getOrDefault(block, ZEROES).clone();
  }

  void put(long block, byte[] bytes) {
    if (Arrays.equals(bytes, ZEROES)) {
      blocks.remove(block);
    } else {
      blocks.put(block, bytes);
    }
  }

  byte[] image() {
    ByteArrayOutputStream image = new ByteArrayOutputStream();
    for (long block = 0; block < blockCount; block++) {
      image.writeBytes(blocks.getOrDefault(block, ZEROES));
    }
    return image.toByteArray();
  }

  /** Begins to record writes and flushes. */
  List<Operation> record() {
    recording = new ArrayList<>();
    return recording;
  }

  void apply(Operation operation) {
    long block = operation.firstBlock();
    for (byte[] bytes : operation.blocks()) {
      put(block++, bytes);
    }
  }

  /** Makes the n-th call from now on fail, and no other. */
  void faultAtCall(long call) {
    callsUntilFault = call;
    faulted = false;
  }

  void fail(boolean reads, boolean writes, boolean flushes) {
    failReads = reads;
    failWrites = writes;
    failFlushes = flushes;
  }

  void heal() {
    fail(false, false, false);
    callsUntilFault = Long.MAX_VALUE;
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
    call("read", failReads);
    for (long b = block; target.hasRemaining(); b++) {
      requireBlock(b);
      target.put(blocks.getOrDefault(b, ZEROES));
      blocksRead++;
    }
  }

  @Override
  public void write(long block, ByteBuffer source) throws IOException {
    if (readOnly) {
      throw new AssertionError("write to a read-only device");
    }
    call("write", failWrites);
    List<byte[]> written = new ArrayList<>();
    for (long b = block; source.hasRemaining(); b++) {
      requireBlock(b);
      byte[] bytes = new byte[BLOCK_SIZE];
      source.get(bytes);
      put(b, bytes);
      written.add(bytes);
      blocksWritten++;
    }
    writes++;
    if (recording != null) {
      recording.add(new Operation(block, written));
    }
  }

  @Override
  public void flush() throws IOException {
    call("flush", failFlushes);
    flushes++;
    if (recording != null) {
      recording.add(new Operation(0, List.of()));
    }
  }

  private void call(String name, boolean fails) throws IOException {
    if (closed) {
      throw new AssertionError(name + " after close");
    }
    calls++;
    if (callsUntilFault-- == 0 || fails) {
      faulted = true;
      if (uncheckedFaults) {
        throw new IllegalStateException("injected fault in " + name);
      }
      throw new IOException("injected fault in " + name);
    }
  }

  private void requireBlock(long block) {
    if (block < 0 || block >= blockCount) {
      throw new AssertionError("block " + block + " of " + blockCount);
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
