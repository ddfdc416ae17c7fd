package io.clonedevice.metadata.persistent;

import java.io.IOException;

/**
 * The metadata device holds something else than sound clone metadata. Nothing was written to it.
 */
public final class MetadataFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Number of the metadata block. */
  private final long block;

  /** Name of the field. */
  private final String field;

  /** What was found there. */
  private final String found;

  /** What was expected there. */
  private final String expected;

  /**
   * Makes the exception for a fault.
   *
   * @param fault what is wrong, and where
   */
  public MetadataFormatException(MetadataFault fault) {
    super(fault.message());
    this.block = fault.block();
    this.field = fault.field();
    this.found = fault.found();
    this.expected = fault.expected();
  }

  /**
   * Returns the metadata block that holds the wrong field.
   *
   * @return block number
   */
  public long block() {
    return block;
  }

  /**
   * Returns the field that is wrong.
   *
   * @return its name
   */
  public String field() {
    return field;
  }

  /**
   * Returns what was found.
   *
   * @return the value as text; for a checksum, what the block's bytes give
   */
  public String found() {
    return found;
  }

  /**
   * Returns what was expected.
   *
   * @return the value as text; for a checksum, what the block claims
   */
  public String expected() {
    return expected;
  }
}
