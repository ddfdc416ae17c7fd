package io.clonedevice.bench;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Requests of one length at random places, by several submitters, each with a fixed number of them
 * in flight, for a while: how many a second, and how much processor time each takes of the process.
 */
final class Load {
  /** Submits a request; returns null if it is done. */
  @FunctionalInterface
  interface Request {
    Future<?> submit(long offset, ByteBuffer buffer) throws Exception;
  }

  /** What came of it. */
  record Outcome(double requestsPerSecond, double processorNsPerRequest) {}

  private static final int LOOK_AT_CLOCK = 64;

  private final int submitters;
  private final int depth;
  private final int length;
  private final int positions;

  Load(int submitters, int depth, int length, long size) {
    this.submitters = submitters;
    this.depth = depth;
    this.length = length;
    this.positions = (int) (size / length);
  }

  Outcome run(Request request, long durationNs) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(submitters);
    try {
      CountDownLatch ready = new CountDownLatch(submitters);
      CountDownLatch go = new CountDownLatch(1);
      List<Future<Long>> counts = new ArrayList<>();
      for (int i = 0; i < submitters; i++) {
        SplittableRandom random = new SplittableRandom(i);
        ByteBuffer[] buffers = buffers();
        Callable<Long> submitter =
            () -> {
              ready.countDown();
              go.await();
              return submit(request, buffers, random, durationNs);
            };
        counts.add(threads.submit(submitter));
      }
      ready.await();
      long processorNs = Figures.processorNs();
      long start = System.nanoTime();
      go.countDown();
      long count = 0;
      for (Future<Long> each : counts) {
        count += each.get();
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      return new Outcome(count / seconds, (Figures.processorNs() - processorNs) / (double) count);
    } finally {
      threads.shutdown();
    }
  }

  private ByteBuffer[] buffers() {
    ByteBuffer[] buffers = new ByteBuffer[depth];
    for (int i = 0; i < depth; i++) {
      buffers[i] = BenchClone.buffer(length);
    }
    return buffers;
  }

  private long submit(
      Request request, ByteBuffer[] buffers, SplittableRandom random, long durationNs)
      throws Exception {
    Future<?>[] inFlight = new Future<?>[depth];
    long end = System.nanoTime() + durationNs;
    long count = 0;
    int next = 0;
    do {
      for (int i = 0; i < LOOK_AT_CLOCK; i++, count++) {
        await(inFlight[next]);
        long offset = (long) random.nextInt(positions) * length;
        inFlight[next] = request.submit(offset, buffers[next].clear());
        next = next + 1 == depth ? 0 : next + 1;
      }
    } while (System.nanoTime() < end);
    for (Future<?> each : inFlight) {
      await(each);
    }
    return count;
  }

  private static void await(Future<?> request) throws InterruptedException, ExecutionException {
    if (request != null) {
      request.get();
    }
  }
}
