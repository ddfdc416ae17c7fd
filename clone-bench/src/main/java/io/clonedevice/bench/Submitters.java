package io.clonedevice.bench;

import io.clonedevice.store.BlockStore;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Many submitters and many requests in flight: hydrated reads of 4 KiB of one device beside the
 * bare medium. Sides take turns in short rounds; the medians are told.
 */
final class Submitters {
  private static final long SIZE = 64 << 20;
  private static final int REGION = 4096;

  private final int rounds;
  private final long roundNs;

  Submitters(int rounds, long roundNs) {
    this.rounds = rounds;
    this.roundNs = roundNs;
  }

  /** On the calling thread, of memory: there is no system call that would hide what is shared. */
  void blocking(Results.Table table, Medium medium, int[] submitters) throws Exception {
    try (BenchClone clone = new BenchClone(medium, SIZE, REGION).hydrate().openBare()) {
      BlockStore blocking = clone.blocking();
      BenchClone.Transfer bareRead = clone.bareRead();
      for (int count : submitters) {
        measure(
            table,
            "blocking, " + medium.name().toLowerCase(java.util.Locale.ROOT),
            new Load(count, 1, REGION, SIZE - REGION),
            count,
            1,
            (offset, buffer) -> {
              bareRead.at(offset, buffer);
              return null;
            },
            (offset, buffer) -> {
              blocking.read(offset, buffer);
              return null;
            });
      }
    }
  }

  /** Asynchronously, of a file, beside an AsynchronousFileChannel with as many threads. */
  void asynchronous(Results.Table table, int[] submitters, int[] depths) throws Exception {
    ExecutorService pool =
        Executors.newFixedThreadPool(Math.max(4, 2 * Runtime.getRuntime().availableProcessors()));
    try (BenchClone clone = new BenchClone(Medium.FILE, SIZE, REGION).hydrate();
        AsynchronousFileChannel channel =
            AsynchronousFileChannel.open(
                clone.destination(), Set.of(StandardOpenOption.READ), pool)) {
      for (int count : submitters) {
        for (int depth : depths) {
          measure(
              table,
              "asynchronous, file",
              new Load(count, depth, REGION, SIZE - REGION),
              count,
              depth,
              (offset, buffer) -> channel.read(buffer, offset),
              (offset, buffer) -> clone.device().read(offset, buffer));
        }
      }
    } finally {
      pool.shutdown();
    }
  }

  private void measure(
      Results.Table table,
      String face,
      Load load,
      int submitters,
      int depth,
      Load.Request bare,
      Load.Request device)
      throws Exception {
    Figures barePerSecond = new Figures();
    Figures bareProcessor = new Figures();
    Figures perSecond = new Figures();
    Figures processor = new Figures();
    load.run(bare, roundNs);
    load.run(device, roundNs);
    for (int round = 0; round < rounds; round++) {
      Load.Outcome theirs = load.run(bare, roundNs);
      Load.Outcome ours = load.run(device, roundNs);
      barePerSecond.add(theirs.requestsPerSecond());
      bareProcessor.add(theirs.processorNsPerRequest());
      perSecond.add(ours.requestsPerSecond());
      processor.add(ours.processorNsPerRequest());
    }
    table.add(
        face,
        submitters,
        depth,
        barePerSecond.median() / 1e3,
        perSecond.median() / 1e3,
        perSecond.median() / barePerSecond.median(),
        bareProcessor.median() / 1e3,
        processor.median() / 1e3);
  }
}
