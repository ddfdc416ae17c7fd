package io.clonedevice.examples.nbd.server;

import io.clonedevice.CloneDevice;
import io.clonedevice.examples.nbd.NbdExportFlags;
import io.clonedevice.store.BlockStore;

/** The device as clients see it. */
final class Export {
  /** Most bytes of a read or write, as other servers have it. */
  static final int PAYLOAD_MAX = 32 << 20;

  private static final int PREFERRED_MIN = 4096;
  private static final int PREFERRED_MAX = 1 << 16;

  private final CloneDevice device;
  private final NbdServerOptions options;
  private final long size;
  private final int blockSize;

  Export(CloneDevice device, NbdServerOptions options) {
    this.device = device;
    this.options = options;
    this.size = device.size();
    this.blockSize = device.logicalBlockSize();
  }

  CloneDevice device() {
    return device;
  }

  BlockStore blocking() {
    return device.blocking();
  }

  long size() {
    return size;
  }

  /** Offsets and lengths of requests are multiples of this. */
  int blockSize() {
    return blockSize;
  }

  /** Requests in whole regions need no copy. */
  int preferredBlockSize() {
    return Math.max(PREFERRED_MIN, Math.min(PREFERRED_MAX, device.regionSize()));
  }

  boolean isReadOnly() {
    return options.isReadOnly();
  }

  /** What the export can do, as 16 bits. */
  int flags(boolean structuredReplies) {
    int flags =
        NbdExportFlags.HAS_FLAGS
            | NbdExportFlags.SEND_FLUSH
            | NbdExportFlags.SEND_FUA
            | NbdExportFlags.CAN_MULTI_CONN
            | NbdExportFlags.SEND_CACHE;
    if (structuredReplies) {
      flags |= NbdExportFlags.SEND_DF;
    }
    return isReadOnly()
        ? flags | NbdExportFlags.READ_ONLY
        : flags
            | NbdExportFlags.SEND_TRIM
            | NbdExportFlags.SEND_WRITE_ZEROES
            | NbdExportFlags.SEND_FAST_ZERO;
  }
}
