package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.persistent.FaultSink;
import io.clonedevice.metadata.persistent.MetadataFault;
import java.util.ArrayList;
import java.util.List;

/** Counts all faults and keeps the first ones. */
final class FaultList implements FaultSink {
  private final List<MetadataFault> faults = new ArrayList<>();
  private long count;

  @Override
  public void report(MetadataFault fault) {
    if (count++ < MetadataCheck.MAX_FAULTS) {
      faults.add(fault);
    }
  }

  List<MetadataFault> first() {
    return faults;
  }

  long count() {
    return count;
  }
}
