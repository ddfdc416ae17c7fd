package io.clonedevice.engine;

import io.clonedevice.engine.RequestRouter.Route;
import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;

/**
 * The requests whose callers wait: what the stores do is done on the calling thread, and a request
 * that one store serves whole goes to it without an object of its own.
 *
 * <p>Thread-safe.
 */
public final class BlockingRequests {
  private final CloneEngine engine;
  private final BlockStore destination;
  private final Executor executor;
  private final Waiting waiting;
  private final CloneMetadata metadata;
  private final RequestCheck check;
  private final RequestGate gate;
  private final RequestRouter router;
  private final CommitPipeline pipeline;

  BlockingRequests(CloneEngine engine, BlockStore destination, Executor executor, Waiting waiting) {
    this.engine = engine;
    this.destination = destination;
    this.executor = executor;
    this.waiting = waiting;
    this.metadata = engine.metadata();
    this.check = engine.check();
    this.gate = engine.gate();
    this.router = engine.router();
    this.pipeline = engine.pipeline();
  }

  /**
   * Reads; allocates nothing if the range is one run.
   *
   * @param offset first byte
   * @param target filled from position to limit
   * @throws IOException if a store failed
   */
  public void read(long offset, ByteBuffer target) throws IOException {
    RequestCheck.writable(target);
    int length = target.remaining();
    check.range("read", offset, length);
    if (length == 0) {
      return;
    }
    gate.enter();
    BlockStore whole =
        metadata.mode() == MetadataMode.FAIL ? null : router.beginRead(offset, length);
    if (whole != null) {
      try {
        whole.read(offset, target);
      } finally {
        router.endRead(whole);
        gate.exit();
      }
    } else {
      runInside(new BlockingRequest(engine, Route.READ, offset, length, target, waiting));
    }
  }

  /**
   * Writes; allocates nothing if the range is hydrated.
   *
   * @param offset first byte
   * @param data from position to limit
   * @param durable whether to return only when durable
   * @throws IOException if a store failed
   */
  public void write(long offset, ByteBuffer data, boolean durable) throws IOException {
    int length = data.remaining();
    check.range("write", offset, length);
    if (length > 0) {
      gate.enter();
      if (metadata.mode() != MetadataMode.FAIL && router.isHydrated(offset, length)) {
        try {
          destination.write(offset, data);
        } finally {
          gate.exit();
        }
      } else {
        runInside(new BlockingRequest(engine, Route.WRITE, offset, length, data, waiting));
      }
    }
    if (durable) {
      flush();
    }
  }

  /**
   * Discards the whole regions in a range. For callers to whom the device is a store, and who may
   * have asked long ago whether its discards leave zeroes: where that was promised, it is not a
   * hint.
   *
   * @param offset first byte
   * @param length bytes
   * @throws IOException if a store failed, or if zeroes were promised and the metadata is read-only
   */
  public void discard(long offset, long length) throws IOException {
    check.range("discard", offset, length);
    RequestRouter.WholeRegions whole = router.wholeRegions(offset, length);
    gate.enter();
    runInside(
        new BlockingRequest(engine, whole.route(), whole.offset(), whole.length(), null, waiting));
  }

  /**
   * Flushes, or waits for a flush that another thread runs for both.
   *
   * @throws IOException if it failed
   */
  public void flush() throws IOException {
    gate.enter();
    try {
      pipeline.flushBlocking(executor);
    } finally {
      gate.exit();
    }
  }

  private void runInside(BlockingRequest request) throws IOException {
    engine.serve(request);
    request.await();
  }
}
