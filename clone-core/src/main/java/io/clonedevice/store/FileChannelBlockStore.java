package io.clonedevice.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A store over a regular file or a block device, through the page cache.
 *
 * <p>Its size is the file's, rounded down to whole blocks of 512 bytes; the file is not made longer
 * or shorter. Direct buffers are used as they are, without a copy, a lock or garbage. {@link
 * #identity()} is the file's, whatever path or kind of store leads to it. {@link #tryLock()} locks
 * the whole file; if an interrupt makes the system drop that lock and another process takes it
 * before this one has it back, all further calls fail and leave the file alone.
 *
 * <p>With JNA on the class path, on Linux, discarding punches holes into a file (which then read as
 * zeroes) or discards on a device, holes of a file are known to {@link #extentAt}, and a copy from
 * file to file shares the blocks where the file system can (XFS, btrfs) and moves no byte. {@link
 * #tryRead} reads what is in the page cache. A large write of what is not there is made by 64 KiB,
 * as far as that is known without much asking, so that small writes after it are fast (Linux 6.5).
 * Where each write is flushed before the next one, small writes start on their way to the disk at
 * once. {@link #writeUncached} starts to write 64 KiB and more to the disk at once, and keeps them
 * out of the page cache where the system can do that (Linux 6.14 with ext4 or XFS) and no small
 * writes were made a moment before; only then {@link #preallocate} does anything. Without JNA,
 * discard is not supported and {@link #writeUncached} is {@link #write}.
 *
 * <p>If the file is truncated by somebody else, reads beyond its new end and {@link #flush()} fail;
 * writes beyond it make it longer again, and what lies between is lost.
 */
public final class FileChannelBlockStore extends FileBackedBlockStore {
  /** Bytes from which on a write of a regular file is large. */
  private static final int LARGE = 64 << 10;

  /** Bytes of a large write at a time, where the page cache has the pages. */
  private static final int PIECE = 256 << 10;

  /**
   * The same where it has not, and for a write that nobody waits for and whose bytes stay there.
   * The page cache keeps what was written at once as one folio, at a multiple of its size, through
   * whose blocks small writes search later.
   */
  private static final int FOLIO = 64 << 10;

  /** Bytes of an uncached write at a time, and so of one request to the disk. */
  private static final int UNCACHED_PIECE = 1 << 20;

  /** Bytes of one at a time while small writes contend, which wait for one of these at least. */
  private static final int CONTENDED_PIECE = 16 << 10;

  private static final PieceWriter CACHED =
      (store, offset, piece) -> store.file().write(offset, piece);
  private static final PieceWriter UNCACHED = FileChannelBlockStore::writePieceUncached;

  @FunctionalInterface
  private interface PieceWriter {
    void write(FileChannelBlockStore store, long offset, ByteBuffer piece) throws IOException;
  }

  /** Large writes after one that met pages in the page cache before the system is asked again. */
  private static final int TAKEN_AS_CACHED = 15;

  /** How long a large write lets small ones go first, for each of its pieces. */
  private static final long PATIENCE_NS = 100_000;

  // The kernel admits one write to a file at a time, and does not let those that wait go first. So
  // large ones take turns here, one piece at a time, and begin none while a small one is under way.
  private final ReentrantLock largeWrites = new ReentrantLock();

  // Any thread; orders nothing.
  private final EntryCount smallWrites = new EntryCount();

  // Any thread; orders nothing, a lost update costs a question. How many more large writes are
  // taken for ones of pages that are in the page cache, as the last one was.
  private int takenAsCached;

  // So that the disk is at work already while the client gets its reply and sends its flush.
  private final FlushHabit flushHabit = new FlushHabit();

  // Any thread. Small writes wait for longer while the kernel finds room on the disk, which an
  // uncached write does before it returns; so none is made where small ones are to be expected.
  private final RecentUse smallWriteUse = new RecentUse(System.nanoTime());

  private FileChannelBlockStore(UninterruptibleFile file, long size, boolean readOnly)
      throws IOException {
    super(file, size, 512, readOnly);
  }

  /**
   * Opens an existing file or block device for reading.
   *
   * @param path of the default file system
   * @return a read-only store
   * @throws IOException if it is missing, not to be read, or neither regular file nor block device
   */
  public static FileChannelBlockStore openReadOnly(Path path) throws IOException {
    return open(path, true);
  }

  /**
   * Opens an existing file or block device for reading and writing.
   *
   * @param path of the default file system
   * @return a writable store
   * @throws IOException if it is missing, not to be written, or neither regular file nor block
   *     device
   */
  public static FileChannelBlockStore open(Path path) throws IOException {
    return open(path, false);
  }

  /**
   * Creates a file of zeroes that takes no room yet, and opens it for reading and writing.
   *
   * @param path of the default file system; nothing may exist there
   * @param size bytes; a positive multiple of 512
   * @return a writable store
   * @throws java.nio.file.FileAlreadyExistsException if something exists there; it is unchanged
   * @throws IOException if it cannot be created; no file is left behind
   */
  public static FileChannelBlockStore create(Path path, long size) throws IOException {
    return FileCreation.create(path, size, FileChannelBlockStore::open);
  }

  /**
   * Opens a file for reading and writing, creates it if it is missing.
   *
   * @param path of the default file system
   * @param size bytes that it must have at least; a positive multiple of 512
   * @return a writable store, larger than {@code size} if the file is
   * @throws IOException if it cannot be opened or created, or exists and is smaller; then it is
   *     unchanged
   */
  public static FileChannelBlockStore openOrCreate(Path path, long size) throws IOException {
    return FileCreation.openOrCreate(path, size, FileChannelBlockStore::open);
  }

  private static FileChannelBlockStore open(Path path, boolean readOnly) throws IOException {
    UninterruptibleFile file = new UninterruptibleFile(path, !readOnly);
    return new FileChannelBlockStore(file, sizeRoundedTo(512, file), readOnly);
  }

  @Override
  protected void readBlocks(long offset, ByteBuffer target) throws IOException {
    file().read(offset, target);
  }

  @Override
  protected boolean tryReadBlocks(long offset, ByteBuffer target) {
    return !file().hasLostLock()
        && nativeFile().isPresent()
        && nativeFile().get().tryRead(offset, target);
  }

  @Override
  protected void writeBlocks(long offset, ByteBuffer source) throws IOException {
    int length = source.remaining();
    if (file().identity().isBlockDevice()) {
      file().write(offset, source);
    } else if (length >= LARGE) {
      writeThroughCache(offset, source);
    } else {
      smallWrites.enter();
      try {
        file().write(offset, source);
      } finally {
        smallWrites.exit();
      }
    }
    if (flushHabit.wrote() && length < LARGE && nativeFile().isPresent()) {
      nativeFile().get().startWriteback(offset, length);
    }
  }

  @Override
  protected void flushBlocks() throws IOException {
    flushHabit.flushing();
    super.flushBlocks();
  }

  @Override
  protected void writeUncachedBlocks(long offset, ByteBuffer source) throws IOException {
    int length = source.remaining();
    if (length < LARGE || nativeFile().isEmpty()) {
      writeBlocks(offset, source);
    } else if (file().identity().isBlockDevice()) {
      file().write(offset, source);
      nativeFile().get().startWriteback(offset, length);
    } else {
      boolean contended = smallWritesContend();
      if (!contended && nativeFile().get().mayTransferUncached()) {
        writeInPieces(offset, source, UNCACHED_PIECE, UNCACHED);
      } else {
        writeInPieces(offset, source, contended ? CONTENDED_PIECE : FOLIO, CACHED);
        nativeFile().get().startWriteback(offset, length);
      }
    }
  }

  private void writeThroughCache(long offset, ByteBuffer source) throws IOException {
    // Whole folios only: the pages at both ends may be there because of others' writes.
    long from = (offset + FOLIO - 1) & -FOLIO;
    long length = ((offset + source.remaining()) & -FOLIO) - from;
    if (source.remaining() > FOLIO && length > 0 && isUncached(from, length)) {
      writeInPieces(offset, source, FOLIO, CACHED);
      nativeFile().orElseThrow().confirmCached(from, length);
    } else {
      writeInPieces(offset, source, PIECE, CACHED);
    }
  }

  private boolean isUncached(long offset, long length) {
    int left = takenAsCached;
    if (left > 0) {
      takenAsCached = left - 1;
      return false;
    }
    boolean uncached = nativeFile().isPresent() && nativeFile().get().isUncached(offset, length);
    if (!uncached) {
      takenAsCached = TAKEN_AS_CACHED;
    }
    return uncached;
  }

  private boolean smallWritesContend() {
    long now = System.nanoTime();
    smallWriteUse.look(now, smallWrites.inside(), smallWrites.entered());
    return smallWriteUse.remainingNs(now) > 0;
  }

  /** Where writes are uncached, which are the ones it was seen to help; others wait meanwhile. */
  @Override
  void preallocateBlocks(long offset, long length) {
    if (!file().hasLostLock()
        && nativeFile().isPresent()
        && nativeFile().get().mayTransferUncached()
        && !smallWritesContend()) {
      nativeFile().get().preallocate(offset, length);
    }
  }

  private void writePieceUncached(long offset, ByteBuffer piece) throws IOException {
    int start = piece.position();
    checkLock();
    nativeFile().orElseThrow().writeUncached(offset, piece);
    if (piece.hasRemaining()) {
      file().write(offset + piece.position() - start, piece);
    }
  }

  @Override
  void readUncachedBlocks(long offset, ByteBuffer target) throws IOException {
    int start = target.position();
    if (nativeFile().isPresent()) {
      nativeFile().get().readUncached(offset, target);
    }
    if (target.hasRemaining()) {
      readBlocks(offset + target.position() - start, target);
    }
  }

  private void writeInPieces(long offset, ByteBuffer source, int pieceSize, PieceWriter writer)
      throws IOException {
    int start = source.position();
    int end = source.limit();
    try {
      while (source.position() < end) {
        int done = source.position() - start;
        int beyond = pieceSize == FOLIO ? (int) ((offset + done) % FOLIO) : 0;
        source.limit(Math.min(end, source.position() + pieceSize - beyond));
        largeWrites.lock();
        try {
          letSmallWritesGoFirst();
          writer.write(this, offset + done, source);
        } finally {
          largeWrites.unlock();
        }
      }
    } finally {
      source.limit(end);
    }
  }

  private void letSmallWritesGoFirst() {
    if (smallWrites.inside() > 0) {
      long deadlineNs = System.nanoTime() + PATIENCE_NS;
      while (smallWrites.inside() > 0 && System.nanoTime() - deadlineNs < 0) {
        Thread.onSpinWait();
      }
    }
  }

  @Override
  void copyBlocks(long offset, BlockStore target, long targetOffset, long length)
      throws IOException {
    if (!(target instanceof FileChannelBlockStore other)
        || !sharesWith(other, offset, targetOffset, length)) {
      super.copyBlocks(offset, target, targetOffset, length);
    }
  }

  private boolean sharesWith(
      FileChannelBlockStore other, long offset, long targetOffset, long length) throws IOException {
    if (nativeFile().isEmpty() || other.nativeFile().isEmpty()) {
      return false;
    }
    other.enter(BlockIoException.Operation.COPY, targetOffset, length);
    try {
      boolean shared =
          nativeFile().get().shareWith(other.nativeFile().get(), offset, targetOffset, length);
      other.checkLock();
      return shared;
    } catch (IOException e) {
      throw other.trouble(BlockIoException.Operation.COPY, targetOffset, length, e);
    } finally {
      other.leave();
    }
  }
}
