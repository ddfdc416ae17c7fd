package io.clonedevice.store;

import io.clonedevice.OtherJvm;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Another JVM that tries to lock a file and holds what it got until its input ends. */
final class ProcessWithLock implements AutoCloseable {
  private final OtherJvm process;
  private final boolean locked;

  private ProcessWithLock(OtherJvm process, boolean locked) {
    this.process = process;
    this.locked = locked;
  }

  static ProcessWithLock on(Path file) throws IOException {
    OtherJvm process = OtherJvm.run(ProcessWithLock.class, file);
    String answer = process.answer();
    if (!"locked".equals(answer) && !"refused".equals(answer)) {
      throw new IOException("the other process said " + answer);
    }
    return new ProcessWithLock(process, answer.equals("locked"));
  }

  /**
   * Takes the lock that this process has on a file: the kernel drops it when any descriptor of the
   * file is closed here, and this one is closed without a word to the store that had the lock.
   */
  static ProcessWithLock takingOver(Path file) throws IOException {
    FileChannel.open(file, StandardOpenOption.READ).close();
    return on(file);
  }

  boolean hasLocked() {
    return locked;
  }

  @Override
  public void close() throws IOException {
    process.close();
  }

  /** Runs in the other process. */
  public static void main(String[] arguments) throws IOException {
    try (FileChannel channel =
            FileChannel.open(
                Path.of(arguments[0]), StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      System.out.println(lock != null ? "locked" : "refused");
      System.in.read();
    }
  }
}
