package io.clonedevice.bench;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;

/** A store that counts its calls. */
final class CountingBlockStore extends FilterBlockStore {
  private final String role;
  // Shared by the stores of a clone, which are called by any thread; guarded by itself.
  private final Map<String, Integer> calls;

  CountingBlockStore(String role, BlockStore store, Map<String, Integer> calls) {
    super(store);
    this.role = role;
    this.calls = calls;
  }

  /** What was counted since the last time, a request. */
  static String takeFrom(Map<String, Integer> calls, int requests) {
    Map<String, Integer> taken;
    synchronized (calls) {
      taken = new TreeMap<>(calls);
      calls.clear();
    }
    return PerRequest.text(taken, requests);
  }

  private void count(String call) {
    synchronized (calls) {
      calls.merge(role + " " + call, 1, Integer::sum);
    }
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    count("read");
    super.read(offset, target);
  }

  @Override
  public boolean tryRead(long offset, ByteBuffer target) {
    boolean read = delegate().tryRead(offset, target);
    if (read) {
      count("read");
    }
    return read;
  }

  @Override
  public void write(long offset, ByteBuffer source) throws IOException {
    count("write");
    super.write(offset, source);
  }

  @Override
  public void writeDurably(long offset, ByteBuffer source) throws IOException {
    count("durable write");
    super.writeDurably(offset, source);
  }

  @Override
  public void flush() throws IOException {
    count("flush");
    super.flush();
  }

  @Override
  public void discard(long offset, long length) throws IOException {
    count("discard");
    super.discard(offset, length);
  }

  @Override
  public void copyTo(long offset, BlockStore target, long targetOffset, long length)
      throws IOException {
    count("copy");
    super.copyTo(offset, target, targetOffset, length);
  }
}
