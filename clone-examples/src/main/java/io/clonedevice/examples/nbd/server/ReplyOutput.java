package io.clonedevice.examples.nbd.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a connection's replies go: those of the reader, gathered in a batch, and those of
 * asynchronous requests, sent by a helper.
 *
 * <p>A client that does not read blocks whoever writes to it: its own reader, and one helper thread
 * of the server. The threads of the device only ever leave a reply in the queue.
 */
final class ReplyOutput {
  private static final Logger LOG = LoggerFactory.getLogger(ReplyOutput.class);

  private static final int GATHERED_MAX = 64;

  private final ByteChannel channel;
  private final InFlight inFlight;
  private final Executor helpers;
  private final Runnable abort;

  // The reader's alone.
  private final GrowingBuffer batch;

  // Held by whoever writes to the channel, for whole messages.
  private final ReentrantLock writing = new ReentrantLock();

  // Any thread adds; the one that helps takes.
  private final ConcurrentLinkedQueue<LateReply> late = new ConcurrentLinkedQueue<>();

  // Any thread, atomically. How often replies were left since the helper last looked; the thread
  // that makes it 1 starts the helper.
  private final AtomicInteger left = new AtomicInteger();

  // Guarded by writing.
  private final ByteBuffer[] gathered = new ByteBuffer[GATHERED_MAX];

  // Guarded by writing. Nothing is sent any more.
  private boolean broken;

  /**
   * Makes one without replies.
   *
   * @param abort ends the connection at once; called by any thread, also more than once
   */
  ReplyOutput(
      ByteChannel channel,
      LargeBuffers largeBuffers,
      InFlight inFlight,
      Executor helpers,
      Runnable abort) {
    this.channel = channel;
    this.batch = new GrowingBuffer(largeBuffers);
    this.inFlight = inFlight;
    this.helpers = helpers;
    this.abort = abort;
  }

  // ---- the reader's batch

  GrowingBuffer batch() {
    return batch;
  }

  /** Makes room for so many bytes in the batch if that can be; sends what is in it if need be. */
  boolean tryMakeRoom(int size) throws IOException {
    ByteBuffer buffer = batch.buffer();
    if (buffer.remaining() >= size || batch.tryGrow(buffer.position() + size)) {
      return true;
    }
    send();
    return batch.tryGrow(size);
  }

  /** Sends the batch. */
  void send() throws IOException {
    ByteBuffer buffer = batch.buffer();
    if (buffer.position() == 0) {
      return;
    }
    write(buffer.flip());
    buffer.clear();
  }

  /** Sends the batch, before its reader waits for the client. */
  void beforeWaiting() throws IOException {
    send();
    batch.shrinkIfScarce();
  }

  /** Sends the batch, then other bytes. */
  void send(ByteBuffer bytes) throws IOException {
    send();
    write(bytes);
  }

  private void write(ByteBuffer bytes) throws IOException {
    writing.lock();
    try {
      requireWhole();
      Channels.writeFully(channel, bytes);
    } catch (IOException | RuntimeException | Error e) {
      broken = true;
      throw e;
    } finally {
      writing.unlock();
    }
  }

  private void requireWhole() throws IOException {
    if (broken) {
      throw new IOException("an earlier reply could not be sent");
    }
  }

  /** Nothing is sent any more; what is still to come is given back. Called by the reader. */
  void release() {
    writing.lock();
    try {
      broken = true;
    } finally {
      writing.unlock();
    }
    batch.release();
  }

  // ---- asynchronous requests

  /** Leaves a reply to be sent; never blocks. Called by any thread. */
  void leave(LateReply reply) {
    late.add(reply);
    if (left.getAndIncrement() == 0) {
      try {
        helpers.execute(this::help);
      } catch (RejectedExecutionException | OutOfMemoryError e) {
        LOG.error("no thread to send replies with; the connection ends: {}", e.toString());
        abort.run();
        // Nobody blocks any more in writing to a socket that is closed.
        help();
      }
    }
  }

  private void help() {
    int seen = left.get();
    do {
      writing.lock();
      try {
        sendLate();
      } finally {
        writing.unlock();
      }
      seen = left.addAndGet(-seen);
    } while (seen != 0);
  }

  private void sendLate() {
    LateReply[] taken = new LateReply[GATHERED_MAX / 2];
    while (true) {
      int replies = 0;
      int buffers = 0;
      while (replies < taken.length) {
        LateReply reply = late.poll();
        if (reply == null) {
          break;
        }
        taken[replies++] = reply;
        gathered[buffers++] = reply.header();
        if (reply.data() != null) {
          gathered[buffers++] = reply.data();
        }
      }
      if (replies == 0) {
        return;
      }
      try {
        if (!broken) {
          Channels.writeFully(channel, gathered, buffers);
        }
      } catch (IOException e) {
        broken = true;
        abort.run();
      } catch (RuntimeException | Error e) {
        LOG.error("replies could not be sent; the connection ends", e);
        broken = true;
        abort.run();
      } finally {
        for (int i = 0; i < replies; i++) {
          taken[i].release(inFlight);
        }
      }
    }
  }
}
