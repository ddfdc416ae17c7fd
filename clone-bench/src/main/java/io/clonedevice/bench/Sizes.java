package io.clonedevice.bench;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneRuntime;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * One device of some size and region size: what do opening, requests and commits cost, of which
 * only a few regions are ever touched? Source and destination are in memory, the metadata is in a
 * file.
 */
final class Sizes {
  private static final int COMMITS = 16;
  private static final int BLOCK = 4096;

  private final int requests;

  Sizes(int requests) {
    this.requests = requests;
  }

  static Results.Table table(Results results, String name) {
    return results.table(
        name,
        "device GiB",
        "region KiB",
        "regions",
        "format ms",
        "open ms",
        "heap KiB",
        "off-heap KiB",
        "read hydrated ns",
        "read unhydrated ns",
        "write ns",
        "commit ms",
        "metadata calls a commit",
        "status ns",
        "close ms");
  }

  void run(Results.Table table, long size, int regionSize) throws IOException {
    long regions = size / regionSize;
    Map<String, Integer> calls = new TreeMap<>();
    try (BenchFiles files = new BenchFiles();
        CloneRuntime runtime = CloneRuntime.create()) {
      Path metadata = files.path("metadata");
      BlockStore nothing = new MemoryBlockStore(size).asReadOnly();
      double formatMs =
          Figures.milliseconds(
              () ->
                  open(runtime, nothing, new MemoryBlockStore(size), metadata, regionSize, calls)
                      .close());
      BlockStore source = new MemoryBlockStore(size).asReadOnly();
      BlockStore destination = new MemoryBlockStore(size);
      double heap = Figures.heap();
      double offHeap = Figures.anonymousMemory();
      CloneDevice[] opened = new CloneDevice[1];
      double openMs =
          Figures.milliseconds(
              () -> opened[0] = open(runtime, source, destination, metadata, regionSize, calls));
      CloneDevice device = opened[0];
      heap = Figures.heap() - heap;
      offHeap = Figures.anonymousMemory() - offHeap;
      BlockStore blocking = device.blocking();
      ByteBuffer buffer = BenchClone.buffer(Math.max(regionSize, BLOCK));
      long middle = size / 2;
      blocking.write(middle, buffer.clear());
      blocking.flush();
      double hydratedNs = nsEach(() -> blocking.read(middle, buffer.clear().limit(BLOCK)));
      double unhydratedNs = nsEach(() -> blocking.read(0, buffer.clear().limit(BLOCK)));
      double writeNs = nsEach(() -> blocking.write(middle, buffer.clear().limit(BLOCK)));
      Figures commit = new Figures();
      CountingBlockStore.takeFrom(calls, 1);
      for (int i = 1; i <= COMMITS; i++) {
        blocking.write(middle + (long) i * regionSize, buffer.clear().limit(regionSize));
        commit.time(blocking::flush);
      }
      String callsEach = CountingBlockStore.takeFrom(calls, COMMITS);
      double statusNs = nsEach(device::statusNoFlush);
      double closeMs = Figures.milliseconds(device::close);
      table.add(
          size / (double) (1 << 30),
          regionSize >> 10,
          regions,
          formatMs,
          openMs,
          heap * 1024,
          offHeap * 1024,
          hydratedNs,
          unhydratedNs,
          writeNs,
          commit.median(),
          callsEach,
          statusNs,
          closeMs);
    }
  }

  private static CloneDevice open(
      CloneRuntime runtime,
      BlockStore source,
      BlockStore destination,
      Path metadata,
      int regionSize,
      Map<String, Integer> calls)
      throws IOException {
    BlockStore store =
        FileChannelBlockStore.openOrCreate(
            metadata, MetadataSize.forRegions(source.size() / regionSize));
    return CloneDevice.builder()
        .source(source)
        .destination(destination)
        .metadata(new CountingBlockStore("metadata", store, calls))
        .regionSize(regionSize)
        .hydration(Hydration.disabled())
        .runtime(runtime)
        .open();
  }

  /** The least of five runs, the first of which warm up. */
  private double nsEach(Figures.Work work) throws IOException {
    double least = Double.MAX_VALUE;
    for (int run = 0; run < 5; run++) {
      double ms =
          Figures.milliseconds(
              () -> {
                for (int i = 0; i < requests; i++) {
                  work.run();
                }
              });
      least = Math.min(least, ms * 1e6 / requests);
    }
    return least;
  }
}
