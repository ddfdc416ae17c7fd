package io.clonedevice.kernel;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.IoCompletion;
import io.clonedevice.testing.CrashingBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A metadata device that keeps, at each of its writes and flushes, images of what a power cut at
 * that instant may leave: all that was written, and two random mixtures of old and new sectors.
 * When a flush has ended there is no choice; what is there then is a settled state.
 *
 * <p>Calls exclude each other.
 */
final class MetadataCuts extends FilterBlockStore {
  private final CrashingBlockStore medium;
  private final Random random;

  // All guarded by this.
  private final List<Cut> cuts = new ArrayList<>();
  private final List<byte[]> settled = new ArrayList<>();
  private int instants;

  /**
   * An image.
   *
   * @param settledBefore index of the last state that was settled when the power was cut
   */
  record Cut(int settledBefore, byte[] image) {}

  MetadataCuts(CrashingBlockStore medium, Random random) {
    super(medium);
    this.medium = medium;
    this.random = random;
    settled.add(newest().contents());
  }

  synchronized List<Cut> cuts() {
    return List.copyOf(cuts);
  }

  /** The states that were settled, the empty device first. */
  synchronized List<byte[]> settled() {
    return List.copyOf(settled);
  }

  /** How many writes and flushes there were. */
  synchronized int instants() {
    return instants;
  }

  @Override
  public synchronized void write(long offset, ByteBuffer source) throws IOException {
    cut();
    super.write(offset, source);
  }

  @Override
  public synchronized void flush() throws IOException {
    cut();
    super.flush();
    settled.add(newest().contents());
  }

  @Override
  public synchronized void writeDurably(long offset, ByteBuffer source) throws IOException {
    write(offset, source);
    flush();
  }

  @Override
  public void discard(long offset, long length) {
    throw new UnsupportedOperationException("metadata is not discarded");
  }

  @Override
  public void copyTo(long offset, BlockStore target, long targetOffset, long length) {
    throw new UnsupportedOperationException("metadata is not copied");
  }

  @Override
  public void writeAsync(long offset, ByteBuffer source, IoCompletion completion) {
    completion.run(() -> write(offset, source));
  }

  @Override
  public void flushAsync(IoCompletion completion) {
    completion.run(this::flush);
  }

  private void cut() {
    instants++;
    if (medium.unflushedSectors().isEmpty()) {
      return; // the settled state again
    }
    cuts.add(new Cut(settled.size() - 1, newest().contents()));
    for (int i = 0; i < 2; i++) {
      cuts.add(new Cut(settled.size() - 1, medium.crash(random).contents()));
    }
  }

  private CrashingBlockStore newest() {
    return medium.crash((sector, valueCount) -> valueCount);
  }
}
