package io.clonedevice.examples.nbd;

import java.nio.ByteBuffer;

/**
 * Layout of a request.
 *
 * <pre>
 *   | 0 magic | 4 flags | 6 command | 8 cookie | 16 offset | 24 length | 28 data of a write ... |
 * </pre>
 */
public final class NbdRequest {
  /** First 4 bytes. */
  public static final int MAGIC = 0x25609513;

  /** Bytes before the data. */
  public static final int SIZE = 28;

  private static final int FLAGS_OFFSET = 4;
  private static final int COMMAND_OFFSET = 6;
  private static final int COOKIE_OFFSET = 8;
  private static final int OFFSET_OFFSET = 16;
  private static final int LENGTH_OFFSET = 24;

  private NbdRequest() {}

  /**
   * Puts a request.
   *
   * @param target at its position; advances by {@link #SIZE}
   * @param command one of {@link NbdCommand}
   * @param flags flags of {@link NbdCommand}
   * @param cookie comes back in the reply
   * @param offset first byte of the export
   * @param length bytes, unsigned
   */
  public static void put(
      ByteBuffer target, int command, int flags, long cookie, long offset, int length) {
    target
        .putInt(MAGIC)
        .putShort((short) flags)
        .putShort((short) command)
        .putLong(cookie)
        .putLong(offset)
        .putInt(length);
  }

  /**
   * Returns the magic number of a request.
   *
   * @param source holds a request
   * @param at index of its first byte
   * @return {@link #MAGIC} if it is one
   */
  public static int magic(ByteBuffer source, int at) {
    return source.getInt(at);
  }

  /**
   * Returns the flags of a request.
   *
   * @param source holds a request
   * @param at index of its first byte
   * @return 16 bits
   */
  public static int flags(ByteBuffer source, int at) {
    return Short.toUnsignedInt(source.getShort(at + FLAGS_OFFSET));
  }

  /**
   * Returns the command of a request.
   *
   * @param source holds a request
   * @param at index of its first byte
   * @return 16 bits
   */
  public static int command(ByteBuffer source, int at) {
    return Short.toUnsignedInt(source.getShort(at + COMMAND_OFFSET));
  }

  /**
   * Returns the cookie of a request.
   *
   * @param source holds a request
   * @param at index of its first byte
   * @return any 64 bits
   */
  public static long cookie(ByteBuffer source, int at) {
    return source.getLong(at + COOKIE_OFFSET);
  }

  /**
   * Returns the offset of a request.
   *
   * @param source holds a request
   * @param at index of its first byte
   * @return 64 bits, unsigned: a negative number is beyond any export
   */
  public static long offset(ByteBuffer source, int at) {
    return source.getLong(at + OFFSET_OFFSET);
  }

  /**
   * Returns the length of a request.
   *
   * @param source holds a request
   * @param at index of its first byte
   * @return 0 to 2^32 - 1
   */
  public static long length(ByteBuffer source, int at) {
    return Integer.toUnsignedLong(source.getInt(at + LENGTH_OFFSET));
  }
}
