package io.clonedevice.testing;

import io.clonedevice.store.Extent;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.IoCompletion;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;

/**
 * A store in memory that can show, at any time, what may be left of it after a power cut.
 *
 * <p>The fault model: a sector of 512 bytes is written whole or not at all. Of the sectors that
 * were written or discarded since the last {@link #flush()}, each may hold any of the values it had
 * since then, or the value that it had at the flush, whatever the others hold. What was flushed
 * stays. A discarded sector reads as zeroes.
 *
 * <p>The logical block size is 512 bytes. {@link #crash} changes nothing here: many crashes can be
 * tried from one state, and the work can go on after it. Changes exclude each other; reads do not
 * wait.
 */
public final class CrashingBlockStore extends FilterBlockStore {
  private static final int SECTOR_SIZE = 512;

  private final MemoryBlockStore current;
  private final MemoryBlockStore flushed;
  // By sector: the values since the last flush, oldest first. Guarded by this.
  private final NavigableMap<Long, List<byte[]>> unflushed = new TreeMap<>();

  /** Decides what a power cut leaves of a sector. */
  @FunctionalInterface
  public interface SectorChoice {
    /**
     * Chooses a value.
     *
     * @param sector the sector's index, from 0
     * @param valueCount how many values it had since the last flush, at least 1
     * @return 0 for the value at the last flush, 1 for the oldest since, {@code valueCount} for the
     *     newest
     */
    int choose(long sector, int valueCount);
  }

  /**
   * Makes a store of zeroes, which count as flushed.
   *
   * @param size bytes; a multiple of 512
   */
  public CrashingBlockStore(long size) {
    this(new MemoryBlockStore(size));
  }

  /**
   * Makes a store with the content of another, which counts as flushed: to go on after a crash.
   *
   * @param medium copied, not changed
   */
  public CrashingBlockStore(MemoryBlockStore medium) {
    this(copy(medium), copy(medium));
  }

  private CrashingBlockStore(MemoryBlockStore current, MemoryBlockStore flushed) {
    super(current);
    this.current = current;
    this.flushed = flushed;
  }

  /**
   * Returns another store over the same bytes that refuses changes. The two are closed separately.
   *
   * @return a read-only store with the same {@link #identity()}
   */
  public MemoryBlockStore asReadOnly() {
    return current.asReadOnly();
  }

  /**
   * Returns the sectors that a crash may lose.
   *
   * @return a copy; for each sector how many values it had since the last flush
   */
  public synchronized NavigableMap<Long, Integer> unflushedSectors() {
    NavigableMap<Long, Integer> counts = new TreeMap<>();
    unflushed.forEach((sector, values) -> counts.put(sector, values.size()));
    return counts;
  }

  /**
   * Returns the medium as it may be after a power cut, each sector left to chance.
   *
   * @param random decides
   * @return a new store
   */
  public MemoryBlockStore crash(Random random) {
    return crash((sector, valueCount) -> random.nextInt(valueCount + 1));
  }

  /**
   * Returns the medium as it may be after a power cut.
   *
   * @param choice asked for each unflushed sector, in ascending order
   * @return a new store
   */
  public synchronized MemoryBlockStore crash(SectorChoice choice) {
    MemoryBlockStore left = copy(flushed);
    unflushed.forEach(
        (sector, values) -> {
          int chosen = choice.choose(sector, values.size());
          if (chosen > 0) {
            put(left, sector, values.get(chosen - 1));
          }
        });
    return left;
  }

  @Override
  public synchronized void write(long offset, ByteBuffer source) throws IOException {
    int start = source.position();
    super.write(offset, source);
    remember(offset, source.position() - start);
  }

  @Override
  public synchronized void discard(long offset, long length) throws IOException {
    super.discard(offset, length);
    remember(offset, length);
  }

  @Override
  public synchronized void flush() throws IOException {
    super.flush();
    for (Map.Entry<Long, List<byte[]>> entry : unflushed.entrySet()) {
      List<byte[]> values = entry.getValue();
      put(flushed, entry.getKey(), values.get(values.size() - 1));
    }
    unflushed.clear();
  }

  @Override
  public synchronized void writeDurably(long offset, ByteBuffer source) throws IOException {
    write(offset, source);
    flush();
  }

  @Override
  public void writeAsync(long offset, ByteBuffer source, IoCompletion completion) {
    report(() -> write(offset, source), completion);
  }

  @Override
  public void flushAsync(IoCompletion completion) {
    report(this::flush, completion);
  }

  @Override
  public void discardAsync(long offset, long length, IoCompletion completion) {
    report(() -> discard(offset, length), completion);
  }

  /** As {@link IoCompletion#run}, but misuse is thrown. */
  private static void report(IoCompletion.IoCall call, IoCompletion completion) {
    IOException failure = null;
    try {
      call.run();
    } catch (IOException e) {
      failure = e;
    }
    completion.completed(failure);
  }

  private void remember(long offset, long length) throws IOException {
    for (long at = offset; at < offset + length; at += SECTOR_SIZE) {
      ByteBuffer value = ByteBuffer.allocate(SECTOR_SIZE);
      current.read(at, value);
      unflushed.computeIfAbsent(at / SECTOR_SIZE, sector -> new ArrayList<>()).add(value.array());
    }
  }

  private static void put(MemoryBlockStore medium, long sector, byte[] value) {
    try {
      medium.write(sector * SECTOR_SIZE, ByteBuffer.wrap(value));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail
    }
  }

  private static MemoryBlockStore copy(MemoryBlockStore medium) {
    MemoryBlockStore copy = new MemoryBlockStore(medium.size());
    try {
      Extent extent;
      for (long at = 0; at < medium.size(); at += extent.length()) {
        extent = medium.extentAt(at, medium.size() - at);
        if (extent.kind() == Extent.Kind.DATA) {
          medium.copyTo(at, copy, at, extent.length());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail
    }
    return copy;
  }
}
