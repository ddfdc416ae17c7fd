package io.clonedevice.examples.nbd.server;

import io.clonedevice.examples.nbd.NbdContext;
import io.clonedevice.examples.nbd.NbdReply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;

/** Serves block status: on a helper's thread, because a store may have to be asked. */
final class BlockStatus {
  /** Descriptors of a context in one reply; a client that wants more asks again. */
  private static final int EXTENTS_MAX = 1024;

  /** Questions to a store for one reply: adjacent answers may be alike. */
  private static final int QUESTIONS_MAX = 16 * EXTENTS_MAX;

  /** Helpers that the questions of a connection take at once; its reader waits for the next. */
  private static final int THREADS_MAX = 8;

  private final Session session;
  private final Set<MetaContext> contexts;
  private final Semaphore threads = new Semaphore(THREADS_MAX);

  BlockStatus(Session session, Set<MetaContext> contexts) {
    this.session = session;
    this.contexts = contexts;
  }

  boolean isNegotiated() {
    return !contexts.isEmpty();
  }

  void serve(long cookie, long offset, long length, boolean onlyOne) throws IOException {
    Runnable answer =
        () -> {
          try {
            ByteBuffer reply = reply(cookie, offset, length, onlyOne);
            session.output().leave(new LateReply(reply, null, 0));
          } finally {
            threads.release();
          }
        };
    if (!threads.tryAcquire()) {
      session.output().send();
      threads.acquireUninterruptibly();
    }
    session.enter(0);
    try {
      session.helpers().execute(answer);
    } catch (RejectedExecutionException | OutOfMemoryError e) {
      answer.run();
    }
  }

  private ByteBuffer reply(long cookie, long offset, long length, boolean onlyOne) {
    try {
      List<List<Long>> answers = new ArrayList<>();
      int size = 0;
      for (MetaContext context : contexts) {
        List<Long> extents = extents(context, offset, length, onlyOne ? 1 : EXTENTS_MAX);
        answers.add(extents);
        size += NbdReply.CHUNK_SIZE + payloadSize(extents);
      }
      ByteBuffer reply = ByteBuffer.allocate(size);
      int index = 0;
      for (MetaContext context : contexts) {
        List<Long> extents = answers.get(index++);
        NbdReply.putChunk(
            reply,
            index == answers.size() ? NbdReply.FLAG_DONE : 0,
            NbdReply.BLOCK_STATUS,
            cookie,
            payloadSize(extents));
        reply.putInt(context.id());
        // An extent is its length and its state, as it goes on the wire.
        extents.forEach(reply::putLong);
      }
      return reply.flip();
    } catch (IOException | RuntimeException | Error e) {
      return session.lateError(cookie, e);
    }
  }

  private static int payloadSize(List<Long> extents) {
    return Integer.BYTES + extents.size() * NbdContext.EXTENT_SIZE;
  }

  private List<Long> extents(MetaContext context, long offset, long length, int countMax)
      throws IOException {
    List<Long> extents = new ArrayList<>();
    long position = 0;
    for (int questions = 0; position < length && questions < QUESTIONS_MAX; questions++) {
      long next = context.extentAt(session.device(), offset + position, length - position);
      int last = extents.size() - 1;
      if (last >= 0 && MetaContext.stateOf(extents.get(last)) == MetaContext.stateOf(next)) {
        extents.set(last, extents.get(last) + (MetaContext.lengthOf(next) << Integer.SIZE));
      } else if (extents.size() == countMax) {
        break;
      } else {
        extents.add(next);
      }
      position += MetaContext.lengthOf(next);
    }
    return extents;
  }
}
