package io.clonedevice.examples.nbd.server;

import io.clonedevice.examples.nbd.NbdError;
import java.util.List;
import java.util.concurrent.CompletionException;

/** What a client is told of a failure. */
final class Failures {
  /** Clients show it to people; a longer text would only be cut there. */
  private static final int MESSAGE_LENGTH_MAX = 512;

  /** The JDK tells ENOSPC, EDQUOT and EFBIG by their texts alone; the protocol has one for all. */
  private static final List<String> NO_SPACE =
      List.of("No space left on device", "Disk quota exceeded", "File too large");

  private Failures() {}

  static NbdError errorOf(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof IllegalStateException) {
        return NbdError.ESHUTDOWN;
      }
      if (cause.getMessage() != null && NO_SPACE.stream().anyMatch(cause.getMessage()::contains)) {
        return NbdError.ENOSPC;
      }
    }
    return NbdError.EIO;
  }

  static String messageOf(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    String message = String.valueOf(cause.getMessage());
    return message.length() > MESSAGE_LENGTH_MAX
        ? message.substring(0, MESSAGE_LENGTH_MAX)
        : message;
  }
}
