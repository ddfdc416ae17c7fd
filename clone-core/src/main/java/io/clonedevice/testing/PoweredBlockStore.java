package io.clonedevice.testing;

import io.clonedevice.store.AbstractBlockStore;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.Extent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** One device's way to a medium of a {@link CloneFixture}, for as long as there is power. */
final class PoweredBlockStore extends AbstractBlockStore {
  private final CrashingBlockStore medium;
  private final Power power;
  private final DiscardSupport discards;

  // Set by the thread that closes, read by the test's. Edge: volatile.
  private volatile boolean closed;

  PoweredBlockStore(CrashingBlockStore medium, Power power, DiscardSupport discards) {
    super(medium.name(), medium.size(), medium.logicalBlockSize(), medium.isReadOnly());
    this.medium = medium;
    this.power = power;
    this.discards = discards;
  }

  boolean isClosed() {
    return closed;
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
    power.during(() -> medium.read(offset, target));
  }

  @Override
  protected void writeBlocks(long offset, ByteBuffer source) throws IOException {
    power.during(() -> medium.write(offset, source));
  }

  @Override
  protected void flushBlocks() throws IOException {
    power.during(medium::flush);
  }

  @Override
  protected void discardBlocks(long offset, long length) throws IOException {
    if (discards.readsZeroes()) {
      power.during(() -> medium.discard(offset, length));
    }
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
}
