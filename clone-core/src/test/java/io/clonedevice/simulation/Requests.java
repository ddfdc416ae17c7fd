package io.clonedevice.simulation;

import io.clonedevice.CloneDevice;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/** Submits requests to the device of the day and judges how they end. */
final class Requests {
  private final Setup setup;
  private final Scheduler scheduler;
  private final Model model;
  private final Supplier<Life> currentLife;
  private final List<Flight> inFlight = new ArrayList<>();

  Requests(Setup setup, Scheduler scheduler, Model model, Supplier<Life> currentLife) {
    this.setup = setup;
    this.scheduler = scheduler;
    this.model = model;
    this.currentLife = currentLife;
  }

  void submit(Op.Request op) {
    new Flight(op).submit();
  }

  boolean haveEnded() {
    return inFlight.isEmpty();
  }

  @Override
  public String toString() {
    return inFlight.toString();
  }

  private Life life() {
    return currentLife.get();
  }

  private void note(String violation) {
    if (violation != null) {
      scheduler.violation(violation);
    }
  }

  /** A request from submission to its end. */
  private final class Flight {
    private final Op.Request op;
    private final Life owner = life();
    private final boolean readWrite = life().isReadWrite();
    private final boolean failMode = life().status().mode() == MetadataMode.FAIL;
    private final int reopenings = life().reopenings();
    private final boolean destinationFlushHadFailed = life().hasDestinationFlushFailed();
    private final long faultsBefore;
    private final long began = model.now();
    private ByteBuffer buffer;
    private Model.PendingRead read;
    private Model.Change change;
    private boolean zeroesWanted;

    Flight(Op.Request op) {
      this.op = op;
      // A request may fail with a claim that failed before it came.
      this.faultsBefore = inFlight.isEmpty() ? life().faults() : inFlight.get(0).faultsBefore;
    }

    void submit() {
      prepare();
      inFlight.add(this);
      boolean blocking = isBlocking() && scheduler.isTopLevel() && !life().status().suspended();
      try {
        if (blocking) {
          scheduler.waitBegins();
          submitBlocking(life().device().blocking());
          ended(null);
        } else {
          submitAsynchronous(life().device()).whenComplete((nothing, e) -> ended(e));
        }
      } catch (IOException e) {
        ended(e);
      } catch (IllegalStateException e) {
        note(owner.isClosing() ? null : op + " was refused: " + e);
        ended(e);
      }
    }

    private void prepare() {
      if (op instanceof Op.Read r) {
        buffer = ByteBuffer.allocate(r.count() * Sectors.SIZE);
        read = model.read(r.first());
      } else if (op instanceof Op.Write w) {
        change = model.write(w.first(), w.count());
        buffer = Sectors.filled(change.stamp(), w.first(), w.count());
      } else if (op instanceof Op.Discard d) {
        int region = setup.sectorsPerRegion();
        int first = (d.first() + region - 1) / region * region;
        int end = d.first() + d.count();
        end = end == setup.sectors() ? end : end / region * region;
        if (first < end) {
          boolean passdown = life().status().discardPassdown();
          zeroesWanted = life().options().readsZeroes();
          boolean zeroes = zeroesWanted || (passdown && setup.discards().readsZeroes());
          change = model.discard(zeroes ? Sectors.ZERO : Model.ANY, first, end);
        }
      }
    }

    private boolean isBlocking() {
      return !op.isAsynchronous();
    }

    private CompletableFuture<Void> submitAsynchronous(CloneDevice device) {
      if (op instanceof Op.Read r) {
        return device.read((long) r.first() * Sectors.SIZE, buffer);
      } else if (op instanceof Op.Write w) {
        long offset = (long) w.first() * Sectors.SIZE;
        return w.durable() ? device.writeDurably(offset, buffer) : device.write(offset, buffer);
      } else if (op instanceof Op.Discard d) {
        return device.discard((long) d.first() * Sectors.SIZE, (long) d.count() * Sectors.SIZE);
      }
      return device.flush();
    }

    private void submitBlocking(BlockStore device) throws IOException {
      if (op instanceof Op.Read r) {
        device.read((long) r.first() * Sectors.SIZE, buffer);
      } else if (op instanceof Op.Write w) {
        long offset = (long) w.first() * Sectors.SIZE;
        if (w.durable()) {
          device.writeDurably(offset, buffer);
        } else {
          device.write(offset, buffer);
        }
      } else if (op instanceof Op.Discard d) {
        device.discard((long) d.first() * Sectors.SIZE, (long) d.count() * Sectors.SIZE);
      } else {
        device.flush();
      }
    }

    private void ended(Throwable trouble) {
      Throwable failure = trouble instanceof CompletionException e ? e.getCause() : trouble;
      scheduler.trace(failure == null ? 11 : 13);
      if (!inFlight.remove(this)) {
        scheduler.violation("ended twice: " + op);
      }
      if (owner != life()) {
        // The power was cut meanwhile.
        return;
      }
      boolean succeeded = failure == null;
      if (succeeded && flushes() && destinationFlushHadFailed) {
        scheduler.violation(op + " succeeded after a flush of the destination had failed");
      }
      if (succeeded && failMode) {
        scheduler.violation(op + " succeeded in mode Fail");
      }
      if (!succeeded && !isExcused(failure)) {
        scheduler.violation(op + " failed without a cause: " + failure);
      }
      if (read != null) {
        endRead(succeeded);
      } else if (op instanceof Op.Write w) {
        model.end(change, succeeded, w.durable());
      } else if (change != null) {
        // In read-only mode a discard succeeds and does nothing, or a part, unless zeroes are
        // wanted.
        boolean effective =
            zeroesWanted
                || (readWrite && life().isReadWrite() && reopenings == life().reopenings());
        model.end(change, succeeded && effective, false);
      } else if (op instanceof Op.Flush && succeeded) {
        model.flushed(began);
      }
      if (succeeded && buffer != null && buffer.hasRemaining()) {
        scheduler.violation(op + " succeeded and left the buffer at " + buffer);
      }
    }

    private void endRead(boolean succeeded) {
      if (!succeeded) {
        model.forget(read);
        return;
      }
      Op.Read r = (Op.Read) op;
      int[] stamps = new int[r.count()];
      for (int i = 0; i < stamps.length; i++) {
        stamps[i] = Sectors.stampOf(buffer, i * Sectors.SIZE, r.first() + i);
      }
      note(model.check(read, stamps));
    }

    private boolean flushes() {
      return op instanceof Op.Flush || (op instanceof Op.Write w && w.durable());
    }

    private boolean isExcused(Throwable failure) {
      if (failure instanceof IllegalStateException) {
        return life().isClosing();
      }
      return failure instanceof IOException
          && (life().faults() > faultsBefore
              || (op instanceof Op.Read
                  ? life().status().mode() == MetadataMode.FAIL
                  : !readWrite || !life().isReadWrite())
              || (flushes() && life().hasDestinationFlushFailed()));
    }

    @Override
    public String toString() {
      return op.toString();
    }
  }
}
