package io.clonedevice.metadata;

/** Lets the device's tests see the metadata's off-heap memory. */
public final class OffHeapBalance {
  private OffHeapBalance() {}

  /** Returns the bytes that were allocated and not released. */
  public static long bytes() {
    return OffHeapMemory.allocatedBytes();
  }
}
