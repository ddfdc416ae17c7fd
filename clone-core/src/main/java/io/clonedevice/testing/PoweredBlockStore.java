package io.clonedevice.testing;

import io.clonedevice.store.AbstractBlockStore;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.Extent;
import io.clonedevice.store.IoCompletion.IoCall;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** One device's way to a medium of a {@link CloneFixture}, for as long as there is power. */
final class PoweredBlockStore extends AbstractBlockStore {
  private final CrashingBlockStore medium;
  private final Power power;
  private final DiscardSupport discards;

  // Set by threads that use and close the store, read by the test's. Edge: volatile.
  private volatile boolean used;
  private volatile boolean closed;

  PoweredBlockStore(CrashingBlockStore medium, Power power, DiscardSupport discards) {
    super(medium.name(), medium.size(), medium.logicalBlockSize(), medium.isReadOnly());
    this.medium = medium;
    this.power = power;
    this.discards = discards;
  }

  /** Whether somebody has begun to use this store and did not close it. */
  boolean isOpen() {
    return used && !closed;
  }

  @Override
  public Object identity() {
    return medium.identity();
  }

  @Override
  public Execution execution() {
    return medium.execution();
  }

  @Override
  public boolean tryLock() {
    used = true;
    return medium.tryLock();
  }

  @Override
  public Optional<String> lockOwner() {
    return medium.lockOwner();
  }

  @Override
  public DiscardSupport discardSupport() {
    return discards;
  }

  @Override
  protected void readBlocks(long offset, ByteBuffer target) throws IOException {
    call(() -> medium.read(offset, target));
  }

  @Override
  protected void writeBlocks(long offset, ByteBuffer source) throws IOException {
    call(() -> medium.write(offset, source));
  }

  @Override
  protected void flushBlocks() throws IOException {
    call(medium::flush);
  }

  @Override
  protected void discardBlocks(long offset, long length) throws IOException {
    long unit = discards.granularity();
    long from = (offset + unit - 1) / unit * unit;
    long end = offset + length == size() ? size() : (offset + length) / unit * unit;
    call(
        () -> {
          if (discards.readsZeroes() && from < end) {
            medium.discard(from, end - from);
          }
        });
  }

  @Override
  protected Extent extentOfBlocks(long offset, long length) throws IOException {
    return medium.extentAt(offset, length);
  }

  @Override
  protected void closeMedium() throws IOException {
    closed = true;
    medium.close();
  }

  private void call(IoCall call) throws IOException {
    used = true;
    power.during(call);
  }
}
