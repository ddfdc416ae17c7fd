package io.clonedevice.examples.nbd;

import java.nio.ByteBuffer;

/**
 * Replies to options.
 *
 * <pre>
 *   | 0 magic | 8 option | 12 type | 16 length of data | 20 data ... |
 * </pre>
 *
 * <p>The data of an error is a message for people.
 */
public final class NbdOptionReply {
  /** First 8 bytes. */
  public static final long MAGIC = 0x0003e889045565a9L;

  /** Bytes before the data. */
  public static final int HEADER_SIZE = 20;

  /** Done; the last reply to an option that succeeded. */
  public static final int ACK = 1;

  /** An export: 32 bits length of its name, the name, a description. */
  public static final int SERVER = 2;

  /** A piece of information, see {@link NbdInfo}. */
  public static final int INFO = 3;

  /** A metadata context: 32 bits of id, its name. */
  public static final int META_CONTEXT = 4;

  /** Set in the type of every error. */
  public static final int ERROR = 1 << 31;

  /** The option is unknown. */
  public static final int ERR_UNSUPPORTED = ERROR | 1;

  /** The option is known and not allowed here. */
  public static final int ERR_POLICY = ERROR | 2;

  /** The option's data is malformed, or the option makes no sense now. */
  public static final int ERR_INVALID = ERROR | 3;

  /** The option cannot work on this machine. */
  public static final int ERR_PLATFORM = ERROR | 4;

  /** Not before TLS is on. */
  public static final int ERR_TLS_REQUIRED = ERROR | 5;

  /** No such export. */
  public static final int ERR_UNKNOWN = ERROR | 6;

  /** The server is ending. */
  public static final int ERR_SHUTDOWN = ERROR | 7;

  /** The client must ask for the block size and keep to it. */
  public static final int ERR_BLOCK_SIZE_REQUIRED = ERROR | 8;

  /** The option's data is too large. */
  public static final int ERR_TOO_BIG = ERROR | 9;

  private NbdOptionReply() {}

  /**
   * Puts the header of a reply.
   *
   * @param target at its position; advances by {@link #HEADER_SIZE}
   * @param option what is replied to
   * @param type one of the codes here
   * @param length bytes of data that follow
   */
  public static void putHeader(ByteBuffer target, int option, int type, int length) {
    target.putLong(MAGIC).putInt(option).putInt(type).putInt(length);
  }

  /**
   * Returns whether a type of reply is an error.
   *
   * @param type of a reply
   * @return whether the option failed
   */
  public static boolean isError(int type) {
    return (type & ERROR) != 0;
  }
}
