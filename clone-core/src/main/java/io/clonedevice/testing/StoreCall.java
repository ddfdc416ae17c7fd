package io.clonedevice.testing;

import io.clonedevice.store.BlockIoException.Operation;

/**
 * One call of a store.
 *
 * @param store the store's name
 * @param operation what was called; a durable write is a write and a flush
 * @param offset first byte; 0 for a flush
 * @param length bytes; 0 for a flush
 */
public record StoreCall(String store, Operation operation, long offset, long length) {
  @Override
  public String toString() {
    return operation == Operation.FLUSH
        ? "flush of " + store
        : operation.name().toLowerCase(java.util.Locale.ROOT)
            + " of "
            + length
            + " bytes at byte "
            + offset
            + " of "
            + store;
  }
}
