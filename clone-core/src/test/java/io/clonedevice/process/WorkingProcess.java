package io.clonedevice.process;

import io.clonedevice.CloneDevice;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.process.Journal.Kind;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A process that works on a clone from several threads until it is killed, and tells its journal
 * what it does. Ranges in flight do not overlap, but any thread works on any range, and a region is
 * in many hands at once.
 */
final class WorkingProcess {
  private static final int THREADS = 4;
  private static final int IN_FLIGHT_MAX = 6;

  private final CloneDevice device;
  private final Journal journal;
  private final AtomicInteger lastRequest;
  private final int flushesOneIn;
  private final int blockSectors;
  private final SectorRanges ranges;
  // By sector: who wrote it last. A thread that has taken the sector reads and writes.
  private final int[] writers = new int[CloneOnFiles.SECTORS];

  private WorkingProcess(CloneDevice device, Journal journal, int lastRequest, Random random) {
    this.device = device;
    this.journal = journal;
    this.lastRequest = new AtomicInteger(lastRequest);
    // Where flushes are many each makes up for what the one before may have missed.
    this.flushesOneIn = 4 << random.nextInt(9);
    this.ranges = new SectorRanges(random);
    this.blockSectors = device.logicalBlockSize() / SectorContent.SECTOR;
  }

  /** Arguments: directory, kind of store, number of the last request, seed, whether to write. */
  public static void main(String[] arguments) throws IOException {
    CloneOnFiles files = new CloneOnFiles(Path.of(arguments[0]));
    StoreKind kind = StoreKind.valueOf(arguments[1]);
    Random random = new Random(Long.parseLong(arguments[3]));
    boolean writes = Boolean.parseBoolean(arguments[4]);
    Journal journal = new Journal(new FileOutputStream(FileDescriptor.out));
    new Thread(WorkingProcess::endWithTheParent).start();
    journal.tell(Kind.OPENING);
    BlockStore destination = new ToldStore(kind.open(files.destination()), journal, false);
    BlockStore metadata = new ToldStore(kind.open(files.metadata()), journal, true);
    CloneDevice device =
        files
            .builder(kind, destination, metadata)
            .hydration(writes ? hydration(random) : Hydration.disabled())
            .discardPassdown(random.nextBoolean())
            .open();
    journal.tell(Kind.OPENED);
    new WorkingProcess(device, journal, Integer.parseInt(arguments[2]), random)
        .work(random, writes);
  }

  private static void endWithTheParent() {
    try {
      System.in.read();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Runtime.getRuntime().halt(2);
  }

  /** Slow enough that there is something left to do for the next one. */
  private static Hydration hydration(Random random) {
    return Hydration.background()
        .threshold(1 + random.nextInt(8))
        .batchSize(1 + random.nextInt(4))
        .timeShareMin(1 + random.nextInt(50))
        .onRead(random.nextBoolean())
        .bytesPerSecondMax(1 << (18 + random.nextInt(4)));
  }

  private void work(Random random, boolean writes) throws IOException {
    ByteBuffer all = CloneOnFiles.readAll(device);
    for (int sector = 0; sector < writers.length; sector++) {
      writers[sector] = SectorContent.writerOf(all, sector * SectorContent.SECTOR, sector);
    }
    for (int thread = 0; thread < THREADS; thread++) {
      Random own = new Random(random.nextLong());
      new Thread(() -> workForEver(own, writes)).start();
    }
  }

  private void workForEver(Random random, boolean writes) {
    Semaphore places = new Semaphore(IN_FLIGHT_MAX);
    try {
      while (true) {
        places.acquire();
        step(random, writes)
            .whenComplete(
                (nothing, failure) -> {
                  places.release();
                  if (failure != null) {
                    end(failure);
                  }
                });
      }
    } catch (Exception | Error e) {
      end(e);
    }
  }

  private void end(Throwable failure) {
    failure.printStackTrace();
    journal.tell(Kind.FAILED);
    Runtime.getRuntime().halt(1);
  }

  private CompletableFuture<Void> step(Random random, boolean writes) throws IOException {
    if (random.nextInt(flushesOneIn) == 0) {
      return writes && random.nextBoolean() ? write(random, true) : flush(random);
    }
    return switch (random.nextInt(writes ? 16 : 3)) {
      case 0, 1, 2 -> read(random);
      case 3, 4 -> discard(random);
      case 5 -> {
        control(random);
        yield CompletableFuture.completedFuture(null);
      }
      default -> write(random, false);
    };
  }

  private CompletableFuture<Void> write(Random random, boolean durable) throws IOException {
    SectorRanges.Range range = ranges.take(random, blockSectors);
    int request = lastRequest.incrementAndGet();
    ByteBuffer data = SectorContent.of(request, range.first(), range.count());
    journal.tell(Kind.WRITE, request, range.first(), range.count());
    CompletableFuture<Void> write;
    if (random.nextBoolean()) {
      write =
          durable ? device.writeDurably(range.offset(), data) : device.write(range.offset(), data);
    } else {
      if (durable) {
        device.blocking().writeDurably(range.offset(), data);
      } else {
        device.blocking().write(range.offset(), data);
      }
      write = CompletableFuture.completedFuture(null);
    }
    return write.thenRun(
        () -> {
          journal.tell(durable ? Kind.DONE_DURABLY : Kind.DONE, request);
          wrote(range, request);
        });
  }

  private CompletableFuture<Void> discard(Random random) throws IOException {
    SectorRanges.Range range = ranges.takeRegions(random);
    int request = lastRequest.incrementAndGet();
    journal.tell(Kind.DISCARD, request, range.first(), range.count());
    CompletableFuture<Void> discard;
    if (random.nextBoolean()) {
      discard = device.discard(range.offset(), range.length());
    } else {
      device.blocking().discard(range.offset(), range.length());
      discard = CompletableFuture.completedFuture(null);
    }
    return discard.thenRun(
        () -> {
          journal.tell(Kind.DONE, request);
          wrote(range, SectorContent.ZEROES);
        });
  }

  private void wrote(SectorRanges.Range range, int request) {
    java.util.Arrays.fill(writers, range.first(), range.first() + range.count(), request);
    ranges.giveBack(range);
  }

  private CompletableFuture<Void> read(Random random) throws IOException {
    SectorRanges.Range range = ranges.take(random, blockSectors);
    ByteBuffer bytes = ByteBuffer.allocate(range.count() * SectorContent.SECTOR);
    CompletableFuture<Void> read;
    if (random.nextBoolean()) {
      read = device.read(range.offset(), bytes);
    } else {
      device.blocking().read(range.offset(), bytes);
      read = CompletableFuture.completedFuture(null);
    }
    return read.thenRun(
        () -> {
          for (int i = 0; i < range.count(); i++) {
            int sector = range.first() + i;
            int writer = SectorContent.writerOf(bytes, i * SectorContent.SECTOR, sector);
            if (writer != writers[sector]) {
              journal.tell(Kind.WRONG, writer, sector, 1);
            }
          }
          ranges.giveBack(range);
        });
  }

  private CompletableFuture<Void> flush(Random random) throws IOException {
    int request = lastRequest.incrementAndGet();
    journal.tell(Kind.FLUSH, request);
    CompletableFuture<Void> flush = CompletableFuture.completedFuture(null);
    if (random.nextBoolean()) {
      flush = device.flush();
    } else {
      device.blocking().flush();
    }
    return flush.thenRun(() -> journal.tell(Kind.DONE, request));
  }

  private void control(Random random) throws IOException {
    switch (random.nextInt(32)) {
      case 0 -> {
        device.suspend();
        device.resume();
      }
      case 1 -> device.status();
      case 2, 3, 4 -> device.disableHydration();
      case 5, 6, 7 -> device.hydrationThreshold(random.nextInt(8));
      default -> device.enableHydration();
    }
  }

  /** Tells of calls around which a death is interesting. */
  private static final class ToldStore extends FilterBlockStore {
    private final Journal journal;
    private final boolean tellsWrites;

    ToldStore(BlockStore delegate, Journal journal, boolean tellsWrites) {
      super(delegate);
      this.journal = journal;
      this.tellsWrites = tellsWrites;
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
      if (tellsWrites) {
        journal.tell(Kind.STORE_CALL);
      }
      super.write(offset, source);
    }

    @Override
    public void flush() throws IOException {
      journal.tell(Kind.STORE_CALL);
      super.flush();
    }
  }
}
