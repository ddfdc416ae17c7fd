package io.clonedevice.metadata.persistent;

/** Takes the faults that reading metadata finds. */
@FunctionalInterface
public interface FaultSink {
  /** Stops at the first fault. */
  FaultSink THROWING =
      fault -> {
        throw new MetadataFormatException(fault);
      };

  /**
   * Takes one fault.
   *
   * @param fault what is wrong, and where
   * @throws MetadataFormatException to stop reading; if it returns, reading goes on with what is
   *     left
   */
  void report(MetadataFault fault) throws MetadataFormatException;
}
