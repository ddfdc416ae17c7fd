package io.clonedevice.examples.nbd.client;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.examples.nbd.NbdExportFlags;
import io.clonedevice.examples.nbd.tls.TlsContext;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.Extent;
import io.clonedevice.store.IoCompletion;
import io.clonedevice.store.RequestChecks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/**
 * A store that is an export of an NBD server, such as nbdkit, QEMU or another clone.
 *
 * <p>Requests are sent without waiting for the replies of those before, over several connections
 * where the server allows it, and complete in any order. Direct buffers are read and written as
 * they are. The asynchronous methods never wait for the server; completions run on the store's own
 * threads.
 *
 * <p><b>When a connection is lost</b> it is made anew, with growing pauses as long as the server
 * answers nothing, and what was in flight is sent again: reads always; writes and discards too,
 * because they can be repeated, unless the server had stopped answering: then it may still carry
 * them out later, over newer data, so they fail. Repeating them relies on the server to forget the
 * requests of a connection that is gone. What a server says against the protocol fails everything
 * that is in flight on that connection. A request fails when it is older than {@link
 * NbdOptions#patience}.
 *
 * <p><b>Durability.</b> A server that was restarted may have lost what it had acknowledged and not
 * flushed, and nothing in the protocol tells. So the first flush after all connections were lost
 * fails if there were such writes; whoever still has the data can write it again. Connections that
 * outlive the lost one prove that the server was not restarted; then the flush succeeds. If the
 * server has no flush, every flush of a store that was written to fails: {@link #writeDurably}
 * works with servers that know FUA.
 *
 * <p>The size is the export's, rounded down to whole logical blocks. {@link #discard} trims, or
 * writes zeroes where the server cannot trim. {@link #tryLock()} claims the export within this
 * process only, and exports are told apart by their addresses: two names of one host are two.
 */
public final class NbdBlockStore implements BlockStore {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final ConcurrentHashMap<Object, NbdBlockStore> OWNERS = new ConcurrentHashMap<>();

  private static final int BLOCK_SIZE_MIN = 512;
  private static final int BLOCK_SIZE_MAX = 4096;
  private static final long CLOSE_PATIENCE_NS = 5_000_000_000L;
  private static final long LINK_END_PATIENCE_MS = 500;

  /** Longest range of a request without data; servers count it in 32 bits. */
  private static final long RANGE_MAX = 1L << 30;

  private final NbdUri uri;
  private final String identity;
  private final boolean readOnly;
  private final StoreState state;
  private final List<Link> links = new CopyOnWriteArrayList<>();
  private final Watchdog watchdog;

  private final ExportInfo info;
  private final int blockSize;
  private final long size;
  private final DiscardSupport discardSupport;
  private final AtomicLong changes = new AtomicLong();

  NbdBlockStore(NbdUri uri, boolean readOnly, StoreState state) throws IOException {
    this.uri = uri;
    this.identity =
        (uri.socket() == null
                ? uri.host() + ":" + uri.port()
                : uri.socket().toAbsolutePath().normalize().toString())
            + "/"
            + uri.exportName();
    this.state = state;
    TlsContext tls =
        uri.tls() ? TlsContext.client(uri.tlsCertificates(), uri.tlsVerifyPeer()) : null;
    String name = "clone-nbd-" + COUNT.incrementAndGet();
    watchdog = new Watchdog(state, links, name + "-watchdog");
    CompletableFuture<ExportInfo> first = new CompletableFuture<>();
    links.add(new Link(state, uri, tls, first, name + "-1"));
    try {
      watchdog.start();
      links.get(0).start();
      info = first.join();
      this.readOnly = readOnly;
      if (!readOnly && info.isReadOnly()) {
        throw new IOException(uri + " is read-only; open it for reading");
      }
      blockSize = Math.max(BLOCK_SIZE_MIN, info.blockSizeMin());
      if (blockSize > BLOCK_SIZE_MAX) {
        throw new IOException(
            uri + " has blocks of " + blockSize + " bytes; at most 4096 are supported");
      }
      if (info.payloadMax() < blockSize) {
        throw new IOException(
            uri
                + " takes at most "
                + info.payloadMax()
                + " bytes in one request; at least "
                + blockSize
                + " are needed");
      }
      size = info.size() & -blockSize;
      discardSupport = discardSupportOf(info);
      boolean many = readOnly || info.has(NbdExportFlags.CAN_MULTI_CONN);
      for (int n = 2; many && n <= state.options().connections(); n++) {
        Link link = new Link(state, uri, tls, first, name + "-" + n);
        links.add(link);
        link.start();
      }
    } catch (CompletionException e) {
      end();
      throw e.getCause() instanceof IOException trouble ? trouble : new IOException(e.getCause());
    } catch (IOException | RuntimeException | Error e) {
      end();
      throw e;
    }
  }

  /**
   * Connects for reading and writing.
   *
   * @param uri the export
   * @param options how the server is used
   * @return a writable store
   * @throws IOException if there is no connection, no such export, or it is read-only
   */
  public static NbdBlockStore open(NbdUri uri, NbdOptions options) throws IOException {
    return open(uri, options, false);
  }

  /**
   * Connects for reading.
   *
   * @param uri the export
   * @param options how the server is used
   * @return a read-only store
   * @throws IOException if there is no connection, or no such export
   */
  public static NbdBlockStore openReadOnly(NbdUri uri, NbdOptions options) throws IOException {
    return open(uri, options, true);
  }

  private static NbdBlockStore open(NbdUri uri, NbdOptions options, boolean readOnly)
      throws IOException {
    StoreState state =
        new StoreState(options, System::nanoTime, RandomGenerator::getDefault, Thread::new);
    return new NbdBlockStore(uri, readOnly, state);
  }

  private DiscardSupport discardSupportOf(ExportInfo info) {
    boolean trims = info.has(NbdExportFlags.SEND_TRIM);
    if (readOnly || size == 0 || !(trims || info.has(NbdExportFlags.SEND_WRITE_ZEROES))) {
      return DiscardSupport.NONE;
    }
    return new DiscardSupport(true, blockSize, size, !trims);
  }

  @Override
  public String name() {
    return uri.toString();
  }

  @Override
  public Object identity() {
    return identity;
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public int logicalBlockSize() {
    return blockSize;
  }

  @Override
  public int optimalIoSize() {
    int preferred = info.blockSizePreferred();
    return preferred > blockSize && preferred % blockSize == 0 ? preferred : blockSize;
  }

  @Override
  public boolean isReadOnly() {
    return readOnly;
  }

  @Override
  public Execution execution() {
    return Execution.ASYNCHRONOUS;
  }

  @Override
  public boolean tryLock() {
    NbdBlockStore owner = OWNERS.putIfAbsent(identity, this);
    return owner == null || owner == this;
  }

  @Override
  public DiscardSupport discardSupport() {
    return discardSupport;
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    Waiter waiter = new Waiter();
    readAsync(offset, target, waiter);
    waiter.await();
  }

  @Override
  public void write(long offset, ByteBuffer source) throws IOException {
    Waiter waiter = new Waiter();
    writeAsync(offset, source, waiter);
    waiter.await();
  }

  @Override
  public void writeDurably(long offset, ByteBuffer source) throws IOException {
    if (!info.has(NbdExportFlags.SEND_FUA)) {
      write(offset, source);
      flush();
      return;
    }
    RequestChecks.checkWrite(this, offset, source);
    Waiter waiter = new Waiter();
    transfer(Operation.WRITE, NbdCommand.WRITE, NbdCommand.FLAG_FUA, offset, source, waiter);
    waiter.await();
  }

  @Override
  public void flush() throws IOException {
    Waiter waiter = new Waiter();
    flushAsync(waiter);
    waiter.await();
  }

  @Override
  public void discard(long offset, long length) throws IOException {
    Waiter waiter = new Waiter();
    discardAsync(offset, length, waiter);
    waiter.await();
  }

  @Override
  public void copyTo(long offset, BlockStore target, long targetOffset, long length)
      throws IOException {
    RequestChecks.checkCopy(this, offset, target, targetOffset, length);
    if (state.queue().isClosing()) {
      throw new BlockIoException(
          name(), Operation.COPY, offset, length, new ClosedChannelException());
    }
    BlockStore.super.copyTo(offset, target, targetOffset, length);
  }

  @Override
  public Extent extentAt(long offset, long length) throws IOException {
    RequestChecks.checkExtent(this, offset, length);
    if (!info.hasAllocation()) {
      return BlockStore.super.extentAt(offset, length);
    }
    long from = offset & -blockSize;
    long until = Math.min(size, (offset + length + blockSize - 1) & -blockSize);
    Waiter waiter = new Waiter();
    Request request =
        request(
            Operation.READ,
            NbdCommand.BLOCK_STATUS,
            0,
            from,
            Math.min(until - from, RANGE_MAX),
            Request.NO_BUFFER,
            waiter);
    submit(request);
    waiter.await();
    // Of a block that is data in part all counts as data.
    long known = request.extent.length() & -blockSize;
    Extent.Kind kind = known == 0 ? Extent.Kind.DATA : request.extent.kind();
    long end = from + Math.max(known, blockSize);
    return new Extent(offset, Math.min(end - offset, length), kind);
  }

  @Override
  public void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
    RequestChecks.checkRead(this, offset, target);
    transfer(Operation.READ, NbdCommand.READ, 0, offset, target, completion);
  }

  @Override
  public void writeAsync(long offset, ByteBuffer source, IoCompletion completion) {
    RequestChecks.checkWrite(this, offset, source);
    changes.incrementAndGet();
    transfer(Operation.WRITE, NbdCommand.WRITE, 0, offset, source, completion);
  }

  @Override
  public void flushAsync(IoCompletion completion) {
    Request request =
        request(Operation.FLUSH, NbdCommand.FLUSH, 0, 0, 0, Request.NO_BUFFER, completion);
    if (state.queue().isClosing()) {
      request.fail(new ClosedChannelException());
    } else if (readOnly || changes.get() == 0) {
      completion.completed(null);
    } else if (!info.has(NbdExportFlags.SEND_FLUSH)) {
      request.fail(new IOException("the server cannot flush, so nothing is known to be durable"));
    } else {
      request.neededBirth = state.ledger().begin();
      submit(request);
    }
  }

  @Override
  public void discardAsync(long offset, long length, IoCompletion completion) {
    RequestChecks.checkDiscard(this, offset, length);
    changes.incrementAndGet();
    int command = info.has(NbdExportFlags.SEND_TRIM) ? NbdCommand.TRIM : NbdCommand.WRITE_ZEROES;
    int count = (int) Math.max(1, (length + RANGE_MAX - 1) / RANGE_MAX);
    IoCompletion part = count == 1 ? completion : new Parts(count, Request.NO_BUFFER, completion);
    for (long done = 0, n = 0; n < count; n++, done += RANGE_MAX) {
      submit(
          request(
              Operation.DISCARD,
              command,
              0,
              offset + done,
              Math.min(RANGE_MAX, length - done),
              Request.NO_BUFFER,
              part));
    }
  }

  /**
   * Closes the store: waits for the requests under way as long as a server answers, at most five
   * seconds, fails the rest, and ends the connections and all threads. Flushes nothing.
   */
  @Override
  public void close() {
    if (state.queue().drain(CLOSE_PATIENCE_NS)) {
      OWNERS.remove(identity, this);
    }
    end();
  }

  @Override
  public String toString() {
    return "NbdBlockStore[" + uri + ", " + size + " bytes]";
  }

  private void end() {
    for (Request request : state.queue().close()) {
      state.complete(request, new ClosedChannelException());
    }
    for (Link link : links) {
      link.end(LINK_END_PATIENCE_MS);
    }
    watchdog.end();
  }

  private void transfer(
      Operation operation,
      int command,
      int flags,
      long offset,
      ByteBuffer buffer,
      IoCompletion completion) {
    int length = buffer.remaining();
    int step = info.payloadMax() & -blockSize;
    if (length <= step) {
      submit(request(operation, command, flags, offset, length, buffer, completion));
      return;
    }
    int count = (length - 1) / step + 1;
    Parts parts = new Parts(count, buffer, completion);
    int start = buffer.position();
    for (int done = 0, n = 0; n < count; n++, done += step) {
      int partLength = Math.min(step, length - done);
      submit(
          request(
              operation,
              command,
              flags,
              offset + done,
              partLength,
              buffer.slice(start + done, partLength),
              parts));
    }
  }

  private Request request(
      Operation operation,
      int command,
      int flags,
      long offset,
      long length,
      ByteBuffer buffer,
      IoCompletion completion) {
    return new Request(
        name(), operation, command, flags, offset, length, buffer, state.nowNs(), completion);
  }

  private void submit(Request request) {
    boolean empty = request.length == 0 && request.command != NbdCommand.FLUSH;
    if (empty && !state.queue().isClosing()) {
      request.succeed();
    } else if (!state.queue().submit(request)) {
      if (request.neededBirth != FlushLedger.NONE) {
        state.ledger().end(request.neededBirth);
      }
      request.fail(new ClosedChannelException());
    }
  }
}
