package io.clonedevice.testing;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** The sectors behind a {@link CrashingBlockStore} and what each has been since the last flush. */
final class SectorMedium {
  private static final AtomicLong ORDER = new AtomicLong();

  private final AtomicReference<CrashingBlockStore> owner = new AtomicReference<>();

  // Set by the thread that sets up a test, called by those that use the store. Edge: volatile.
  private volatile Runnable beforeChange = () -> {};

  // Guarded by this; values oldest first, neighbours in time differ.
  private final TreeMap<Long, List<SectorValue>> unflushed = new TreeMap<>();
  private SectorMap flushed;

  SectorMedium(SectorMap flushed) {
    this.flushed = flushed;
  }

  AtomicReference<CrashingBlockStore> owner() {
    return owner;
  }

  void beforeChange(Runnable action) {
    beforeChange = action;
  }

  synchronized void read(long offset, ByteBuffer target) {
    long sector = offset / SectorValue.SIZE;
    for (; target.hasRemaining(); sector++) {
      target.put(newest(sector).bytes());
    }
  }

  /** Whether a range reads as zeroes. */
  synchronized boolean isZero(long offset, long length) {
    for (long at = offset; at < offset + length; at += SectorValue.SIZE) {
      if (newest(at / SectorValue.SIZE).hash() != 0) {
        return false;
      }
    }
    return true;
  }

  void write(long offset, ByteBuffer source) {
    beforeChange.run();
    synchronized (this) {
      long order = ORDER.incrementAndGet();
      for (long sector = offset / SectorValue.SIZE; source.hasRemaining(); sector++) {
        byte[] bytes = new byte[SectorValue.SIZE];
        source.get(bytes);
        add(sector, SectorValue.of(bytes, order));
      }
    }
  }

  void discard(long offset, long length) {
    beforeChange.run();
    synchronized (this) {
      SectorValue zeroes = new SectorValue(SectorValue.ZEROES.bytes(), 0, ORDER.incrementAndGet());
      long end = (offset + length) / SectorValue.SIZE;
      for (long sector = offset / SectorValue.SIZE; sector < end; sector++) {
        add(sector, zeroes);
      }
    }
  }

  void flush() {
    beforeChange.run();
    synchronized (this) {
      SectorMap.Editor next = flushed.edit();
      unflushed.forEach((sector, values) -> next.put(sector, values.get(values.size() - 1)));
      flushed = next.done();
      unflushed.clear();
    }
  }

  /** What a power cut now has to choose from. */
  synchronized UnflushedSectors unflushed() {
    long[] sectors = new long[unflushed.size()];
    SectorValue[][] values = new SectorValue[sectors.length][];
    int count = 0;
    for (Map.Entry<Long, List<SectorValue>> entry : unflushed.entrySet()) {
      sectors[count] = entry.getKey();
      values[count++] = entry.getValue().toArray(SectorValue[]::new);
    }
    return new UnflushedSectors(flushed, sectors, values);
  }

  // The two below are called under the lock.

  private void add(long sector, SectorValue value) {
    SectorValue newest = newest(sector);
    if (newest.hash() != value.hash() || !Arrays.equals(newest.bytes(), value.bytes())) {
      unflushed.computeIfAbsent(sector, any -> new ArrayList<>(2)).add(value);
    }
  }

  private SectorValue newest(long sector) {
    List<SectorValue> values = unflushed.isEmpty() ? null : unflushed.get(sector);
    return values == null ? flushed.get(sector) : values.get(values.size() - 1);
  }
}
