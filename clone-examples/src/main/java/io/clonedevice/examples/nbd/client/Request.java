package io.clonedevice.examples.nbd.client;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.Extent;
import io.clonedevice.store.IoCompletion;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * One request of the protocol, from submission to completion. It belongs to one owner at a time,
 * who alone touches it: the queue, then the link that took it from there (its table of requests in
 * flight says which of its two threads).
 */
final class Request {
  static final ByteBuffer NO_BUFFER = ByteBuffer.allocate(0);

  private final String store;
  private final Operation operation;
  private final IoCompletion completion;

  final int command;
  final int flags;
  final long offset;
  final long length;

  /** The caller's: bytes to write, or room for those that are read, from {@code start} on. */
  final ByteBuffer buffer;

  final int start;

  final long submittedNs;

  /** For a flush, see {@link FlushLedger#begin()}. */
  long neededBirth = FlushLedger.NONE;

  /** What the block status was found to be; {@code null} until then. */
  Extent extent;

  // Of the attempt that is under way; set before each.
  long cookie;
  long sentNs;
  long newestWhenSent;
  long received; // bytes of a read that have arrived
  IOException error; // the first one that a reply of several chunks reported

  Request next; // in the queue

  Request(
      String store,
      Operation operation,
      int command,
      int flags,
      long offset,
      long length,
      ByteBuffer buffer,
      long nowNs,
      IoCompletion completion) {
    this.store = store;
    this.operation = operation;
    this.command = command;
    this.flags = flags;
    this.offset = offset;
    this.length = length;
    this.buffer = buffer;
    this.start = buffer.position();
    this.submittedNs = nowNs;
    this.completion = completion;
  }

  long end() {
    return offset + length;
  }

  /** Whether its bytes follow it on the wire. */
  boolean hasPayload() {
    return command == NbdCommand.WRITE;
  }

  /** Whether the server's bytes may be others afterwards. */
  boolean isChange() {
    return command == NbdCommand.WRITE
        || command == NbdCommand.TRIM
        || command == NbdCommand.WRITE_ZEROES;
  }

  boolean isDurableChange() {
    return (flags & NbdCommand.FLAG_FUA) != 0;
  }

  /** Begins an attempt. */
  void prepare(long nowNs, long newestSession) {
    sentNs = nowNs;
    newestWhenSent = newestSession;
    received = 0;
    error = null;
    extent = null;
    buffer.position(start);
  }

  void succeed() {
    buffer.position(buffer.limit());
    completion.completed(null);
  }

  void fail(Throwable cause) {
    completion.completed(new BlockIoException(store, operation, offset, length, cause));
  }

  @Override
  public String toString() {
    return operation + " of " + length + " bytes at byte " + offset;
  }
}
