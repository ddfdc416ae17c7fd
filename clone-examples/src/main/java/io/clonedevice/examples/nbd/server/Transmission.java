package io.clonedevice.examples.nbd.server;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.examples.nbd.NbdError;
import io.clonedevice.examples.nbd.NbdRequest;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;

/** The transmission phase of one connection: checks each request and hands it to who serves it. */
final class Transmission {
  /** Few enough to be called often, enough to make the loop around it no matter. */
  private static final int SERVED_AT_A_CALL = 64;

  private final Session session;
  private final Export export;
  private final RequestInput input;
  private final Reads reads;
  private final Writes writes;
  private final Erasures erasures;
  private final BlockStatus blockStatus;

  Transmission(Session session, Negotiated negotiated) {
    this.session = session;
    this.export = session.export();
    this.input = session.input();
    this.reads = new Reads(session);
    this.writes = new Writes(session);
    this.erasures = new Erasures(session);
    this.blockStatus = new BlockStatus(session, negotiated.contexts());
  }

  /**
   * Serves requests until the client disconnects, or no more can be received.
   *
   * @throws ProtocolException if the client broke the protocol
   * @throws IOException if the connection failed
   */
  void run() throws IOException {
    boolean open = true;
    while (open) {
      open = serveSome();
    }
  }

  /**
   * Serves some requests. A method of its own, because the compiler takes methods that are called
   * often long before loops that run for ever.
   *
   * @return whether others may follow
   */
  private boolean serveSome() throws IOException {
    for (int i = 0; i < SERVED_AT_A_CALL; i++) {
      if (!serveNext()) {
        return false;
      }
    }
    return true;
  }

  /**
   * Serves one request, unless no more can be received, or this request ends the connection.
   *
   * @return whether another may follow
   */
  private boolean serveNext() throws IOException {
    if (!input.awaitNext(NbdRequest.SIZE)) {
      return false;
    }
    ByteBuffer buffer = input.buffer();
    int at = input.start();
    if (NbdRequest.magic(buffer, at) != NbdRequest.MAGIC) {
      throw new ProtocolException("a request does not begin with its magic number");
    }
    int command = NbdRequest.command(buffer, at);
    int flags = NbdRequest.flags(buffer, at);
    long cookie = NbdRequest.cookie(buffer, at);
    long offset = NbdRequest.offset(buffer, at);
    long length = NbdRequest.length(buffer, at);
    input.use(NbdRequest.SIZE);
    session.counters().requests.increment();
    if (command == NbdCommand.DISCONNECT) {
      return false;
    }
    serve(command, flags, cookie, offset, length);
    session.requestServed();
    return true;
  }

  private void serve(int command, int flags, long cookie, long offset, long length)
      throws IOException {
    NbdError error = check(command, flags, offset, length);
    if (error != null) {
      if (command == NbdCommand.WRITE) {
        input.skip(length);
      }
      session.fail(cookie, error, describe(error, command, flags, offset, length));
      return;
    }
    boolean durable = has(flags, NbdCommand.FLAG_FUA);
    switch (command) {
      case NbdCommand.READ ->
          reads.serve(cookie, offset, (int) length, has(flags, NbdCommand.FLAG_DF));
      case NbdCommand.WRITE -> writes.serve(cookie, offset, (int) length, durable);
      case NbdCommand.FLUSH -> flush(cookie);
      case NbdCommand.TRIM -> erasures.trim(cookie, offset, length, durable);
      case NbdCommand.WRITE_ZEROES ->
          erasures.writeZeroes(
              cookie,
              offset,
              length,
              durable,
              has(flags, NbdCommand.FLAG_NO_HOLE),
              has(flags, NbdCommand.FLAG_FAST_ZERO));
      case NbdCommand.CACHE -> {
        session.device().hydrateNext(offset, length);
        session.succeed(cookie);
      }
      case NbdCommand.BLOCK_STATUS ->
          blockStatus.serve(cookie, offset, length, has(flags, NbdCommand.FLAG_REQ_ONE));
      default -> throw new AssertionError("command " + command + " passed the check");
    }
  }

  private void flush(long cookie) throws IOException {
    if (!session.isSerial()) {
      session.enter(0);
      session.replyWhenDone(cookie, session.device().flush());
      return;
    }
    session.output().send();
    try {
      export.blocking().flush();
    } catch (IOException | RuntimeException e) {
      session.fail(cookie, e);
      return;
    }
    session.succeed(cookie);
  }

  // ---- what a request must be like

  /** Returns what is wrong with a request, {@code null} if nothing is. */
  private NbdError check(int command, int flags, long offset, long length) {
    int allowed = allowedFlags(command);
    if (allowed < 0 || (flags & ~allowed) != 0) {
      return NbdError.EINVAL;
    }
    if (command == NbdCommand.FLUSH) {
      return offset == 0 && length == 0 ? null : NbdError.EINVAL;
    }
    boolean changes = changes(command);
    if (changes && export.isReadOnly()) {
      return NbdError.EPERM;
    }
    if (offset < 0 || offset > export.size() || length > export.size() - offset) {
      return changes && command != NbdCommand.TRIM ? NbdError.ENOSPC : NbdError.EINVAL;
    }
    boolean carriesData = command == NbdCommand.READ || command == NbdCommand.WRITE;
    return length == 0
            || ((offset | length) & (export.blockSize() - 1)) != 0
            || (carriesData && length > Export.PAYLOAD_MAX)
        ? NbdError.EINVAL
        : null;
  }

  /** Returns the flags that a command may have, -1 if the command is unknown. */
  private int allowedFlags(int command) {
    int fua = NbdCommand.FLAG_FUA;
    return switch (command) {
      case NbdCommand.READ -> session.codec().isStructured() ? fua | NbdCommand.FLAG_DF : fua;
      case NbdCommand.WRITE, NbdCommand.FLUSH, NbdCommand.TRIM, NbdCommand.CACHE -> fua;
      case NbdCommand.WRITE_ZEROES -> fua | NbdCommand.FLAG_NO_HOLE | NbdCommand.FLAG_FAST_ZERO;
      case NbdCommand.BLOCK_STATUS ->
          blockStatus.isNegotiated() ? fua | NbdCommand.FLAG_REQ_ONE : -1;
      default -> -1;
    };
  }

  private static boolean changes(int command) {
    return command == NbdCommand.WRITE
        || command == NbdCommand.TRIM
        || command == NbdCommand.WRITE_ZEROES;
  }

  private String describe(NbdError error, int command, int flags, long offset, long length) {
    return switch (error) {
      case EPERM -> "the export is read-only";
      case ENOSPC -> "beyond the end of the export, which has " + export.size() + " bytes";
      default ->
          "command %d with flags 0x%x, offset %s, length %d: unknown, not negotiated, beyond the end, empty, too long, or not in blocks of %d bytes"
              .formatted(command, flags, Long.toUnsignedString(offset), length, export.blockSize());
    };
  }

  private static boolean has(int flags, int flag) {
    return (flags & flag) != 0;
  }
}
