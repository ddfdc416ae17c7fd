package io.clonedevice.examples.nbd.server;

import io.clonedevice.CloneDevice;
import io.clonedevice.examples.nbd.NbdError;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataModeException;
import io.clonedevice.store.BufferPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Serves trims and writes of zeroes, which carry no data and may take long: always asynchronously.
 */
final class Erasures {
  /** Shared by all: nobody writes to it, and each user has a view of its own. */
  private static final ByteBuffer ZEROES =
      ByteBuffer.allocateDirect(BufferPool.LARGE_SIZE + BufferPool.ALIGNMENT)
          .alignedSlice(BufferPool.ALIGNMENT)
          .asReadOnlyBuffer();

  private static final int ZEROES_SIZE = BufferPool.LARGE_SIZE;

  private final Session session;
  private final CloneDevice device;

  Erasures(Session session) {
    this.session = session;
    this.device = session.device();
  }

  void trim(long cookie, long offset, long length, boolean durable) throws IOException {
    session.enter(0);
    finish(cookie, durable, device.discard(offset, length));
  }

  /**
   * Zeroes a range: its whole regions by a discard if that leaves zeroes, the rest by writing.
   *
   * @param allocate whether a discard will not do
   * @param onlyIfFast whether to refuse what takes as long as writing
   */
  void writeZeroes(
      long cookie, long offset, long length, boolean durable, boolean allocate, boolean onlyIfFast)
      throws IOException {
    long end = offset + length;
    long region = device.regionSize();
    long wholeFrom = (offset + region - 1) / region * region;
    long wholeEnd = end == device.size() ? end : end / region * region;
    if (allocate || wholeFrom >= wholeEnd || !device.discardSupport().readsZeroes()) {
      wholeFrom = end;
      wholeEnd = end;
    }
    if (onlyIfFast && wholeFrom == wholeEnd) {
      session.fail(cookie, NbdError.ENOTSUP, "zeroes would have to be written");
      return;
    }
    session.enter(0);
    CompletableFuture<Void> zeroed = write(offset, wholeFrom);
    if (wholeFrom < wholeEnd) {
      long from = wholeFrom;
      long to = wholeEnd;
      zeroed =
          zeroed
              .thenCompose(done -> device.discard(from, to - from))
              .thenRun(() -> requireHydrated(from, to - from))
              .thenCompose(done -> write(to, end));
    }
    finish(cookie, durable, zeroed);
  }

  private void finish(long cookie, boolean durable, CompletableFuture<Void> done) {
    session.replyWhenDone(cookie, durable ? done.thenCompose(ok -> device.flush()) : done);
  }

  /** Without metadata to write to, a discard is ignored; zeroes must not be. */
  private void requireHydrated(long offset, long length) {
    if (!device.isHydrated(offset, length)) {
      throw new CompletionException(
          new MetadataModeException("zero unhydrated regions", MetadataMode.READ_ONLY));
    }
  }

  private CompletableFuture<Void> write(long from, long end) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    writeNext(from, end, done);
    return done;
  }

  /** Writes piece after piece; comes back when one completes. */
  private void writeNext(long from, long end, CompletableFuture<Void> done) {
    long position = from;
    while (position < end) {
      int length = (int) Math.min(end - position, ZEROES_SIZE - position % ZEROES_SIZE);
      CompletableFuture<Void> piece;
      try {
        piece = device.write(position, ZEROES.slice(0, length));
      } catch (RuntimeException e) {
        done.completeExceptionally(e);
        return;
      }
      position += length;
      if (!piece.isDone() || piece.isCompletedExceptionally()) {
        long next = position;
        piece.whenComplete(
            (ok, failure) -> {
              if (failure == null) {
                writeNext(next, end, done);
              } else {
                done.completeExceptionally(failure);
              }
            });
        return;
      }
    }
    done.complete(null);
  }
}
