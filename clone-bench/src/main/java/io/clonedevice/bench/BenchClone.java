package io.clonedevice.bench;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneRuntime;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BufferPool;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A clone whose background hydration is off, and beside it the medium of its destination without a
 * clone: for files a {@link FileChannel} on the destination's file, otherwise a store.
 */
final class BenchClone implements AutoCloseable {
  /** A read or a write. */
  @FunctionalInterface
  interface Transfer {
    void at(long offset, ByteBuffer buffer) throws IOException;
  }

  /** Comes between a clone and one of its stores, to watch its calls. */
  @FunctionalInterface
  interface Wrapper {
    BlockStore wrap(String role, BlockStore store);
  }

  private static final int CHUNK = 1 << 20;

  private final BenchFiles files = new BenchFiles();
  private final Medium medium;
  private final long size;
  private final int regionSize;
  private final Wrapper wrapper;
  private final CloneRuntime runtime = CloneRuntime.create();
  private FileChannel channel;
  private BlockStore bare;
  private CloneDevice device;
  private int generation;

  BenchClone(Medium medium, long size, int regionSize) throws IOException {
    this(medium, size, regionSize, (role, store) -> store);
  }

  BenchClone(Medium medium, long size, int regionSize, Wrapper wrapper) throws IOException {
    this.medium = medium;
    this.size = size;
    this.regionSize = regionSize;
    this.wrapper = wrapper;
    renew();
  }

  CloneDevice device() {
    return device;
  }

  BlockStore blocking() {
    return device.blocking();
  }

  /** Where a file of the destination is; files only. */
  Path destination() {
    return files.path("destination");
  }

  /** Where the source's file is; files only. */
  Path source() {
    return files.path("source");
  }

  /** Begins anew: no region is hydrated, and the destination's file is what it was. */
  void renew() throws IOException {
    if (device != null) {
      device.close();
    }
    generation++;
    device =
        CloneDevice.builder()
            .source(wrapper.wrap("source", medium.openSource(files, "source", size)))
            .destination(wrapper.wrap("destination", medium.open(destination(), size)))
            .metadata(wrapper.wrap("metadata", openMetadata()))
            .regionSize(regionSize)
            .hydration(Hydration.disabled())
            .runtime(runtime)
            .open();
  }

  private BlockStore openMetadata() throws IOException {
    long bytes = MetadataSize.forRegions((size - 1) / regionSize + 1);
    return medium == Medium.MEMORY
        ? new MemoryBlockStore(bytes)
        : FileChannelBlockStore.create(files.path("metadata-" + generation), bytes);
  }

  /** Hydrates all but the last region, so that the region map stays in use; durably. */
  BenchClone hydrate() throws IOException {
    fill(device.blocking(), size - regionSize);
    device.blocking().flush();
    return this;
  }

  /** Opens the bare medium; every block of it was written when this returns. */
  BenchClone openBare() throws IOException {
    if (medium == Medium.FILE) {
      channel = FileChannel.open(destination(), StandardOpenOption.READ, StandardOpenOption.WRITE);
    } else {
      bare = medium.open(destination(), size);
    }
    if (medium == Medium.MEMORY) {
      fill(bare, size);
    }
    return this;
  }

  Transfer bareRead() {
    return channel != null ? (offset, buffer) -> channel.read(buffer, offset) : bare::read;
  }

  Transfer bareWrite() {
    return channel != null ? (offset, buffer) -> channel.write(buffer, offset) : bare::write;
  }

  void bareFlush() throws IOException {
    if (channel != null) {
      channel.force(false);
    } else {
      bare.flush();
    }
  }

  /** A buffer that every medium takes as it is. */
  static ByteBuffer buffer(int length) {
    return ByteBuffer.allocateDirect(length + 2 * BufferPool.ALIGNMENT)
        .alignedSlice(BufferPool.ALIGNMENT)
        .limit(length)
        .slice();
  }

  private static void fill(BlockStore store, long end) throws IOException {
    ByteBuffer chunk = buffer(CHUNK);
    for (long at = 0; at < end; at += CHUNK) {
      store.write(at, chunk.clear().limit((int) Math.min(CHUNK, end - at)));
    }
  }

  @Override
  public void close() throws IOException {
    device.close();
    runtime.close();
    if (channel != null) {
      channel.close();
    }
    if (bare != null) {
      bare.close();
    }
    files.close();
  }
}
