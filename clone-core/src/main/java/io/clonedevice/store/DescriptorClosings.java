package io.clonedevice.store;

import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Tells who holds the lock of a file that a descriptor of the file was closed by another copy of
 * this library in the same JVM.
 *
 * <p>POSIX drops a process's locks on a file with any of its descriptors, so the holder must lock
 * again. Copies that different class loaders loaded share no static field; they share the JDK. The
 * place to meet is a logger of the JDK's, which hands every record to all its handlers at once, and
 * has none but those of the holders.
 */
final class DescriptorClosings {
  private static final Logger MEETING_PLACE =
      Logger.getLogger("io.clonedevice.store.closed-descriptors");

  static {
    MEETING_PLACE.setUseParentHandlers(false);
  }

  private DescriptorClosings() {}

  /**
   * Returns the monitor that every copy holds while it takes the lock of a file, or lets it go to
   * take it again: between the two it would be there for anybody in this JVM.
   */
  static Object whileLocking() {
    return MEETING_PLACE;
  }

  /** Calls the listeners of the file that other copies of this class have, on this thread. */
  static void announce(FileIdentity file) {
    LogRecord record = new LogRecord(Level.SEVERE, file.key().toString());
    record.setParameters(new Object[] {DescriptorClosings.class});
    MEETING_PLACE.log(record);
  }

  /** Runs the action after each closing by another copy, until {@link Listener#close()}. */
  static Listener listen(FileIdentity file, Runnable action) {
    Listener listener = new Listener(file.key().toString(), action);
    MEETING_PLACE.addHandler(listener);
    return listener;
  }

  /** One holder of a lock. */
  static final class Listener extends Handler {
    private final String file;
    private final Runnable action;

    private Listener(String file, Runnable action) {
      this.file = file;
      this.action = action;
    }

    @Override
    public void publish(LogRecord record) {
      if (file.equals(record.getMessage())
          && record.getParameters()[0] != DescriptorClosings.class) {
        action.run();
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
      MEETING_PLACE.removeHandler(this);
    }
  }
}
