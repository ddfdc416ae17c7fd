package io.clonedevice.testing;

import io.clonedevice.store.AbstractBlockStore;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.Extent;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A store in memory that can show, at any time, what may be left of it after a power cut.
 *
 * <p>The fault model: a sector of 512 bytes is written whole or not at all, whatever the logical
 * block size. Of the sectors that were written or discarded since the last {@link #flush()}, each
 * may hold any of the values it had since then, or the value that it had at the flush, whatever the
 * others hold. What was flushed stays. A discarded sector reads as zeroes. So a write, a discard or
 * a flush that the power cut interrupts needs no case of its own: whatever it did in part is one of
 * the choices after it (a flush: before it).
 *
 * <p>What is left is a store of this kind again, for a power cut during recovery, and shares all
 * sectors that were not chosen with this one: a power cut costs a few microseconds, however large
 * the medium. {@link #crash} changes nothing here: many crashes can be tried from one state, and
 * the work can go on after it. {@link CrashingMedia} cuts the power of several stores at once.
 *
 * <p>Calls exclude each other.
 */
public final class CrashingBlockStore extends AbstractBlockStore {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final long EXTENT_MAX = 1 << 26;

  private final SectorMedium medium;
  private final DiscardSupport discardSupport;

  /** Decides what a power cut leaves of a sector. */
  @FunctionalInterface
  public interface SectorChoice {
    /**
     * Chooses a value.
     *
     * @param sector the sector's index, from 0
     * @param valueCount how many values it had since the last flush, at least 1; a value that is
     *     written again in place of itself counts once
     * @return 0 for the value at the last flush, 1 for the oldest since, {@code valueCount} for the
     *     newest
     */
    int choose(long sector, int valueCount);
  }

  /**
   * Makes a store of zeroes, which count as flushed, with a logical block size of 512 bytes.
   *
   * @param size bytes; a multiple of 512
   */
  public CrashingBlockStore(long size) {
    this(size, SectorValue.SIZE);
  }

  /**
   * Makes a store of zeroes, which count as flushed.
   *
   * @param size bytes; a multiple of {@code logicalBlockSize}
   * @param logicalBlockSize bytes; a power of two, 512 to 4096
   * @throws IllegalArgumentException if the size or the logical block size is not allowed
   */
  public CrashingBlockStore(long size, int logicalBlockSize) {
    this(new MemoryBlockStore(size, logicalBlockSize));
  }

  /**
   * Makes a store with the content of another, which counts as flushed, and its logical block size.
   *
   * @param content copied, not changed
   */
  public CrashingBlockStore(MemoryBlockStore content) {
    this(
        "crashing-" + COUNT.incrementAndGet(),
        content.size(),
        content.logicalBlockSize(),
        false,
        new SectorMedium(sectorsOf(content)));
  }

  private CrashingBlockStore(
      String name, long size, int logicalBlockSize, boolean readOnly, SectorMedium medium) {
    super(name, size, logicalBlockSize, readOnly);
    this.medium = medium;
    this.discardSupport =
        readOnly || size == 0
            ? DiscardSupport.NONE
            : new DiscardSupport(true, logicalBlockSize, size, true);
  }

  /**
   * Returns another store over the same bytes, flushed and unflushed: for the next life of a
   * program that closed this one. The two are closed separately.
   *
   * @return a store with the same {@link #identity()}
   */
  public CrashingBlockStore reopen() {
    return new CrashingBlockStore(name(), size(), logicalBlockSize(), isReadOnly(), medium);
  }

  /**
   * Returns another store over the same bytes that refuses changes. The two are closed separately.
   *
   * @return a read-only store with the same {@link #identity()}
   */
  public CrashingBlockStore asReadOnly() {
    return new CrashingBlockStore(name(), size(), logicalBlockSize(), true, medium);
  }

  /**
   * Returns the sectors that a crash may lose.
   *
   * @return a copy; for each sector how many values it had since the last flush
   */
  public NavigableMap<Long, Integer> unflushedSectors() {
    UnflushedSectors unflushed = medium.unflushed();
    NavigableMap<Long, Integer> counts = new TreeMap<>();
    for (int i = 0; i < unflushed.sectors().length; i++) {
      counts.put(unflushed.sectors()[i], unflushed.values()[i].length);
    }
    return Collections.unmodifiableNavigableMap(counts);
  }

  /**
   * Returns the medium as it may be after a power cut, each sector left to chance.
   *
   * @param random decides
   * @return an open store; all of it counts as flushed
   */
  public CrashingBlockStore crash(Random random) {
    return crash((sector, valueCount) -> random.nextInt(valueCount + 1));
  }

  /**
   * Returns the medium as it may be after a power cut.
   *
   * @param choice asked for each unflushed sector, in ascending order
   * @return an open store; all of it counts as flushed
   */
  public CrashingBlockStore crash(SectorChoice choice) {
    UnflushedSectors unflushed = medium.unflushed();
    int[] choices = new int[unflushed.sectors().length];
    for (int i = 0; i < choices.length; i++) {
      choices[i] = choice.choose(unflushed.sectors()[i], unflushed.values()[i].length);
    }
    return left(unflushed.left(choices, 0));
  }

  /** Returns a store of this size with other sectors, all flushed. */
  CrashingBlockStore left(SectorMap sectors) {
    return new CrashingBlockStore(
        name(), size(), logicalBlockSize(), isReadOnly(), new SectorMedium(sectors));
  }

  SectorMedium medium() {
    return medium;
  }

  /**
   * Returns a copy of the content.
   *
   * @return {@link #size()} bytes
   * @throws IllegalStateException if that is more than an array can hold
   */
  public byte[] contents() {
    if (size() > Integer.MAX_VALUE - 8) {
      throw new IllegalStateException(
          name() + " has " + size() + " bytes, an array holds fewer; read a part of it");
    }
    ByteBuffer content = ByteBuffer.allocate((int) size());
    medium.read(0, content);
    return content.array();
  }

  /**
   * Returns a number that tells apart what crashes leave, for a test that need not try the same
   * bytes twice.
   *
   * @return equal for stores that hold the same bytes and have nothing unflushed; with all
   *     likelihood different for others
   */
  public long fingerprint() {
    UnflushedSectors unflushed = medium.unflushed();
    int[] newest = new int[unflushed.sectors().length];
    for (int i = 0; i < newest.length; i++) {
      newest[i] = unflushed.values()[i].length;
    }
    return unflushed.left(newest, 0).fingerprint();
  }

  @Override
  public Object identity() {
    return medium;
  }

  @Override
  public Execution execution() {
    return Execution.CALLING_THREAD;
  }

  @Override
  public boolean tryLock() {
    return medium.owner().compareAndSet(null, this) || medium.owner().get() == this;
  }

  @Override
  public Optional<String> lockOwner() {
    return Optional.ofNullable(medium.owner().get()).map(CrashingBlockStore::toString);
  }

  @Override
  public DiscardSupport discardSupport() {
    return discardSupport;
  }

  @Override
  protected void readBlocks(long offset, ByteBuffer target) {
    medium.read(offset, target);
  }

  @Override
  protected void writeBlocks(long offset, ByteBuffer source) {
    medium.write(offset, source);
  }

  @Override
  protected void flushBlocks() {
    medium.flush();
  }

  @Override
  protected void discardBlocks(long offset, long length) {
    medium.discard(offset, length);
  }

  /** What reads as zeroes is a hole; a long run is told in parts. */
  @Override
  protected Extent extentOfBlocks(long offset, long length) {
    int block = logicalBlockSize();
    boolean hole = medium.isZero(offset, block);
    long end = offset + Math.min(length, EXTENT_MAX);
    long at = offset + block;
    while (at < end && medium.isZero(at, block) == hole) {
      at += block;
    }
    return new Extent(offset, at - offset, hole ? Extent.Kind.HOLE : Extent.Kind.DATA);
  }

  @Override
  protected void closeMedium() {
    medium.owner().compareAndSet(this, null);
  }

  private static SectorMap sectorsOf(MemoryBlockStore content) {
    SectorMap.Editor sectors = SectorMap.EMPTY.edit();
    try {
      Extent extent;
      for (long at = 0; at < content.size(); at += extent.length()) {
        extent = content.extentAt(at, content.size() - at);
        if (extent.kind() == Extent.Kind.DATA) {
          copy(content, extent, sectors);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail
    }
    return sectors.done();
  }

  private static void copy(MemoryBlockStore content, Extent extent, SectorMap.Editor sectors)
      throws IOException {
    ByteBuffer block = ByteBuffer.allocate(content.logicalBlockSize());
    for (long at = extent.offset(); at < extent.offset() + extent.length(); at += block.limit()) {
      content.read(at, block.clear());
      block.flip();
      for (long sector = at / SectorValue.SIZE; block.hasRemaining(); sector++) {
        byte[] bytes = new byte[SectorValue.SIZE];
        block.get(bytes);
        sectors.put(sector, SectorValue.of(bytes, 0));
      }
    }
  }
}
