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

  /** Returns zeroed memory, to be given back by {@link #release}. */
  static BytesStore<?, Void> allocate(long bytes) {
    return counted(BytesStore.nativeStoreWithFixedCapacity(bytes));
  }

  /** Returns memory with any content, for who overwrites all of it at once. */
  static BytesStore<?, Void> allocateUninitialised(long bytes) {
    return counted(BytesStore.lazyNativeBytesStoreWithFixedCapacity(bytes));
  }

  private static BytesStore<?, Void> counted(BytesStore<?, Void> memory) {
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
