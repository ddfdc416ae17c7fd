package io.clonedevice.examples.nbd;

import java.nio.ByteBuffer;

/**
 * Layout of replies.
 *
 * <pre>
 *   simple  | 0 magic | 4 error | 8 cookie | 16 data of a read that succeeded ... |
 *   chunk   | 0 magic | 4 flags | 6 type | 8 cookie | 16 length of payload | 20 payload ... |
 *
 *   payload of a chunk, by type
 *   NONE          nothing
 *   OFFSET_DATA   | 0 offset | 8 data ... |
 *   OFFSET_HOLE   | 0 offset | 8 length of the hole |
 *   BLOCK_STATUS  | 0 context id | 4 length | 8 state | 12 length | 16 state | ...
 *   ERROR         | 0 error | 4 length of message (16 bits) | 6 message ... |
 *   ERROR_OFFSET  | 0 error | 4 length of message (16 bits) | 6 message ... | offset |
 * </pre>
 */
public final class NbdReply {
  /** First 4 bytes of a simple reply. */
  public static final int SIMPLE_MAGIC = 0x67446698;

  /** First 4 bytes of a chunk of a structured reply. */
  public static final int CHUNK_MAGIC = 0x668e33ef;

  /** Bytes of a simple reply without data. */
  public static final int SIMPLE_SIZE = 16;

  /** Bytes of a chunk without payload. */
  public static final int CHUNK_SIZE = 20;

  /** Bytes of the offset that begins the payload of {@link #OFFSET_DATA}. */
  public static final int DATA_OFFSET_SIZE = 8;

  /** Bytes of the payload of {@link #OFFSET_HOLE}. */
  public static final int HOLE_SIZE = 12;

  /** Bytes of an error's payload without its message. */
  public static final int ERROR_SIZE = 6;

  /** Chunk flag: the last chunk of the reply. */
  public static final int FLAG_DONE = 1;

  /** Chunk without payload; always the last one. */
  public static final int NONE = 0;

  /** Chunk with data. */
  public static final int OFFSET_DATA = 1;

  /** Chunk that stands for zeroes. */
  public static final int OFFSET_HOLE = 2;

  /** Chunk with the states of extents in one context. */
  public static final int BLOCK_STATUS = 5;

  /** Set in the type of every chunk that reports an error. */
  public static final int ERROR_BIT = 1 << 15;

  /** Chunk with an error. */
  public static final int ERROR = ERROR_BIT | 1;

  /** Chunk with an error and where it is. */
  public static final int ERROR_OFFSET = ERROR_BIT | 2;

  private NbdReply() {}

  /**
   * Puts a simple reply.
   *
   * @param target at its position; advances by {@link #SIMPLE_SIZE}
   * @param error 0 or the code of an {@link NbdError}
   * @param cookie the request's
   */
  public static void putSimple(ByteBuffer target, int error, long cookie) {
    target.putInt(SIMPLE_MAGIC).putInt(error).putLong(cookie);
  }

  /**
   * Puts the header of a chunk.
   *
   * @param target at its position; advances by {@link #CHUNK_SIZE}
   * @param flags 0 or {@link #FLAG_DONE}
   * @param type one of the types here
   * @param cookie the request's
   * @param length bytes of payload that follow
   */
  public static void putChunk(ByteBuffer target, int flags, int type, long cookie, int length) {
    target
        .putInt(CHUNK_MAGIC)
        .putShort((short) flags)
        .putShort((short) type)
        .putLong(cookie)
        .putInt(length);
  }
}
