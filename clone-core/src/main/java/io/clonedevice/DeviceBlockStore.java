package io.clonedevice;

import io.clonedevice.engine.CloneEngine;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.Extent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Objects;

/** A clone device's blocking face. */
final class DeviceBlockStore implements BlockStore {
  private final CloneDevice device;
  private final CloneEngine engine;
  private final String name;

  DeviceBlockStore(CloneDevice device, CloneEngine engine, String destinationName) {
    this.device = device;
    this.engine = engine;
    this.name = "clone on " + destinationName;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long size() {
    return device.size();
  }

  @Override
  public int logicalBlockSize() {
    return device.logicalBlockSize();
  }

  @Override
  public int optimalIoSize() {
    return device.optimalIoSize();
  }

  @Override
  public boolean isReadOnly() {
    return false;
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    Objects.requireNonNull(target, "target");
    checkOpen(Operation.READ, offset, target.remaining());
    try {
      engine.blocking().read(offset, target);
    } catch (IllegalStateException e) {
      throw closedMeanwhile(e, Operation.READ, offset, target.remaining());
    }
  }

  @Override
  public void write(long offset, ByteBuffer source) throws IOException {
    Objects.requireNonNull(source, "source");
    checkOpen(Operation.WRITE, offset, source.remaining());
    try {
      engine.blocking().write(offset, source, false);
    } catch (IllegalStateException e) {
      throw closedMeanwhile(e, Operation.WRITE, offset, source.remaining());
    }
  }

  @Override
  public void writeDurably(long offset, ByteBuffer source) throws IOException {
    Objects.requireNonNull(source, "source");
    checkOpen(Operation.WRITE, offset, source.remaining());
    try {
      engine.blocking().write(offset, source, true);
    } catch (IllegalStateException e) {
      throw closedMeanwhile(e, Operation.WRITE, offset, source.remaining());
    }
  }

  @Override
  public void flush() throws IOException {
    checkOpen(Operation.FLUSH, 0, 0);
    try {
      engine.blocking().flush();
    } catch (IllegalStateException e) {
      throw closedMeanwhile(e, Operation.FLUSH, 0, 0);
    }
  }

  @Override
  public DiscardSupport discardSupport() {
    return device.discardSupport();
  }

  @Override
  public void discard(long offset, long length) throws IOException {
    checkOpen(Operation.DISCARD, offset, length);
    try {
      engine.blocking().discard(offset, length);
    } catch (IllegalStateException e) {
      throw closedMeanwhile(e, Operation.DISCARD, offset, length);
    }
  }

  @Override
  public Extent extentAt(long offset, long length) throws IOException {
    checkOpen(Operation.READ, offset, length);
    try {
      return engine.ranges().extentAt(offset, length);
    } catch (IllegalStateException e) {
      throw closedMeanwhile(e, Operation.READ, offset, length);
    }
  }

  @Override
  public void close() throws IOException {
    device.close();
  }

  /** A request that waited for a resume learns from the engine that the device was closed. */
  private BlockIoException closedMeanwhile(
      IllegalStateException failure, Operation operation, long offset, long length) {
    if (!engine.isClosed()) {
      throw failure;
    }
    IOException closed = new ClosedChannelException();
    closed.initCause(failure);
    return new BlockIoException(name, operation, offset, length, closed);
  }

  private void checkOpen(Operation operation, long offset, long length) throws BlockIoException {
    if (engine.isClosed()) {
      throw new BlockIoException(name, operation, offset, length, new ClosedChannelException());
    }
  }
}
