package io.clonedevice.examples.nbd.tls;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.GatheringByteChannel;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;

/**
 * A TLS session over a blocking byte channel.
 *
 * <p>One thread may read while another writes. What the protocol wants to say in between (a change
 * of keys, a renegotiation) is answered by whichever of the two comes first; a writer that must
 * wait for the peer's side of a renegotiation waits until the reading thread has read it, so a
 * session that writes must also be read from.
 *
 * <p>A connection that ends without the peer's goodbye (close_notify) fails the read: it was cut,
 * by accident or by somebody on the way.
 */
public final class TlsChannel implements ByteChannel, GatheringByteChannel {
  private static final int RECORDS_AT_ONCE = 4;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final ByteChannel below;
  private final SSLEngine engine;
  private final AtomicBoolean open = new AtomicBoolean(true);

  private final ReentrantLock reading = new ReentrantLock();
  private ByteBuffer received; // encrypted, from position to limit; guarded by reading
  private ByteBuffer plain; // decrypted and not read yet, likewise

  private final ReentrantLock writing = new ReentrantLock();
  private ByteBuffer toSend; // encrypted, from 0 to position; guarded by writing

  /** Set by the reader that could not lock {@code writing}; whoever holds it looks here last. */
  private final AtomicBoolean answerDue = new AtomicBoolean();

  /** Notified when the state of the handshake changed, or the session was closed. */
  private final Object progress = new Object();

  private TlsChannel(ByteChannel below, SSLEngine engine) {
    this.below = below;
    this.engine = engine;
    SSLSession session = engine.getSession();
    received = ByteBuffer.allocate(RECORDS_AT_ONCE * session.getPacketBufferSize()).limit(0);
    toSend = ByteBuffer.allocate(RECORDS_AT_ONCE * session.getPacketBufferSize());
    plain = ByteBuffer.allocate(session.getApplicationBufferSize()).limit(0);
  }

  static TlsChannel open(ByteChannel below, SSLEngine engine) throws IOException {
    TlsChannel channel = new TlsChannel(below, engine);
    try {
      channel.handshake();
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.sendAlert(e);
      channel.closeBelow(e);
      throw e;
    }
  }

  /**
   * Returns what was agreed on.
   *
   * @return protocol, cipher suite and the peer's certificates
   */
  public SSLSession session() {
    return engine.getSession();
  }

  /** For tests, which begin a change of keys here. */
  SSLEngine engine() {
    return engine;
  }

  /**
   * Reads at least one byte.
   *
   * @param target receives the bytes
   * @return how many bytes were read; -1 if the peer said goodbye
   * @throws SSLException if the connection ended without it, or was tampered with
   * @throws IOException if the channel below failed
   */
  @Override
  public int read(ByteBuffer target) throws IOException {
    if (!target.hasRemaining()) {
      return 0;
    }
    reading.lock();
    try {
      boolean direct = target.remaining() >= engine.getSession().getApplicationBufferSize();
      while (!plain.hasRemaining()) {
        int start = target.position();
        SSLEngineResult.Status status = direct ? unwrap(target) : unwrapToPlain();
        if (target.position() > start) {
          return target.position() - start;
        }
        if (status == SSLEngineResult.Status.CLOSED) {
          return -1;
        }
        direct &= status != SSLEngineResult.Status.BUFFER_OVERFLOW;
      }
      int count = Math.min(plain.remaining(), target.remaining());
      ByteBuffer part = plain.slice().limit(count);
      target.put(part);
      plain.position(plain.position() + count);
      return count;
    } finally {
      reading.unlock();
    }
  }

  /**
   * Writes all remaining bytes of a buffer.
   *
   * @param source the bytes
   * @return how many bytes were written: all
   * @throws ClosedChannelException if the session is closed
   * @throws IOException if the channel below failed
   */
  @Override
  public int write(ByteBuffer source) throws IOException {
    return (int) write(new ByteBuffer[] {source}, 0, 1);
  }

  /**
   * Writes all remaining bytes of some buffers.
   *
   * @param sources the bytes
   * @return how many bytes were written: all
   * @throws ClosedChannelException if the session is closed
   * @throws IOException if the channel below failed
   */
  @Override
  public long write(ByteBuffer[] sources) throws IOException {
    return write(sources, 0, sources.length);
  }

  @Override
  public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, sources.length);
    writing.lock();
    long total = remaining(sources, offset, length);
    try {
      for (long left = total; left > 0; left = remaining(sources, offset, length)) {
        if (toSend.remaining() < engine.getSession().getPacketBufferSize()) {
          send();
        }
        wrap(sources, offset, length);
      }
      send();
    } finally {
      writing.unlock();
    }
    answer();
    return total;
  }

  @Override
  public boolean isOpen() {
    return open.get() && below.isOpen();
  }

  /**
   * Says goodbye, unless another thread is writing, and closes the channel below. Takes as long as
   * the channel below takes to write a few bytes; closing that one instead ends the session at
   * once.
   *
   * @throws IOException if the channel below failed
   */
  @Override
  public void close() throws IOException {
    if (!open.getAndSet(false)) {
      return;
    }
    engine.closeOutbound();
    IOException failure = null;
    if (writing.tryLock()) {
      try {
        sendPending();
      } catch (IOException e) {
        failure = e;
      } finally {
        writing.unlock();
      }
    }
    wakeWriter();
    closeBelow(failure);
    if (failure != null) {
      throw failure;
    }
  }

  private void handshake() throws IOException {
    engine.beginHandshake();
    while (true) {
      switch (engine.getHandshakeStatus()) {
        case NEED_TASK -> runTasks();
        case NEED_WRAP -> answer();
        case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
          reading.lock();
          try {
            if (unwrapToPlain() == SSLEngineResult.Status.CLOSED) {
              throw new SSLException("the peer closed the connection during the handshake");
            }
          } finally {
            reading.unlock();
          }
        }
        case FINISHED, NOT_HANDSHAKING -> {
          return;
        }
      }
    }
  }

  private SSLEngineResult.Status unwrapToPlain() throws IOException {
    plain.clear();
    SSLEngineResult.Status status;
    try {
      status = unwrap(plain);
    } finally {
      plain.flip();
    }
    if (status == SSLEngineResult.Status.BUFFER_OVERFLOW) {
      plain = ByteBuffer.allocate(2 * plain.capacity()).limit(0);
    }
    return status;
  }

  /** Decrypts one record, or receives more if it is not whole yet. Holds reading. */
  private SSLEngineResult.Status unwrap(ByteBuffer into) throws IOException {
    SSLEngineResult result = engine.unwrap(received, into);
    switch (result.getStatus()) {
      case BUFFER_UNDERFLOW -> receive();
      case BUFFER_OVERFLOW -> {}
      case OK, CLOSED -> {
        HandshakeStatus next = result.getHandshakeStatus();
        if (next == HandshakeStatus.NEED_TASK) {
          runTasks();
        }
        answer();
        if (next != HandshakeStatus.NOT_HANDSHAKING) {
          wakeWriter(); // with application data, as nearly always, no writer is waiting
        }
      }
    }
    return result.getStatus();
  }

  private void receive() throws IOException {
    int packet = engine.getSession().getPacketBufferSize();
    if (received.capacity() < packet) {
      received = ByteBuffer.allocate(RECORDS_AT_ONCE * packet).put(received);
    } else {
      received.compact();
    }
    try {
      if (below.read(received) < 0) {
        throw new SSLException("the connection ended without the peer's goodbye: it was cut");
      }
    } finally {
      received.flip();
    }
  }

  /** Encrypts one record, or a message of the protocol itself if one is due. Holds writing. */
  private void wrap(ByteBuffer[] sources, int offset, int length) throws IOException {
    if (!open.get()) {
      throw new ClosedChannelException();
    }
    SSLEngineResult result = engine.wrap(sources, offset, length, toSend);
    switch (result.getStatus()) {
      case CLOSED -> throw new ClosedChannelException();
      case BUFFER_OVERFLOW -> {
        send();
        int packet = engine.getSession().getPacketBufferSize();
        if (toSend.capacity() < packet) {
          toSend = ByteBuffer.allocate(RECORDS_AT_ONCE * packet);
        }
      }
      default -> {
        if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
          runTasks();
        } else if (result.bytesConsumed() == 0 && result.bytesProduced() == 0) {
          send();
          awaitReader();
        }
      }
    }
  }

  /** A renegotiation cannot go on before the peer has spoken and the reading thread has heard. */
  private void awaitReader() {
    boolean interrupted = false;
    writing.unlock(); // the reader may have to answer first
    synchronized (progress) {
      while (open.get() && isWaitingForPeer(engine.getHandshakeStatus())) {
        try {
          progress.wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    writing.lock();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void wakeWriter() {
    synchronized (progress) {
      progress.notifyAll();
    }
  }

  private static boolean isWaitingForPeer(HandshakeStatus status) {
    return status == HandshakeStatus.NEED_UNWRAP || status == HandshakeStatus.NEED_UNWRAP_AGAIN;
  }

  /**
   * Sends what the protocol itself has to say. A thread that is writing does it when it is done: a
   * reader never waits for a writer, who may wait for a peer that wants to be read first.
   */
  private void answer() throws IOException {
    if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
      answerDue.set(true);
    }
    while (answerDue.get() && writing.tryLock()) {
      try {
        sendPending();
      } finally {
        writing.unlock();
      }
    }
  }

  /** Holds writing. */
  private void sendPending() throws IOException {
    answerDue.set(false);
    while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
      SSLEngineResult result = engine.wrap(NOTHING, toSend);
      if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
        runTasks();
      }
      if (result.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW) {
        send();
      } else if (result.bytesProduced() == 0) {
        break;
      }
    }
    send();
  }

  /** Holds writing. */
  private void send() throws IOException {
    toSend.flip();
    try {
      while (toSend.hasRemaining()) {
        below.write(toSend);
      }
    } finally {
      toSend.clear();
    }
  }

  private void runTasks() {
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  /** Lets the peer know why; it may be gone already. */
  private void sendAlert(Exception failure) {
    writing.lock();
    try {
      sendPending();
    } catch (IOException e) {
      if (e != failure) {
        failure.addSuppressed(e);
      }
    } finally {
      writing.unlock();
    }
  }

  private void closeBelow(Exception failure) throws IOException {
    open.set(false);
    try {
      below.close();
    } catch (IOException e) {
      if (failure == null) {
        throw e;
      }
      failure.addSuppressed(e);
    }
  }

  private static long remaining(ByteBuffer[] buffers, int offset, int length) {
    long remaining = 0;
    for (int i = offset; i < offset + length; i++) {
      remaining += buffers[i].remaining();
    }
    return remaining;
  }
}
