package io.clonedevice.testing;

import io.clonedevice.store.BlockStore;
import java.util.List;
import java.util.Objects;

/**
 * A store that writes down its calls when they begin, those that fail included. Stores that share a
 * {@link CallJournal} show the order across them; their names tell them apart.
 */
public final class RecordingBlockStore extends InterceptingBlockStore {
  private final String name;
  private final CallJournal journal;

  /**
   * Makes a store with a journal of its own and the delegate's name.
   *
   * @param delegate where calls go; closed with this store
   */
  public RecordingBlockStore(BlockStore delegate) {
    this(delegate.name(), delegate, new CallJournal());
  }

  /**
   * Makes a store that shares a journal.
   *
   * @param name how this store is called, in the journal too
   * @param delegate where calls go; closed with this store
   * @param journal where calls are written down
   */
  public RecordingBlockStore(String name, BlockStore delegate, CallJournal journal) {
    super(delegate);
    this.name = Objects.requireNonNull(name, "name");
    this.journal = Objects.requireNonNull(journal, "journal");
  }

  @Override
  public String name() {
    return name;
  }

  /**
   * Returns the journal.
   *
   * @return the one given to the constructor, or this store's own
   */
  public CallJournal journal() {
    return journal;
  }

  /**
   * Returns what the journal holds.
   *
   * @return a copy, oldest call first, of all stores that share the journal
   */
  public List<StoreCall> calls() {
    return journal.calls();
  }

  @Override
  void before(StoreCall call) {
    journal.add(call);
  }
}
