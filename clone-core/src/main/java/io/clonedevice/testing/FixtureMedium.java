package io.clonedevice.testing;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.DiscardSupport;
import java.util.ArrayList;
import java.util.List;

/**
 * Source, destination or metadata device of a {@link CloneFixture}: bytes in memory that outlive
 * the devices on them, behind faults and a gate that the test controls.
 *
 * <p>Each device has faults and a gate of its own. Those of the next one can be had as soon as the
 * fixture has closed the device before.
 *
 * <p>For the test's thread; what it returns may be used from any thread.
 */
public final class FixtureMedium {
  private final String name;
  private final BlockStore.Execution execution;
  private final DiscardSupport discards;
  private final CallJournal journal;
  private final List<PoweredBlockStore> opened = new ArrayList<>();
  private CrashingBlockStore bytes;
  private Power power;
  private PoweredBlockStore next;
  private FaultyBlockStore faults;
  private GatedBlockStore gate;
  private boolean taken;

  FixtureMedium(
      String name,
      CrashingBlockStore bytes,
      DiscardSupport discards,
      BlockStore.Execution execution,
      CallJournal journal,
      Power power) {
    this.name = name;
    this.discards = discards;
    this.execution = execution;
    this.journal = journal;
    replace(bytes, power);
  }

  /**
   * Returns the faults of the open device's store, or of the next one's.
   *
   * @return fails nothing until told to
   */
  public FaultyBlockStore faults() {
    return faults;
  }

  /**
   * Returns the gate before the open device's store, or the next one's. A call passes the journal,
   * then the gate, then the faults.
   *
   * @return open until told to hold
   */
  public GatedBlockStore gate() {
    return gate;
  }

  /**
   * Returns the medium itself, unflushed sectors included.
   *
   * @return another one after a power cut
   */
  public CrashingBlockStore bytes() {
    return bytes;
  }

  /**
   * Returns a copy of what is on the medium, flushed or not.
   *
   * @return as many bytes as it has
   */
  public byte[] contents() {
    return bytes.contents();
  }

  /**
   * Returns a store over the medium for one more device, with fresh faults and a fresh gate unless
   * those before are unused.
   *
   * @return to be closed by the device that gets it, before the fixture is closed
   */
  public BlockStore store() {
    if (taken) {
      renew();
    }
    taken = true;
    opened.add(next);
    return new RecordingBlockStore(name, gate, journal);
  }

  /** What there is after a power cut. */
  void replace(CrashingBlockStore left, Power restored) {
    bytes = left;
    power = restored;
    renew();
  }

  void renew() {
    CrashingBlockStore opening = bytes.isReadOnly() ? bytes.asReadOnly() : bytes.reopen();
    next =
        new PoweredBlockStore(
            opening, power, discards == null ? opening.discardSupport() : discards);
    faults = new FaultyBlockStore(next);
    gate = new GatedBlockStore(faults, execution);
    taken = false;
  }

  long openStores() {
    return opened.stream().filter(PoweredBlockStore::isOpen).count();
  }

  @Override
  public String toString() {
    return name;
  }
}
