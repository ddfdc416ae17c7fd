package io.clonedevice.stress;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.stress.History.Durable;
import io.clonedevice.stress.RegisterOperation.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One life of a small device that many threads use at once, and the judgement of its history.
 *
 * <p>Submitters read, write, discard and flush through either face; one thread turns every switch,
 * suspends and resumes; one makes something durable, cuts the power of a copy of the media and
 * keeps what was left; and one may close the device while all that goes on.
 */
final class StressRound {
  private static final int SUBMITTERS_MAX = 6;
  private static final int REQUESTS = 120;
  private static final int IN_FLIGHT_MAX = 4;
  private static final int PROBES = 6;
  private static final int SUSPENDED_SPINS_MAX = 20_000;
  private static final long PATIENCE_S = 60;

  private final StressClone clone;
  private final CloneDevice device;
  private final History history;
  private final int submitters;
  private final boolean closesInTheMiddle;
  private final Progress progress;
  private final Queue<Throwable> unexpected = new ConcurrentLinkedQueue<>();
  private final Queue<Probe> probes = new ConcurrentLinkedQueue<>();
  private final List<FutureTask<Void>> tasks = new ArrayList<>();

  private record Probe(long[] found, Durable durable) {}

  private StressRound(StressClone clone, int submitters, boolean closesInTheMiddle) {
    this.clone = clone;
    this.submitters = submitters;
    this.progress = new Progress(submitters);
    this.device = clone.device();
    this.history = clone.history();
    this.closesInTheMiddle = closesInTheMiddle;
  }

  /** What was done, for the report. */
  record Tally(int requests, int registers, int probes) {}

  /** Runs a round and judges it. */
  static Tally run(Random random, boolean closesInTheMiddle) throws Exception {
    try (StressClone clone = new StressClone(random)) {
      int submitters = 2 + random.nextInt(SUBMITTERS_MAX - 1);
      StressRound round = new StressRound(clone, submitters, closesInTheMiddle);
      try {
        round.play(random);
        return round.judge();
      } catch (AssertionError | Exception e) {
        throw new AssertionError(clone + ": " + e.getMessage(), e);
      }
    }
  }

  private void play(Random random) throws Exception {
    for (int i = 0; i < submitters; i++) {
      Submitter submitter = new Submitter(new Random(random.nextLong()));
      start("submitter-" + i, submitter::submitAll);
    }
    Random controlling = new Random(random.nextLong());
    start("control", () -> control(controlling));
    Random probing = new Random(random.nextLong());
    start("probe", () -> probe(probing));
    if (closesInTheMiddle) {
      int after = random.nextInt(submitters * REQUESTS);
      for (int i = 1 + random.nextInt(2); i > 0; i--) {
        start("close-" + i, () -> closeAfter(after));
      }
    }
    for (FutureTask<Void> task : tasks) {
      await(task);
    }
    if (!closesInTheMiddle && !clone.withFaults() && random.nextBoolean()) {
      device.hydrationThreshold(1 + random.nextInt(4));
      device.enableHydration();
      device.hydrated().get(PATIENCE_S, TimeUnit.SECONDS);
    }
    device.close();
  }

  private void start(String name, Callable<Void> work) {
    FutureTask<Void> task = new FutureTask<>(work);
    tasks.add(task);
    Thread thread = new Thread(task, "stress-" + name);
    thread.setDaemon(true);
    thread.start();
  }

  private static void await(FutureTask<Void> task) throws Exception {
    try {
      task.get(PATIENCE_S, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      StringBuilder stacks = new StringBuilder("something hangs");
      Thread.getAllStackTraces()
          .forEach(
              (thread, stack) -> {
                stacks.append('\n').append(thread);
                for (StackTraceElement frame : stack) {
                  stacks.append("\n    ").append(frame);
                }
              });
      throw new AssertionError(stacks.toString(), e);
    }
  }

  private Tally judge() throws IOException {
    assertThat(unexpected).as("unexpected failures").isEmpty();
    assertThat(device.statusNoFlush().hydratingRegions()).as("copies left over").isZero();
    // Closing makes everything durable, so a power cut afterwards loses nothing.
    long invoked = history.tick();
    history.ended(Kind.READ, 0, clone.valuesAfterCrash((sector, values) -> 0), invoked);
    Optional<String> violation = history.violation();
    assertThat(violation).isEmpty();
    for (Probe probe : probes) {
      assertThat(history.loss(probe.found(), probe.durable())).isEmpty();
    }
    return new Tally(progress.requestsMade(), history.sectors(), probes.size());
  }

  // ---- the threads

  private Void closeAfter(int requestCount) throws Exception {
    progress.awaitRequests(requestCount);
    device.close();
    return null;
  }

  private Void control(Random random) throws InterruptedException {
    while (!progress.isOver()) {
      progress.awaitRequests(progress.requestsMade() + random.nextInt(12));
      try {
        turnASwitch(random);
      } catch (IllegalStateException | IOException e) {
        if (!isRefusal(e)) {
          unexpected.add(e);
        }
        return null;
      }
    }
    return null;
  }

  private void turnASwitch(Random random) throws IOException {
    switch (random.nextInt(9)) {
      case 0 -> device.hydrationThreshold(random.nextInt(6));
      case 1 -> device.hydrationBatchSize(random.nextInt(4));
      case 2 -> device.enableHydration();
      case 3 -> device.disableHydration();
      case 4 -> {
        device.suspend();
        for (int spins = random.nextInt(SUSPENDED_SPINS_MAX); spins > 0; spins--) {
          Thread.onSpinWait();
        }
        device.resume();
      }
      case 5 -> device.resume();
      case 6 -> device.blocking().flush();
      case 7 -> assertThat(device.status().hydratedRegions()).isNotNegative();
      default -> assertThat(device.statusNoFlush().metadataUsedBlocks()).isPositive();
    }
  }

  private Void probe(Random random) throws IOException, InterruptedException {
    for (int i = 1; i <= PROBES && !progress.isOver(); i++) {
      progress.awaitRequests(i * submitters * REQUESTS / PROBES - random.nextInt(REQUESTS));
      Durable durable;
      try {
        durable = random.nextBoolean() ? flush(random) : writeDurably(random);
      } catch (IOException | IllegalStateException | CompletionException e) {
        if (!isExpected(e)) {
          unexpected.add(e);
        }
        continue;
      }
      boolean losesAll = random.nextBoolean();
      long[] found =
          clone.valuesAfterCrash((sector, values) -> losesAll ? 0 : random.nextInt(values + 1));
      probes.add(new Probe(found, durable));
    }
    return null;
  }

  private Durable flush(Random random) throws IOException {
    long invoked = history.tick();
    if (random.nextBoolean()) {
      device.blocking().flush();
    } else {
      device.flush().join();
    }
    return new Durable(invoked, 0, 0, invoked);
  }

  private Durable writeDurably(Random random) throws IOException {
    int count = 1 + random.nextInt(Math.min(history.sectors(), clone.regionSectors()));
    int first = random.nextInt(history.sectors() - count + 1);
    long[] values = history.newValues(first, count);
    ByteBuffer data = History.newData(values);
    long offset = (long) first * History.SECTOR_SIZE;
    long invoked = history.tick();
    Kind outcome = Kind.FAILED_WRITE;
    try {
      if (random.nextBoolean()) {
        device.blocking().writeDurably(offset, data);
      } else {
        device.writeDurably(offset, data).join();
      }
      outcome = Kind.WRITE;
    } finally {
      history.ended(outcome, first, values, invoked);
    }
    return new Durable(-1, first, count, invoked);
  }

  private boolean isExpected(Throwable failure) {
    return isRefusal(failure) || (clone.withFaults() && isInjected(failure));
  }

  private static boolean isInjected(Throwable failure) {
    return failure != null
        && (failure instanceof UnrulyBlockStore.InjectedException
            || isInjected(failure.getCause()));
  }

  private boolean isRefusal(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    return closesInTheMiddle
        && ((cause instanceof IllegalStateException
                && String.valueOf(cause.getMessage()).contains("the clone device is closed"))
            || (cause instanceof IOException
                && cause.getCause() instanceof ClosedChannelException));
  }

  /** A thread that submits requests through either face. */
  private final class Submitter {
    private final Random random;
    private final boolean blocking;
    private final int[] weights = new int[4];
    private final ArrayDeque<CompletableFuture<Void>> inFlight = new ArrayDeque<>();

    Submitter(Random random) {
      this.random = random;
      this.blocking = random.nextBoolean();
      for (int i = 0; i < weights.length; i++) {
        weights[i] = random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(4);
      }
      weights[0]++;
    }

    Void submitAll() {
      try {
        int inFlightMax = 1 + random.nextInt(IN_FLIGHT_MAX);
        for (int i = 0; i < REQUESTS; i++) {
          progress.requestMade();
          if (!submit()) {
            break;
          }
          while (inFlight.size() >= inFlightMax) {
            settle(inFlight.remove());
          }
        }
        while (!inFlight.isEmpty()) {
          settle(inFlight.remove());
        }
      } finally {
        progress.submitterEnded();
      }
      return null;
    }

    /** A request that was let in ends; how, {@link #submit} has arranged to be recorded. */
    private void settle(CompletableFuture<Void> request) {
      try {
        request.get(PATIENCE_S, TimeUnit.SECONDS);
      } catch (Exception e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        if (!isExpected(cause)) {
          unexpected.add(cause);
        }
      }
    }

    /** Submits a request; returns whether the device still takes any. */
    private boolean submit() {
      int sectors = history.sectors();
      int countMax =
          switch (random.nextInt(4)) {
            case 0 -> 2 * clone.regionSectors() + 1;
            case 1 -> clone.regionSectors();
            default -> 1;
          };
      int count = 1 + random.nextInt(Math.min(countMax, sectors));
      int first = random.nextInt(sectors - count + 1);
      return switch (choose()) {
        case 0 -> read(first, count);
        case 1 -> write(first, count);
        case 2 -> discard(first, count);
        default ->
            send(
                Kind.READ,
                0,
                () -> new long[0],
                new Request(device.blocking()::flush, device::flush));
      };
    }

    private int choose() {
      int left = random.nextInt(weights[0] + weights[1] + weights[2] + weights[3]);
      int chosen = 0;
      while (left >= weights[chosen]) {
        left -= weights[chosen++];
      }
      return chosen;
    }

    private boolean read(int first, int count) {
      ByteBuffer target = ByteBuffer.allocate(count * History.SECTOR_SIZE);
      long offset = (long) first * History.SECTOR_SIZE;
      return send(
          Kind.READ,
          first,
          () -> History.valuesOf(target),
          new Request(
              () -> device.blocking().read(offset, target), () -> device.read(offset, target)));
    }

    private boolean write(int first, int count) {
      long[] values = history.newValues(first, count);
      ByteBuffer data = History.newData(values);
      long offset = (long) first * History.SECTOR_SIZE;
      return send(
          Kind.WRITE,
          first,
          () -> values,
          random.nextInt(8) == 0
              ? new Request(
                  () -> device.blocking().writeDurably(offset, data),
                  () -> device.writeDurably(offset, data))
              : new Request(
                  () -> device.blocking().write(offset, data), () -> device.write(offset, data)));
    }

    private boolean discard(int first, int count) {
      int region = clone.regionSectors();
      int start = (first + region - 1) / region * region;
      int end =
          first + count == history.sectors()
              ? history.sectors()
              : (first + count) / region * region;
      // Where nothing is covered, nothing happens.
      long[] values = new long[Math.max(0, end - start)];
      Arrays.fill(values, History.DISCARDED);
      long offset = (long) first * History.SECTOR_SIZE;
      long length = (long) count * History.SECTOR_SIZE;
      return send(
          Kind.WRITE,
          start,
          () -> values,
          new Request(
              () -> device.blocking().discard(offset, length),
              () -> device.discard(offset, length)));
    }

    private boolean send(Kind kind, int first, Values values, Request request) {
      long invoked = history.tick();
      if (!blocking) {
        try {
          inFlight.add(
              request
                  .asynchronous()
                  .submit()
                  .whenComplete((done, failure) -> ended(kind, first, values, invoked, failure)));
          return true;
        } catch (IllegalStateException e) {
          return goesOn(e);
        }
      }
      Throwable failure = null;
      try {
        request.blocking().run();
      } catch (IOException | IllegalStateException e) {
        failure = e;
      }
      ended(kind, first, values, invoked, failure);
      return failure == null || goesOn(failure);
    }

    private boolean goesOn(Throwable failure) {
      if (!isExpected(failure)) {
        unexpected.add(failure);
      }
      return !isRefusal(failure);
    }

    private void ended(Kind kind, int first, Values values, long invoked, Throwable failure) {
      if (failure == null) {
        history.ended(kind, first, values.get(), invoked);
      } else if (kind == Kind.WRITE) {
        // A durable write may be refused between its bytes and its flush.
        history.ended(Kind.FAILED_WRITE, first, values.get(), invoked);
      }
    }
  }

  /** What a request read or wrote, once it has ended. */
  private interface Values {
    long[] get();
  }

  /** The same request through both faces. */
  private record Request(Blocking blocking, Asynchronous asynchronous) {
    interface Blocking {
      void run() throws IOException;
    }

    interface Asynchronous {
      CompletableFuture<Void> submit();
    }
  }
}
