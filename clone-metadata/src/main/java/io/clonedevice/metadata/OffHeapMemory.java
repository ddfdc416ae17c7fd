package io.clonedevice.metadata;

import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;
import net.openhft.chronicle.bytes.BytesStore;
import net.openhft.chronicle.core.cleaner.CleanerServiceLocator;

/** Where all off-heap memory of the metadata comes from and goes back to. */
final class OffHeapMemory {
  private static final AtomicLong ALLOCATED = new AtomicLong();

  static {
    // Looking for a cleaner, Chronicle tries one that asks, by a warning on the console, for a JVM
    // option which nobody here needs. The logger is weakly held: keep it until the search is over.
    Logger cleaner =
        Logger.getLogger(
            "net.openhft.chronicle.core.internal.cleaner.ReflectionBasedByteBufferCleanerService");
    Level level = cleaner.getLevel();
    cleaner.setLevel(Level.OFF);
    try {
      CleanerServiceLocator.cleanerService();
    } finally {
      cleaner.setLevel(level);
    }
  }

  private OffHeapMemory() {}

  /**
   * Returns memory with any content, to be given back by {@link #release}; for who knows which
   * parts of it were written.
   */
  static BytesStore<?, Void> allocateUninitialised(long bytes) {
    BytesStore<?, Void> memory = BytesStore.lazyNativeBytesStoreWithFixedCapacity(bytes);
    ALLOCATED.addAndGet(memory.capacity());
    return memory;
  }

  static void release(BytesStore<?, Void> memory) {
    long bytes = memory.capacity();
    memory.releaseLast();
    ALLOCATED.addAndGet(-bytes);
  }

  /** Returns the bytes that were allocated and not released. */
  static long allocatedBytes() {
    return ALLOCATED.get();
  }
}
