package io.clonedevice.examples;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Says what went wrong in one line for the person at the terminal. */
final class Errors {
  private Errors() {}

  static String describe(Throwable failure) {
    Throwable cause = unwrap(failure);
    if (cause instanceof FileSystemException trouble && trouble.getReason() == null) {
      return trouble.getFile() + ": " + reason(trouble);
    }
    String message = cause.getMessage();
    return message == null || message.isBlank()
        ? cause.getClass().getSimpleName()
        : oneLine(message);
  }

  /** What a future wrapped for transport is unwrapped; a cause that explains more is left alone. */
  static Throwable unwrap(Throwable failure) {
    Throwable cause = failure;
    while ((cause instanceof CompletionException || cause instanceof ExecutionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  static String oneLine(String message) {
    return message.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  private static String reason(FileSystemException trouble) {
    if (trouble instanceof NoSuchFileException) {
      return "no such file";
    }
    if (trouble instanceof FileAlreadyExistsException) {
      return "exists already";
    }
    if (trouble instanceof AccessDeniedException) {
      return "permission denied";
    }
    return trouble.getClass().getSimpleName();
  }
}
