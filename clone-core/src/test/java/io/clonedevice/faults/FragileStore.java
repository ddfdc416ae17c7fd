package io.clonedevice.faults;

import io.clonedevice.faults.FaultPoint.Call;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.IoCompletion;
import io.clonedevice.testing.FaultyBlockStore;
import io.clonedevice.testing.GatedBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A store over a medium that outlives it, run in one of the three ways, whose calls can be made to
 * fail in every way: by a gate and faults below, and here in how it tells the outcome.
 */
final class FragileStore extends FilterBlockStore implements Fragile {
  private final FaultyBlockStore faults;
  private final GatedBlockStore gate;
  private final Execution execution;
  private final Executor network;
  private final AtomicLong closes = new AtomicLong();
  private final AtomicLong struck = new AtomicLong();
  private final AtomicLong callsToGo = new AtomicLong(Long.MIN_VALUE);
  private Call misbehavesAt;
  private FaultKind kind;

  /**
   * @param network runs asynchronous calls, later or on another thread
   */
  static FragileStore over(BlockStore medium, Execution execution, Executor network) {
    FaultyBlockStore faults = new FaultyBlockStore(new KeptOpen(medium));
    return new FragileStore(faults, new GatedBlockStore(faults, execution), execution, network);
  }

  private FragileStore(
      FaultyBlockStore faults, GatedBlockStore gate, Execution execution, Executor network) {
    super(gate);
    this.faults = faults;
    this.gate = gate;
    this.execution = execution;
    this.network = network;
  }

  @Override
  public void arm(FaultPoint point) {
    kind = point.kind();
    misbehavesAt = point.call();
    switch (point.call()) {
      case CLOSE, LOCK -> callsToGo.set(point.n());
      default -> {
        Operation operation = Operation.valueOf(point.call().name());
        if (kind == FaultKind.HANG_THAT_ENDS) {
          callsToGo.set(point.n());
          gate.hold(call -> call.operation() == operation && strikes(point.call()));
        } else if (kind.isHarmless()) {
          callsToGo.set(point.n());
        } else {
          kind.inject(faults, point.n(), operation);
        }
      }
    }
  }

  private boolean strikes(Call call) {
    boolean strikes = call == misbehavesAt && callsToGo.getAndDecrement() == 0;
    if (strikes) {
      struck.incrementAndGet();
    }
    return strikes;
  }

  @Override
  public long faultCount() {
    return faults.faultCount() + struck.get();
  }

  @Override
  public void heal() {
    faults.heal();
    callsToGo.set(Long.MIN_VALUE);
    gate.open();
  }

  GatedBlockStore gate() {
    return gate;
  }

  FaultyBlockStore faults() {
    return faults;
  }

  boolean isClosed() {
    return closes.get() > 0;
  }

  @Override
  public Execution execution() {
    return execution;
  }

  @Override
  public boolean tryLock() throws IOException {
    if (strikes(Call.LOCK)) {
      fail();
    }
    return super.tryLock();
  }

  @Override
  public void close() throws IOException {
    closes.incrementAndGet();
    super.close();
    if (strikes(Call.CLOSE)) {
      fail();
    }
  }

  private void fail() throws IOException {
    Throwable failure = kind.failure();
    if (failure instanceof IOException e) {
      throw e;
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    throw (Error) failure;
  }

  @Override
  public void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
    start(
        Call.READ,
        completion,
        () -> read(offset, target),
        told -> super.readAsync(offset, target, told));
  }

  @Override
  public void writeAsync(long offset, ByteBuffer source, IoCompletion completion) {
    start(
        Call.WRITE,
        completion,
        () -> write(offset, source),
        told -> super.writeAsync(offset, source, told));
  }

  @Override
  public void discardAsync(long offset, long length, IoCompletion completion) {
    start(
        Call.DISCARD,
        completion,
        () -> discard(offset, length),
        told -> super.discardAsync(offset, length, told));
  }

  private void start(
      Call call,
      IoCompletion completion,
      IoCompletion.IoCall whole,
      java.util.function.Consumer<IoCompletion> asynchronous) {
    boolean strikes =
        kind != null && kind != FaultKind.HANG_THAT_ENDS && kind.isHarmless() && strikes(call);
    if (strikes && kind == FaultKind.COMPLETED_TWICE) {
      asynchronous.accept(
          failure -> {
            completion.completed(failure);
            completion.completed(new IOException(FaultKind.MESSAGE));
          });
    } else if (strikes) {
      asynchronous.accept(completion);
      throw new IllegalStateException(FaultKind.MESSAGE);
    } else if (execution == Execution.ASYNCHRONOUS && kind != FaultKind.HANG_THAT_ENDS) {
      network.execute(() -> completion.run(whole));
    } else {
      asynchronous.accept(completion);
    }
  }

  private static final class KeptOpen extends FilterBlockStore {
    KeptOpen(BlockStore medium) {
      super(medium);
    }

    @Override
    public void close() {}
  }
}
