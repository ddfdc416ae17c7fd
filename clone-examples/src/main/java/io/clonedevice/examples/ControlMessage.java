package io.clonedevice.examples;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What is said on a control socket, in UTF-8.
 *
 * <pre>
 *   question  one line: status, reopen_read_write, or a message of dm-clone
 *   answer    ok LF, then lines; or, if the question is none: error: TEXT LF;
 *             or, if it could not be done: failed: TEXT LF. Then the connection ends.
 * </pre>
 */
final class ControlMessage {
  private static final String OK = "ok\n";
  private static final String ERROR = "error: ";
  private static final String FAILED = "failed: ";
  private static final int QUESTION_SIZE_MAX = 1024;

  /** Longer than a clone takes to be opened, unless a store of it hangs. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private ControlMessage() {}

  static String ok(String lines) {
    return OK + lines;
  }

  static String error(String text) {
    return ERROR + Errors.oneLine(text) + "\n";
  }

  static String failed(String text) {
    return FAILED + Errors.oneLine(text) + "\n";
  }

  static void send(SocketChannel channel, String text) throws IOException {
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Reads up to the end of the line, or of what the client has to say. */
  static String receiveQuestion(SocketChannel channel) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(QUESTION_SIZE_MAX);
    while (channel.read(bytes) > 0) {
      String text = StandardCharsets.UTF_8.decode(bytes.duplicate().flip()).toString();
      int end = text.indexOf('\n');
      if (end >= 0) {
        return text.substring(0, end).strip();
      }
    }
    return StandardCharsets.UTF_8.decode(bytes.flip()).toString().strip();
  }

  /**
   * Asks whoever listens.
   *
   * @return the lines of the answer
   * @throws IllegalArgumentException if the question was refused
   * @throws IOException if nobody answers, or not in time, or what was asked for failed
   */
  static String ask(Path socket, String question) throws IOException {
    return ask(socket, question, PATIENCE);
  }

  static String ask(Path socket, String question, Duration patience) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      try {
        channel.connect(UnixDomainSocketAddress.of(socket));
      } catch (IOException e) {
        throw new IOException(socket + ": nobody listens there: " + e.getMessage(), e);
      }
      String answer = ask(channel, socket, question, patience);
      if (answer.startsWith(ERROR)) {
        throw new IllegalArgumentException(answer.substring(ERROR.length()).strip());
      }
      if (answer.startsWith(FAILED)) {
        throw new IOException(answer.substring(FAILED.length()).strip());
      }
      if (!answer.startsWith(OK)) {
        throw new IOException(socket + " is no control socket of a clone");
      }
      return answer.substring(OK.length());
    }
  }

  private static String ask(SocketChannel channel, Path socket, String question, Duration patience)
      throws IOException {
    try {
      send(channel, question + "\n");
      return receiveAll(channel, patience);
    } catch (SocketTimeoutException e) {
      throw new IOException(
          socket
              + ": no answer within "
              + patience.toMillis()
              + " ms; a store of the clone hangs, or this is no control socket of one",
          e);
    } catch (IOException e) {
      throw new IOException(
          socket + ": no answer, is it the control socket of a clone? " + e.getMessage(), e);
    }
  }

  private static String receiveAll(SocketChannel channel, Duration patience) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteBuffer bytes = ByteBuffer.allocate(4096);
    try (Selector selector = Selector.open()) {
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_READ);
      while (channel.read(bytes) >= 0) {
        if (bytes.position() == 0 && selector.select(patience.toMillis()) == 0) {
          throw new SocketTimeoutException();
        }
        selector.selectedKeys().clear();
        byte[] read = new byte[bytes.position()];
        bytes.flip().get(read);
        all.writeBytes(read);
        bytes.clear();
      }
    }
    return all.toString(StandardCharsets.UTF_8);
  }
}
