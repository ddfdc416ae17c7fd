package io.clonedevice.examples.nbd;

/** The first words of a connection, and the limits of what is said before transmission. */
public final class NbdHandshake {
  /** First 8 bytes that a server sends: {@code NBDMAGIC}. */
  public static final long MAGIC = 0x4e42444d41474943L;

  /** Next 8 bytes that a server sends, and the first 8 of each option: {@code IHAVEOPT}. */
  public static final long OPTION_MAGIC = 0x49484156454f5054L;

  /** Server flag: options get replies. */
  public static final int FIXED_NEWSTYLE = 1;

  /** Server flag: the zeroes after the reply to EXPORT_NAME may be left out. */
  public static final int NO_ZEROES = 1 << 1;

  /** Client flag: answers {@link #FIXED_NEWSTYLE}. */
  public static final int CLIENT_FIXED_NEWSTYLE = 1;

  /** Client flag: answers {@link #NO_ZEROES}. */
  public static final int CLIENT_NO_ZEROES = 1 << 1;

  /** Bytes of the server's greeting: two magic numbers and 16 bits of flags. */
  public static final int GREETING_SIZE = 18;

  /** Bytes of the client's answer: 32 bits of flags. */
  public static final int CLIENT_FLAGS_SIZE = 4;

  /** Zeroes that end the reply to EXPORT_NAME, unless both sides said that they are left out. */
  public static final int EXPORT_NAME_ZEROES = 124;

  /** Most bytes of a string: an export's name, a query, a message. */
  public static final int STRING_SIZE_MAX = 4096;

  /** The port that is registered for NBD. */
  public static final int PORT = 10809;

  private NbdHandshake() {}
}
