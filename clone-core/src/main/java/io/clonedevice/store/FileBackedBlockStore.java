package io.clonedevice.store;

import java.io.EOFException;
import java.io.IOException;
import java.util.Optional;

/** What the stores over a file or a block device have in common, however they move the bytes. */
abstract class FileBackedBlockStore extends AbstractBlockStore {
  private final UninterruptibleFile file;
  private final Optional<NativeFile> nativeFile;

  /** Takes over {@code file}: it is closed with the store, and if this constructor fails. */
  FileBackedBlockStore(UninterruptibleFile file, long size, int logicalBlockSize, boolean readOnly)
      throws IOException {
    super(file.path().toString(), size, logicalBlockSize, readOnly);
    this.file = file;
    try {
      this.nativeFile = NativeFile.open(file, !readOnly, size);
    } catch (Throwable e) {
      closeAfter(e, file);
      throw e;
    }
  }

  /** Returns the size of an open file, rounded down; closes the file if this fails. */
  static long sizeRoundedTo(int logicalBlockSize, UninterruptibleFile file) throws IOException {
    try {
      return file.size() & -(long) logicalBlockSize;
    } catch (Throwable e) {
      closeAfter(e, file);
      throw e;
    }
  }

  final UninterruptibleFile file() {
    return file;
  }

  final Optional<NativeFile> nativeFile() {
    return nativeFile;
  }

  @Override
  public final Object identity() {
    return file.identity();
  }

  @Override
  public final boolean tryLock() throws IOException {
    enter(BlockIoException.Operation.READ, 0, 0);
    try {
      return file.tryLock();
    } finally {
      leave();
    }
  }

  @Override
  final void checkLock() throws IOException {
    file.checkLock();
  }

  @Override
  public final Optional<String> lockOwner() {
    return UninterruptibleFile.isLockedHere(file.identity())
        ? Optional.of(FileLockOwner.THIS_PROCESS)
        : FileLockOwner.of(file.path());
  }

  @Override
  public final DiscardSupport discardSupport() {
    return nativeFile.map(NativeFile::discardSupport).orElse(DiscardSupport.NONE);
  }

  @Override
  protected void discardBlocks(long offset, long length) throws IOException {
    nativeFile.orElseThrow().discard(offset, length);
  }

  @Override
  protected final Extent extentOfBlocks(long offset, long length) throws IOException {
    if (nativeFile.isEmpty()) {
      return super.extentOfBlocks(offset, length);
    }
    Extent extent = nativeFile.get().extentAt(offset, length, logicalBlockSize());
    if (extent.kind() == Extent.Kind.HOLE) {
      // The kernel calls what lies beyond the end of a file a hole, too: bytes that were lost.
      checkSize();
    }
    return extent;
  }

  @Override
  protected void flushBlocks() throws IOException {
    file.force();
    checkSize();
  }

  @Override
  protected void closeMedium() throws IOException {
    try {
      if (nativeFile.isPresent()) {
        nativeFile.get().close();
      }
    } catch (IOException e) {
      closeAfter(e, file);
      throw e;
    }
    file.close();
  }

  static void closeAfter(Throwable failure, UninterruptibleFile file) {
    try {
      file.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  final void checkSize() throws IOException {
    long now = nativeFile.isPresent() ? nativeFile.get().size() : file.size();
    if (now < size()) {
      throw new EOFException(
          "file was truncated: it ends at byte "
              + now
              + " now, it had "
              + size()
              + "; restore it or close the store");
    }
  }
}
