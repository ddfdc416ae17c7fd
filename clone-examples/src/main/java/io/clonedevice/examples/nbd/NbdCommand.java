package io.clonedevice.examples.nbd;

/** What a client asks for in transmission: 16 bits of command, 16 bits of flags. */
public final class NbdCommand {
  /** Read. */
  public static final int READ = 0;

  /** Write; the data follows the request. */
  public static final int WRITE = 1;

  /** End the session; has no reply. */
  public static final int DISCONNECT = 2;

  /** Make durable what was completed. */
  public static final int FLUSH = 3;

  /** The range is no longer needed. */
  public static final int TRIM = 4;

  /** The range will be read soon. */
  public static final int CACHE = 5;

  /** Write zeroes without sending them. */
  public static final int WRITE_ZEROES = 6;

  /** Tell the state of a range in the contexts that were chosen. */
  public static final int BLOCK_STATUS = 7;

  /** Flag: durable before the reply. */
  public static final int FLAG_FUA = 1;

  /** Flag of {@link #WRITE_ZEROES}: allocate the range. */
  public static final int FLAG_NO_HOLE = 1 << 1;

  /** Flag of {@link #READ}: one content chunk at most. */
  public static final int FLAG_DF = 1 << 2;

  /** Flag of {@link #BLOCK_STATUS}: one extent a context is enough. */
  public static final int FLAG_REQ_ONE = 1 << 3;

  /** Flag of {@link #WRITE_ZEROES}: fail with ENOTSUP if it is no faster than writing. */
  public static final int FLAG_FAST_ZERO = 1 << 4;

  private NbdCommand() {}
}
