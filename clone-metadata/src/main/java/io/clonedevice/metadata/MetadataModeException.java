package io.clonedevice.metadata;

import java.io.IOException;

/** The metadata cannot be changed, because its mode is not {@link MetadataMode#READ_WRITE}. */
public final class MetadataModeException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The mode that forbids the operation. */
  private final MetadataMode mode;

  /**
   * Makes the exception.
   *
   * @param operation what was asked for
   * @param mode the mode that forbids it
   */
  public MetadataModeException(String operation, MetadataMode mode) {
    super(
        "Cannot "
            + operation
            + ": the metadata is in "
            + mode.description()
            + " mode"
            + (mode == MetadataMode.READ_ONLY
                ? "; make the metadata device work again, then reopen it read-write"
                : ""));
    this.mode = mode;
  }

  /**
   * Returns the mode that forbids the operation.
   *
   * @return {@link MetadataMode#READ_ONLY} or {@link MetadataMode#FAIL}
   */
  public MetadataMode mode() {
    return mode;
  }
}
