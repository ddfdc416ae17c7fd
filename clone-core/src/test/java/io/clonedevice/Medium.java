package io.clonedevice;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CallJournal;
import io.clonedevice.testing.FaultyBlockStore;
import io.clonedevice.testing.GatedBlockStore;
import io.clonedevice.testing.RecordingBlockStore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A medium that outlives the devices that a test opens on it: bytes in memory, behind a gate and
 * faults that the test controls, with its calls in the test's journal.
 */
final class Medium {
  private final String name;
  private final MemoryBlockStore bytes;
  private final CallJournal journal;
  private final AtomicInteger open = new AtomicInteger();
  private FaultyBlockStore faults;
  private GatedBlockStore gate;

  Medium(String name, MemoryBlockStore bytes, CallJournal journal) {
    this.name = name;
    this.bytes = bytes;
    this.journal = journal;
    renew();
  }

  /** Fresh faults and a fresh gate for the next device. */
  private void renew() {
    faults = new FaultyBlockStore(new KeptOpen(bytes));
    gate = new GatedBlockStore(faults, BlockStore.Execution.IO_EXECUTOR);
  }

  /**
   * A store for one device; faults and gate are those that {@link #faults} and {@link #gate} give.
   */
  BlockStore store() {
    if (open.getAndIncrement() > 0) {
      renew();
    }
    return new RecordingBlockStore(name, gate, journal);
  }

  FaultyBlockStore faults() {
    return faults;
  }

  GatedBlockStore gate() {
    return gate;
  }

  MemoryBlockStore bytes() {
    return bytes;
  }

  /** The bytes stay readable when a device closes its store. */
  private static final class KeptOpen extends FilterBlockStore {
    KeptOpen(BlockStore delegate) {
      super(delegate);
    }

    @Override
    public void close() {}
  }
}
