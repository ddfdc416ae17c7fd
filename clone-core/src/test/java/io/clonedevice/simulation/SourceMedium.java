package io.clonedevice.simulation;

import io.clonedevice.store.AbstractBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The medium of the source: full of itself, and nobody can change it. Takes no memory. */
final class SourceMedium extends AbstractBlockStore {
  SourceMedium(long size) {
    super("source", size, Sectors.SIZE, true);
  }

  @Override
  protected void readBlocks(long offset, ByteBuffer target) {
    Sectors.put(target, Sectors.SOURCE, offset / Sectors.SIZE);
  }

  @Override
  protected void writeBlocks(long offset, ByteBuffer source) throws IOException {
    throw new IOException("the source is read-only");
  }

  @Override
  protected void flushBlocks() {}

  @Override
  protected void closeMedium() {}
}
