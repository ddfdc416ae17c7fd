package io.clonedevice.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.agrona.IoUtil;

/**
 * A store over a regular file or a block device that is mapped into memory: reads and writes of
 * what is in the page cache need no system call.
 *
 * <p>The file is mapped in segments of 1 GiB when they are first used and unmapped by {@link
 * #close()}. Size, {@link #identity()}, {@link #tryLock()} and discards are those of {@link
 * FileChannelBlockStore}.
 *
 * <p>If the file is truncated by somebody else, or its medium cannot read a page, the calls that
 * touch such a page fail, and {@link #flush()} fails while the file is too short. The page in which
 * a truncated file now ends is still there: its rest reads as zeroes, as the kernel defines it.
 *
 * <p>A process that dies in the middle of a write may leave a sector that is old in part and new in
 * part, because it is the process itself that copies the bytes into the page cache.
 */
public final class MappedBlockStore extends FileBackedBlockStore {
  private static final int SEGMENT_SHIFT = 30;
  private static final int SEGMENT_SIZE = 1 << SEGMENT_SHIFT;

  private static final int CLEAN = 0;
  private static final int TOUCHED = 1;

  // Not final, so that the compiler does not see what barrier() allocates.
  private static int none = 0;

  private final AtomicReferenceArray<MappedByteBuffer> segments;
  // Set by a writer after its bytes are in the segment; cleared by a flusher before it forces.
  private final AtomicIntegerArray touched;

  private MappedBlockStore(UninterruptibleFile file, long size, boolean readOnly)
      throws IOException {
    super(file, size, 512, readOnly);
    int count = (int) ((size + SEGMENT_SIZE - 1) >>> SEGMENT_SHIFT);
    this.segments = new AtomicReferenceArray<>(count);
    this.touched = new AtomicIntegerArray(count);
  }

  /**
   * Opens an existing file or block device for reading.
   *
   * @param path of the default file system
   * @return a read-only store
   * @throws IOException if it is missing, not to be read, or neither regular file nor block device
   */
  public static MappedBlockStore openReadOnly(Path path) throws IOException {
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
  public static MappedBlockStore open(Path path) throws IOException {
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
  public static MappedBlockStore create(Path path, long size) throws IOException {
    return FileCreation.create(path, size, MappedBlockStore::open);
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
  public static MappedBlockStore openOrCreate(Path path, long size) throws IOException {
    return FileCreation.openOrCreate(path, size, MappedBlockStore::open);
  }

  private static MappedBlockStore open(Path path, boolean readOnly) throws IOException {
    UninterruptibleFile file = new UninterruptibleFile(path, !readOnly);
    return new MappedBlockStore(file, sizeRoundedTo(512, file), readOnly);
  }

  @Override
  protected void readBlocks(long offset, ByteBuffer target) throws IOException {
    try {
      for (long at = offset; target.hasRemaining(); ) {
        MappedByteBuffer segment = segmentAt(at);
        int inSegment = (int) (at & (SEGMENT_SIZE - 1));
        int count = Math.min(SEGMENT_SIZE - inSegment, target.remaining());
        target.put(target.position(), segment, inSegment, count);
        target.position(target.position() + count);
        at += count;
      }
      barrier();
    } catch (InternalError e) {
      throw fault(e);
    }
  }

  @Override
  protected void writeBlocks(long offset, ByteBuffer source) throws IOException {
    try {
      for (long at = offset; source.hasRemaining(); ) {
        MappedByteBuffer segment = segmentAt(at);
        int inSegment = (int) (at & (SEGMENT_SIZE - 1));
        int count = Math.min(SEGMENT_SIZE - inSegment, source.remaining());
        segment.put(inSegment, source, source.position(), count);
        source.position(source.position() + count);
        touched.set((int) (at >>> SEGMENT_SHIFT), TOUCHED);
        at += count;
      }
      barrier();
    } catch (InternalError e) {
      throw fault(e);
    }
  }

  @Override
  protected void flushBlocks() throws IOException {
    for (int index = 0; index < touched.length(); index++) {
      if (touched.compareAndSet(index, TOUCHED, CLEAN)) {
        try {
          segments.get(index).force();
        } catch (UncheckedIOException e) {
          touched.set(index, TOUCHED);
          throw e.getCause();
        }
      }
    }
    super.flushBlocks(); // holes that were punched, and the check that the file is whole
  }

  @Override
  protected void closeMedium() throws IOException {
    for (int index = 0; index < segments.length(); index++) {
      MappedByteBuffer segment = segments.getAndSet(index, null);
      if (segment != null) {
        IoUtil.unmap(segment);
      }
    }
    super.closeMedium();
  }

  private MappedByteBuffer segmentAt(long offset) throws IOException {
    int index = (int) (offset >>> SEGMENT_SHIFT);
    MappedByteBuffer segment = segments.get(index);
    return segment != null ? segment : map(index);
  }

  private synchronized MappedByteBuffer map(int index) throws IOException {
    MappedByteBuffer segment = segments.get(index);
    if (segment == null) {
      checkSize(); // mapping a file that is too short for it would make it longer
      long start = (long) index << SEGMENT_SHIFT;
      segment = file().map(start, Math.min(SEGMENT_SIZE, size() - start));
      segments.set(index, segment);
    }
    return segment;
  }

  /**
   * Makes the error of a page that was not there come now. The JVM notes a fault in a copy and
   * throws at its next call into the runtime, which might be anywhere in the program; allocating an
   * array of arrays of unknown size is such a call, on 17 and later, and costs less than 100 ns.
   */
  private static Object barrier() {
    return new byte[none][0];
  }

  private IOException fault(InternalError error) throws IOException {
    checkSize();
    return new IOException("a page of the mapped file could not be read or written", error);
  }
}
