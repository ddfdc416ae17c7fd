package io.clonedevice.stress;

/**
 * One operation on a register of one sector, with its place in the order of all invocations and
 * responses.
 *
 * @param kind what it did
 * @param value what was read or written
 * @param invoked when it began
 * @param responded when it had ended; larger than {@code invoked}
 */
record RegisterOperation(Kind kind, long value, long invoked, long responded) {
  /** What an operation does to its register. */
  enum Kind {
    READ,
    WRITE,
    /** A write that failed: it took effect before its response, or never does. */
    FAILED_WRITE
  }

  boolean isRead() {
    return kind == Kind.READ;
  }

  @Override
  public String toString() {
    return kind + " " + value + " [" + invoked + ", " + responded + "]";
  }
}
