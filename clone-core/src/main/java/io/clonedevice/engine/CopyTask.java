package io.clonedevice.engine;

import io.clonedevice.store.BufferPool;
import io.clonedevice.store.IoCompletion;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Brings a range of the destination to its contents, chunk by chunk: the source's bytes (or
 * zeroes), with the bytes of a write laid over them in memory, so that each sector is written once.
 *
 * <p>The steps run one after the other, on whichever thread completes the one before; {@code
 * stepsDue} makes a loop out of completions that come at once and a hand-over, with a
 * happens-before edge, out of those that come later.
 */
final class CopyTask implements IoCompletion {
  private final StoreAccess source;
  private final StoreAccess destination;
  private final Executor continuations;
  private final IoCompletion completion;
  private final long end;
  private final ByteBuffer overlay;
  private final long overlayFrom;
  private final long overlayEnd;

  private final AtomicInteger stepsDue = new AtomicInteger();

  // The fields below: by the one thread that runs the steps; edge: stepsDue.
  private long position;
  private ByteBuffer buffer;
  private boolean chunkLoaded;
  private volatile Throwable failure;

  /**
   * @param source where the bytes come from, {@code null} for zeroes
   * @param overlay bytes to lay over the range from {@code overlayFrom} on, or {@code null}
   */
  CopyTask(
      StoreAccess source,
      StoreAccess destination,
      Executor continuations,
      long from,
      long end,
      ByteBuffer overlay,
      long overlayFrom,
      IoCompletion completion) {
    this.source = source;
    this.destination = destination;
    this.continuations = continuations;
    this.completion = completion;
    this.position = from;
    this.end = end;
    this.overlay = overlay;
    this.overlayFrom = overlayFrom;
    this.overlayEnd = overlay == null ? overlayFrom : overlayFrom + overlay.remaining();
  }

  void start() {
    completed(null);
  }

  @Override
  public void completed(Throwable trouble) {
    if (trouble != null) {
      failure = trouble;
    }
    if (stepsDue.getAndIncrement() == 0) {
      do {
        step();
      } while (stepsDue.decrementAndGet() != 0);
    }
  }

  private void step() {
    try {
      if (failure != null) {
        finish(failure);
      } else if (chunkLoaded) {
        chunkLoaded = false;
        store();
      } else if (position == end) {
        finish(null);
      } else {
        chunkLoaded = true;
        load();
      }
    } catch (RuntimeException | Error e) {
      finish(e);
    }
  }

  private void load() {
    if (buffer == null) {
      buffer = BufferPool.acquire(end - position);
    }
    buffer.clear().limit((int) Math.min(buffer.capacity(), end - position));
    if (source == null) {
      clear(buffer);
      completed(null);
    } else if (overlayFrom <= position && position + buffer.remaining() <= overlayEnd) {
      completed(null);
    } else {
      source.read(position, buffer, continuations, this);
    }
  }

  private void store() {
    buffer.rewind();
    long chunk = position;
    long chunkEnd = chunk + buffer.remaining();
    long from = Math.max(chunk, overlayFrom);
    long to = Math.min(chunkEnd, overlayEnd);
    if (from < to) {
      int inOverlay = overlay.position() + (int) (from - overlayFrom);
      buffer.put((int) (from - chunk), overlay, inOverlay, (int) (to - from));
    }
    position = chunkEnd;
    if (overlay == null) { // neither what hydration copies nor zeroes are asked for soon
      destination.writeUncached(chunk, buffer, continuations, this);
    } else {
      destination.write(chunk, buffer, continuations, this);
    }
  }

  private void finish(Throwable outcome) {
    if (buffer != null) {
      BufferPool.release(buffer);
      buffer = null;
    }
    completion.completed(outcome);
  }

  private static void clear(ByteBuffer buffer) {
    for (int i = 0; i < buffer.limit(); i += Long.BYTES) {
      buffer.putLong(i, 0);
    }
  }
}
