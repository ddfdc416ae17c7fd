package io.clonedevice.metadata;

import java.io.IOException;

/** Something cannot be done in the mode that the metadata is in. */
public final class MetadataModeException extends IOException {
  private static final long serialVersionUID = 1L;

  private final MetadataMode mode;

  /**
   * Makes an exception.
   *
   * @param mode the mode
   * @param message what cannot be done, and what to do
   */
  public MetadataModeException(MetadataMode mode, String message) {
    super(message);
    this.mode = mode;
  }

  /**
   * Returns the mode that the metadata was in.
   *
   * @return the mode
   */
  public MetadataMode mode() {
    return mode;
  }
}
