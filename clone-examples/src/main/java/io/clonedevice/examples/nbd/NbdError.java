package io.clonedevice.examples.nbd;

/** Errors of the protocol, which have the numbers of Linux. */
public enum NbdError {
  /** Not allowed, such as a write to a read-only export. */
  EPERM(1),
  /** The medium failed. */
  EIO(5),
  /** No memory. */
  ENOMEM(12),
  /** The request makes no sense. */
  EINVAL(22),
  /** Beyond the end of the export, or the medium is full. */
  ENOSPC(28),
  /** Too long for one chunk. */
  EOVERFLOW(75),
  /** Cannot be done, or not fast. */
  ENOTSUP(95),
  /** The server is ending. */
  ESHUTDOWN(108);

  private final int code;

  NbdError(int code) {
    this.code = code;
  }

  /**
   * Returns the number on the wire.
   *
   * @return positive
   */
  public int code() {
    return code;
  }

  /**
   * Returns the error with a number.
   *
   * @param code from the wire, not 0
   * @return the error; {@link #EINVAL} for numbers that are not in the protocol, as it demands
   */
  public static NbdError of(int code) {
    for (NbdError error : values()) {
      if (error.code == code) {
        return error;
      }
    }
    return EINVAL;
  }
}
