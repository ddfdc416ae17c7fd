package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayDeque;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Events that follow each other at once. */
class EventDispatcherTest {
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private final EventDispatcher dispatcher = new EventDispatcher(tasks::add);
  private final EventLog log = new EventLog();

  private void tell() {
    while (!tasks.isEmpty()) {
      tasks.poll().run();
    }
  }

  @Test
  @Tag("A39")
  void whatOneEventThrowsDoesNotKeepLaterOnesFromBeingTold() {
    dispatcher.add(log);
    dispatcher.enqueue(
        () -> {
          throw new IllegalStateException("thrown by the test's event");
        });
    dispatcher.hydrationCompleted();
    tell();
    assertThat(log.events()).containsExactly("completed");

    dispatcher.fire(listener -> listener.hydrationStopped(null));
    tell();
    assertThat(log.events()).endsWith("stopped");
  }

  /** The commit that completes hydration may end before the hydrator hears of the last copy. */
  @Test
  @Tag("A39")
  void recoveryIsToldBeforeCompletionAndOnce() {
    dispatcher.add(log);
    dispatcher.hydrationFailing(new IOException("thrown by the test"));
    dispatcher.hydrationCompleted();
    dispatcher.hydrationRecovered();
    tell();

    assertThat(log.events()).containsExactly("failing", "recovered", "completed");
  }

  /** The region was written meanwhile, and the hydrator hears of its failure at last. */
  @Test
  @Tag("A39")
  void failureOfACopyThatNobodyNeededIsNotToldAfterCompletion() {
    dispatcher.add(log);
    dispatcher.hydrationCompleted();
    dispatcher.hydrationFailing(new IOException("thrown by the test"));
    dispatcher.hydrationRecovered();
    tell();

    assertThat(log.events()).containsExactly("completed");
  }

  @Test
  @Tag("A39")
  void stopIsNotToldAfterCompletion() {
    dispatcher.add(log);
    dispatcher.hydrationCompleted();
    dispatcher.hydrationStopped(new IOException("thrown by the test"));
    tell();

    assertThat(log.events()).containsExactly("completed");
  }

  @Test
  @Tag("A39")
  void completionAfterAStopTellsNoRecovery() {
    dispatcher.add(log);
    dispatcher.hydrationFailing(new IOException("thrown by the test"));
    dispatcher.hydrationStopped(new IOException("thrown by the test"));
    dispatcher.hydrationCompleted();
    tell();

    assertThat(log.events()).containsExactly("failing", "stopped", "completed");
  }
}
