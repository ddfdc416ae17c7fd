package io.clonedevice.examples.nbd.server;

import io.clonedevice.CloneDevice;
import io.clonedevice.HydrationRun;
import io.clonedevice.examples.nbd.NbdContext;
import io.clonedevice.store.Extent;
import java.io.IOException;
import java.util.List;

/** A metadata context: a question to which each range of the export has an answer. */
enum MetaContext {
  /** Which ranges are holes of the store that holds their valid data. */
  ALLOCATION(NbdContext.ALLOCATION) {
    @Override
    long extentAt(CloneDevice device, long offset, long length) throws IOException {
      Extent extent = device.blocking().extentAt(offset, length);
      int state =
          extent.kind() == Extent.Kind.HOLE ? NbdContext.STATE_HOLE | NbdContext.STATE_ZERO : 0;
      return extent(extent.length(), state);
    }
  },
  /** Which ranges are hydrated. */
  HYDRATION(NbdContext.HYDRATION) {
    @Override
    long extentAt(CloneDevice device, long offset, long length) {
      HydrationRun run = device.runAt(offset, length);
      return extent(run.length(), run.hydrated() ? 0 : NbdContext.STATE_UNHYDRATED);
    }
  };

  private static final List<MetaContext> ALL = List.of(values());

  private final String contextName;

  MetaContext(String contextName) {
    this.contextName = contextName;
  }

  String contextName() {
    return contextName;
  }

  int id() {
    return ordinal() + 1;
  }

  static List<MetaContext> all() {
    return ALL;
  }

  /** Whether a query means this context: its name, or when listing also its namespace. */
  boolean matches(String query, boolean listing) {
    return contextName.equals(query)
        || (listing && query.endsWith(":") && contextName.startsWith(query));
  }

  /** Returns the extent that begins at an offset as it goes on the wire: length, then state. */
  abstract long extentAt(CloneDevice device, long offset, long length) throws IOException;

  /** Lengths are those of a request, which has 32 bits. */
  private static long extent(long length, int state) {
    return length << 32 | state;
  }

  static long lengthOf(long extent) {
    return extent >>> 32;
  }

  static int stateOf(long extent) {
    return (int) extent;
  }
}
