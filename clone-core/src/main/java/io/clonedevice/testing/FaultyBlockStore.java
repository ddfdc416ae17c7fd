package io.clonedevice.testing;

import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Predicate;

/**
 * A store that fails chosen calls: with a {@link BlockIoException} and before they touch the
 * delegate unless {@link #failWith} and {@link #failAfter} say otherwise.
 *
 * <p>The fault at every call of a scenario, one after the other:
 *
 * <pre>{@code
 * boolean metFault = true;
 * for (long n = 0; metFault; n++) {
 *   FaultyBlockStore store = new FaultyBlockStore(new MemoryBlockStore(1 << 20));
 *   store.failCall(n);
 *   runScenario(store);
 *   metFault = store.faultCount() > 0;
 * }
 * }</pre>
 *
 * <p>Copies are counted at the source as {@link Operation#COPY}, and at the target as what they are
 * made of: writes. A durable write is a write and a flush. Rules and counters may be used from any
 * thread.
 */
public final class FaultyBlockStore extends InterceptingBlockStore {
  private final List<Predicate<StoreCall>> rules = new CopyOnWriteArrayList<>();
  private final AtomicLongArray calls = new AtomicLongArray(Operation.values().length);
  private final AtomicLong faults = new AtomicLong();

  // Set by the test, read by any thread. Edge: volatile.
  private volatile Fault fault = FaultyBlockStore::ioError;
  private volatile long bytesBeforeFault;

  /** What happens to a call that was chosen to fail. */
  @FunctionalInterface
  public interface Fault {
    /**
     * Makes what the call fails with. An {@link IOException} of an asynchronous call is handed to
     * its completion; a {@link RuntimeException} or {@link Error} is thrown by the call itself.
     *
     * @param call the call that fails
     * @param number which fault of this store it is, from 1
     * @return an {@link IOException}, {@link RuntimeException} or {@link Error}
     */
    Throwable of(StoreCall call, long number);
  }

  /**
   * Makes a store without faults.
   *
   * @param delegate where calls go; closed with this store
   */
  public FaultyBlockStore(BlockStore delegate) {
    super(delegate);
  }

  /**
   * Fails one call.
   *
   * @param index which of the calls to come, 0 for the next
   * @param operations the operations that are counted and fail; none for all
   */
  public void failCall(long index, Operation... operations) {
    failCalls(index, 1, operations);
  }

  /**
   * Fails some calls in a row.
   *
   * @param firstIndex the first of the calls to come, 0 for the next
   * @param count how many fail; {@link Long#MAX_VALUE} for all after the first
   * @param operations the operations that are counted and fail; none for all
   */
  public void failCalls(long firstIndex, long count, Operation... operations) {
    if (firstIndex < 0 || count < 1) {
      throw new IllegalArgumentException(
          "fail " + count + " calls from index " + firstIndex + "; use 1 or more from 0 or more");
    }
    AtomicLong seen = new AtomicLong();
    Set<Operation> chosen = chosen(operations);
    failWhen(
        call -> {
          long index = chosen.contains(call.operation()) ? seen.getAndIncrement() : -1;
          return index >= firstIndex && index - firstIndex < count;
        });
  }

  /**
   * Fails all calls from now on.
   *
   * @param operations the operations that fail; none for all
   */
  public void failAlways(Operation... operations) {
    failCalls(0, Long.MAX_VALUE, operations);
  }

  /**
   * Fails the calls that a rule chooses, in addition to those of other rules.
   *
   * @param rule asked once for each call; must be safe to ask from any thread
   */
  public void failWhen(Predicate<StoreCall> rule) {
    rules.add(Objects.requireNonNull(rule, "rule"));
  }

  /**
   * Chooses what calls fail with from now on, instead of a {@link BlockIoException} that says
   * {@code injected fault}. {@link #heal()} does not change it.
   *
   * @param what makes the failure
   */
  public void failWith(Fault what) {
    fault = Objects.requireNonNull(what, "what");
  }

  /**
   * Makes calls that fail do a part of their work before: a short transfer.
   *
   * @param bytes how many of the first bytes are read, written, discarded or copied, rounded down
   *     to whole blocks; 0 for none, as at first
   */
  public void failAfter(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("fail after " + bytes + " bytes; use 0 or more");
    }
    bytesBeforeFault = bytes;
  }

  /** Forgets all rules: nothing fails any more. */
  public void heal() {
    rules.clear();
  }

  /**
   * What a full medium says (ENOSPC): {@code store.failWith(FaultyBlockStore::noSpaceLeft)}.
   *
   * @param call the call that fails
   * @param number not used
   * @return the failure
   */
  public static BlockIoException noSpaceLeft(StoreCall call, long number) {
    return at(call, "No space left on device");
  }

  private static BlockIoException ioError(StoreCall call, long number) {
    return at(call, "injected fault " + number);
  }

  private static BlockIoException at(StoreCall call, String message) {
    return new BlockIoException(
        call.store(), call.operation(), call.offset(), call.length(), new IOException(message));
  }

  /**
   * Returns how many calls were made, failed ones included.
   *
   * @param operations the operations that are counted; none for all
   * @return calls since this store was made
   */
  public long callCount(Operation... operations) {
    return chosen(operations).stream().mapToLong(each -> calls.get(each.ordinal())).sum();
  }

  /**
   * Returns how many calls were failed.
   *
   * @return faults since this store was made
   */
  public long faultCount() {
    return faults.get();
  }

  @Override
  void before(StoreCall call) throws IOException {
    before(call, bytes -> {});
  }

  @Override
  void before(StoreCall call, Beginning beginning) throws IOException {
    calls.incrementAndGet(call.operation().ordinal());
    boolean fail = false;
    for (Predicate<StoreCall> rule : rules) {
      fail |= rule.test(call); // all of them, they count
    }
    if (!fail) {
      return;
    }
    long number = faults.incrementAndGet();
    long part = Math.min(bytesBeforeFault, call.length()) & -(long) logicalBlockSize();
    if (part > 0) {
      beginning.make(part);
    }
    Throwable failure = fault.of(call, number);
    if (failure instanceof IOException e) {
      throw e;
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
    throw new IllegalArgumentException(
        "a call cannot fail with this; use an IOException, RuntimeException or Error", failure);
  }

  private static Set<Operation> chosen(Operation... operations) {
    return Set.of(operations.length == 0 ? Operation.values() : operations);
  }
}
