package io.clonedevice.bench;

import io.clonedevice.metadata.MetadataDevice;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Counts what is written to a metadata device; one thread at a time. */
final class CountingMetadataDevice implements MetadataDevice {
  private final MetadataDevice device;
  private long blocksWritten;
  private long flushes;

  CountingMetadataDevice(MetadataDevice device) {
    this.device = device;
  }

  long blocksWritten() {
    return blocksWritten;
  }

  long flushes() {
    return flushes;
  }

  @Override
  public long blockCount() {
    return device.blockCount();
  }

  @Override
  public boolean isReadOnly() {
    return device.isReadOnly();
  }

  @Override
  public void read(long block, ByteBuffer target) throws IOException {
    device.read(block, target);
  }

  @Override
  public void write(long block, ByteBuffer source) throws IOException {
    blocksWritten += source.remaining() / BLOCK_SIZE;
    device.write(block, source);
  }

  @Override
  public void flush() throws IOException {
    flushes++;
    device.flush();
  }

  @Override
  public void close() throws IOException {
    device.close();
  }
}
