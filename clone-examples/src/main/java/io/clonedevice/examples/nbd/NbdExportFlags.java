package io.clonedevice.examples.nbd;

/** What an export can do: 16 bits, sent with its size (the transmission flags). */
public final class NbdExportFlags {
  /** Always set. */
  public static final int HAS_FLAGS = 1;

  /** Changes are refused. */
  public static final int READ_ONLY = 1 << 1;

  /** {@link NbdCommand#FLUSH} works. */
  public static final int SEND_FLUSH = 1 << 2;

  /** {@link NbdCommand#FLAG_FUA} works. */
  public static final int SEND_FUA = 1 << 3;

  /** A disk that turns. */
  public static final int ROTATIONAL = 1 << 4;

  /** {@link NbdCommand#TRIM} works. */
  public static final int SEND_TRIM = 1 << 5;

  /** {@link NbdCommand#WRITE_ZEROES} works. */
  public static final int SEND_WRITE_ZEROES = 1 << 6;

  /** {@link NbdCommand#FLAG_DF} works. */
  public static final int SEND_DF = 1 << 7;

  /** A flush on one connection makes durable what was completed on every one. */
  public static final int CAN_MULTI_CONN = 1 << 8;

  /** {@link NbdCommand#CACHE} works. */
  public static final int SEND_CACHE = 1 << 10;

  /** {@link NbdCommand#FLAG_FAST_ZERO} works. */
  public static final int SEND_FAST_ZERO = 1 << 11;

  private NbdExportFlags() {}
}
