package io.clonedevice.store;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * A store in the Java heap: for tests, and for devices that need not outlive the process.
 *
 * <p>Memory is taken in pages of 64 KiB when they are first written and given back when they are
 * discarded whole, so a store may be far larger than the heap. Bytes never written read as zeroes.
 */
public final class MemoryBlockStore extends AbstractBlockStore {
  private static final AtomicInteger COUNT = new AtomicInteger();

  private final Pages pages;
  private final DiscardSupport discardSupport;

  /**
   * Makes a store of zeroes with a logical block size of 512 bytes.
   *
   * @param size bytes; {@code >= 0}, multiple of 512, at most 2^54
   * @throws IllegalArgumentException if the size is not allowed
   */
  public MemoryBlockStore(long size) {
    this(size, 512);
  }

  /**
   * Makes a store of zeroes.
   *
   * @param size bytes; {@code >= 0}, multiple of {@code logicalBlockSize}, at most 2^54
   * @param logicalBlockSize bytes; a power of two, 512 to 4096
   * @throws IllegalArgumentException if the size or the logical block size is not allowed
   */
  public MemoryBlockStore(long size, int logicalBlockSize) {
    this(
        "memory-" + COUNT.incrementAndGet(),
        checkSize(size, logicalBlockSize),
        logicalBlockSize,
        false,
        new Pages(size));
  }

  private MemoryBlockStore(
      String name, long size, int logicalBlockSize, boolean readOnly, Pages pages) {
    super(name, size, logicalBlockSize, readOnly);
    this.pages = pages;
    this.discardSupport =
        readOnly || size == 0
            ? DiscardSupport.NONE
            : new DiscardSupport(true, logicalBlockSize, size, true);
  }

  /**
   * Makes a store with a given content.
   *
   * @param content copied; its length is the size, a multiple of 512
   * @return a store with a logical block size of 512 bytes
   * @throws IllegalArgumentException if the length is no multiple of 512
   */
  public static MemoryBlockStore copyOf(byte[] content) {
    MemoryBlockStore store = new MemoryBlockStore(content.length);
    store.writeBlocks(0, ByteBuffer.wrap(content));
    return store;
  }

  /**
   * Returns a copy of the content; bytes that are being written may be old or new.
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
    readBlocks(0, content);
    return content.array();
  }

  /**
   * Returns another store over the same bytes that refuses changes. The two are closed separately.
   *
   * @return a read-only store with the same {@link #identity()}
   */
  public MemoryBlockStore asReadOnly() {
    return new MemoryBlockStore(name(), size(), logicalBlockSize(), true, pages);
  }

  @Override
  public Object identity() {
    return pages;
  }

  @Override
  public Execution execution() {
    return Execution.CALLING_THREAD;
  }

  @Override
  public boolean tryLock() {
    return pages.owner.compareAndSet(null, this) || pages.owner.get() == this;
  }

  @Override
  public Optional<String> lockOwner() {
    return Optional.ofNullable(pages.owner.get()).map(owner -> FileLockOwner.THIS_PROCESS);
  }

  @Override
  public DiscardSupport discardSupport() {
    return discardSupport;
  }

  @Override
  protected void readBlocks(long offset, ByteBuffer target) {
    for (long at = offset; target.hasRemaining(); ) {
      int inPage = (int) (at & Pages.OFFSET_MASK);
      int count = Math.min(Pages.PAGE_SIZE - inPage, target.remaining());
      byte[] page = pages.get(at);
      target.put(page == null ? Pages.ZEROES : page, page == null ? 0 : inPage, count);
      at += count;
    }
  }

  @Override
  protected void writeBlocks(long offset, ByteBuffer source) {
    for (long at = offset; source.hasRemaining(); ) {
      int inPage = (int) (at & Pages.OFFSET_MASK);
      int count = Math.min(Pages.PAGE_SIZE - inPage, source.remaining());
      source.get(pages.getOrAdd(at), inPage, count);
      at += count;
    }
  }

  @Override
  protected void flushBlocks() {
    // Memory is as durable as it gets.
  }

  @Override
  protected void discardBlocks(long offset, long length) {
    long end = offset + length;
    for (long at = offset; at < end; ) {
      int inPage = (int) (at & Pages.OFFSET_MASK);
      int count = (int) Math.min(Pages.PAGE_SIZE - inPage, end - at);
      if (!pages.hasLeaf(at)) {
        at = Math.min(end, (at | Pages.LEAF_MASK) + 1);
        continue;
      }
      if (count == Pages.PAGE_SIZE) {
        pages.drop(at);
      } else {
        byte[] page = pages.get(at);
        if (page != null) {
          Arrays.fill(page, inPage, inPage + count, (byte) 0);
        }
      }
      at += count;
    }
  }

  @Override
  protected Extent extentOfBlocks(long offset, long length) {
    boolean hole = pages.get(offset) == null;
    long end = offset + length;
    long at = offset;
    while (at < end && (pages.get(at) == null) == hole) {
      at = (at | (pages.hasLeaf(at) ? Pages.OFFSET_MASK : Pages.LEAF_MASK)) + 1;
    }
    return new Extent(
        offset, Math.min(at, end) - offset, hole ? Extent.Kind.HOLE : Extent.Kind.DATA);
  }

  @Override
  protected void closeMedium() {
    pages.owner.compareAndSet(this, null);
  }

  private static long checkSize(long size, int logicalBlockSize) {
    if (logicalBlockSize < 512
        || logicalBlockSize > 4096
        || Integer.bitCount(logicalBlockSize) != 1) {
      throw new IllegalArgumentException(
          "logical block size is " + logicalBlockSize + "; use 512, 1024, 2048 or 4096");
    }
    if (size < 0 || size > Pages.SIZE_MAX || size % logicalBlockSize != 0) {
      throw new IllegalArgumentException(
          "size is "
              + size
              + " bytes; use a multiple of "
              + logicalBlockSize
              + " from 0 to "
              + Pages.SIZE_MAX);
    }
    return size;
  }

  /** The bytes: a table of tables of pages, each made when it is first written. */
  private static final class Pages {
    static final int PAGE_SHIFT = 16;
    static final int PAGE_SIZE = 1 << PAGE_SHIFT;
    static final long OFFSET_MASK = PAGE_SIZE - 1;
    static final int LEAF_SHIFT = PAGE_SHIFT + 12;
    static final long LEAF_MASK = (1L << LEAF_SHIFT) - 1;
    static final long SIZE_MAX = 1L << 54;
    static final byte[] ZEROES = new byte[PAGE_SIZE];

    // Entries are set by writers and discarders and read by all, atomically. A race between a
    // discard and a write of one page is a race of overlapping requests: the callers'.
    private final AtomicReferenceArray<AtomicReferenceArray<byte[]>> leaves;
    private final AtomicReference<MemoryBlockStore> owner = new AtomicReference<>();

    Pages(long size) {
      leaves = new AtomicReferenceArray<>((int) ((size + LEAF_MASK) >>> LEAF_SHIFT));
    }

    boolean hasLeaf(long offset) {
      return leaves.get((int) (offset >>> LEAF_SHIFT)) != null;
    }

    byte[] get(long offset) {
      AtomicReferenceArray<byte[]> leaf = leaves.get((int) (offset >>> LEAF_SHIFT));
      return leaf == null ? null : leaf.get(pageIndex(offset));
    }

    byte[] getOrAdd(long offset) {
      int leafIndex = (int) (offset >>> LEAF_SHIFT);
      AtomicReferenceArray<byte[]> leaf = leaves.get(leafIndex);
      if (leaf == null) {
        leaves.compareAndSet(
            leafIndex, null, new AtomicReferenceArray<>(1 << (LEAF_SHIFT - PAGE_SHIFT)));
        leaf = leaves.get(leafIndex);
      }
      byte[] page = leaf.get(pageIndex(offset));
      if (page == null) {
        byte[] fresh = new byte[PAGE_SIZE];
        byte[] other = leaf.compareAndExchange(pageIndex(offset), null, fresh);
        page = other == null ? fresh : other;
      }
      return page;
    }

    void drop(long offset) {
      leaves.get((int) (offset >>> LEAF_SHIFT)).set(pageIndex(offset), null);
    }

    private static int pageIndex(long offset) {
      return (int) ((offset & LEAF_MASK) >>> PAGE_SHIFT);
    }
  }
}
