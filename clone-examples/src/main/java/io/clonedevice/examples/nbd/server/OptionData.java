package io.clonedevice.examples.nbd.server;

import io.clonedevice.examples.nbd.NbdHandshake;
import io.clonedevice.examples.nbd.NbdOptionReply;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads the data of options; what a client sends may be anything. */
final class OptionData {
  private OptionData() {}

  /** An option that is refused with a reply. */
  static final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;

    private final int replyType;

    RefusedException(int replyType, String message) {
      super(message);
      this.replyType = replyType;
    }

    int replyType() {
      return replyType;
    }
  }

  /** What INFO and GO ask about. */
  record InfoRequest(String export, Set<Integer> types) {}

  /** What LIST_META_CONTEXT and SET_META_CONTEXT ask about. */
  record ContextRequest(String export, List<String> queries) {}

  static InfoRequest info(ByteBuffer data) throws RefusedException {
    try {
      String export = string(data, data.getInt());
      int count = Short.toUnsignedInt(data.getShort());
      Set<Integer> types = new HashSet<>();
      for (int i = 0; i < count; i++) {
        types.add(Short.toUnsignedInt(data.getShort()));
      }
      requireEnd(data);
      return new InfoRequest(export, types);
    } catch (BufferUnderflowException e) {
      throw truncated();
    }
  }

  static ContextRequest contexts(ByteBuffer data) throws RefusedException {
    try {
      String export = string(data, data.getInt());
      int count = data.getInt();
      List<String> queries = new ArrayList<>();
      // A count that lies runs out of data soon.
      for (int i = 0; i != count; i++) {
        queries.add(string(data, data.getInt()));
      }
      requireEnd(data);
      return new ContextRequest(export, queries);
    } catch (BufferUnderflowException e) {
      throw truncated();
    }
  }

  static String string(ByteBuffer data, int size) throws RefusedException {
    if (size < 0 || size > NbdHandshake.STRING_SIZE_MAX) {
      throw invalid("a string has at most " + NbdHandshake.STRING_SIZE_MAX + " bytes, not " + size);
    }
    if (size > data.remaining()) {
      throw truncated();
    }
    ByteBuffer bytes = data.slice(data.position(), size);
    data.position(data.position() + size);
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
      if (text.indexOf('\0') >= 0) {
        throw invalid("a string must not hold NUL");
      }
      return text;
    } catch (CharacterCodingException e) {
      throw invalid("a string must be UTF-8");
    }
  }

  static void requireEnd(ByteBuffer data) throws RefusedException {
    if (data.hasRemaining()) {
      throw invalid(data.remaining() + " bytes too many in the option");
    }
  }

  static RefusedException invalid(String message) {
    return new RefusedException(NbdOptionReply.ERR_INVALID, message);
  }

  private static RefusedException truncated() {
    return invalid("the option ends too early");
  }
}
