package io.clonedevice.examples.nbd.client;

import io.clonedevice.examples.nbd.NbdExportFlags;

/**
 * What was agreed on for one connection.
 *
 * @param size bytes of the export
 * @param flags of {@link NbdExportFlags}
 * @param blockSizeMin unit of addressing that the server demands, in bytes
 * @param blockSizePreferred size of requests that the server likes, in bytes
 * @param payloadMax most bytes of one read or write
 * @param structured whether replies to reads come as chunks
 * @param allocationContext id of the context base:allocation; {@link #NO_CONTEXT} without one
 */
record ExportInfo(
    long size,
    int flags,
    int blockSizeMin,
    int blockSizePreferred,
    int payloadMax,
    boolean structured,
    long allocationContext) {
  static final long NO_CONTEXT = -1;

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  boolean isReadOnly() {
    return has(NbdExportFlags.READ_ONLY);
  }

  boolean hasAllocation() {
    return allocationContext != NO_CONTEXT;
  }

  /** Whether the export is still the one that was opened. */
  boolean isLike(ExportInfo first) {
    return size == first.size
        && isReadOnly() == first.isReadOnly()
        && blockSizeMin <= first.blockSizeMin
        && payloadMax >= first.payloadMax
        && (hasAllocation() || !first.hasAllocation())
        && (flags & first.flags) == first.flags;
  }
}
