package io.clonedevice.examples.nbd;

import java.nio.ByteBuffer;

/**
 * Options, which a client sends before transmission.
 *
 * <pre>
 *   | 0 magic IHAVEOPT | 8 option | 12 length of data | 16 data ... |
 * </pre>
 *
 * <p>Data of INFO and GO: 32 bits length of the name, the name, 16 bits number of {@link NbdInfo}
 * types, 16 bits each. Data of LIST_META_CONTEXT and SET_META_CONTEXT: 32 bits length of the name,
 * the name, 32 bits number of queries, each with 32 bits of length before it.
 */
public final class NbdOption {
  /** Choose an export and begin transmission; has no error reply. */
  public static final int EXPORT_NAME = 1;

  /** End the session. */
  public static final int ABORT = 2;

  /** List the exports. */
  public static final int LIST = 3;

  /** Go on in TLS. */
  public static final int STARTTLS = 5;

  /** Describe an export. */
  public static final int INFO = 6;

  /** Describe an export and begin transmission. */
  public static final int GO = 7;

  /** Use structured replies. */
  public static final int STRUCTURED_REPLY = 8;

  /** List metadata contexts. */
  public static final int LIST_META_CONTEXT = 9;

  /** Choose metadata contexts. */
  public static final int SET_META_CONTEXT = 10;

  /** Use 64-bit headers. */
  public static final int EXTENDED_HEADERS = 11;

  /** Bytes before the data. */
  public static final int HEADER_SIZE = 16;

  private NbdOption() {}

  /**
   * Puts the header of an option.
   *
   * @param target at its position; advances by {@link #HEADER_SIZE}
   * @param option one of the codes here
   * @param length bytes of data that follow
   */
  public static void putHeader(ByteBuffer target, int option, int length) {
    target.putLong(NbdHandshake.OPTION_MAGIC).putInt(option).putInt(length);
  }
}
