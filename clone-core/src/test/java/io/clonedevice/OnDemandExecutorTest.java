package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How many threads there are, and that no task is lost. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OnDemandExecutorTest {
  private static final int THREADS_MAX = 3;

  private final List<Thread> threads = new CopyOnWriteArrayList<>();
  private OnDemandExecutor executor = executor(10_000);

  private OnDemandExecutor executor(long idleSeconds) {
    return new OnDemandExecutor(
        THREADS_MAX,
        idleSeconds,
        task -> {
          Thread thread = new Thread(task, "on-demand-" + threads.size());
          thread.setDaemon(true);
          threads.add(thread);
          return thread;
        });
  }

  @AfterEach
  void close() {
    executor.shutdownNow();
  }

  /**
   * Until each thread waits for a task in the queue. (One that the pool does not count as active
   * may be on its way there, and a task that comes meanwhile rightly begins another.)
   */
  private void awaitThreadsWait() {
    while (!threads.stream().allMatch(t -> t.getState() == Thread.State.TIMED_WAITING)) {
      Thread.onSpinWait();
    }
  }

  @Test
  void tasksOneAfterTheOtherNeedOneThread() throws Exception {
    for (int i = 0; i < 1000; i++) {
      CountDownLatch ran = new CountDownLatch(1);
      executor.execute(ran::countDown);
      ran.await();
      awaitThreadsWait();
    }
    assertThat(threads).hasSize(1);
  }

  @Test
  void isWantedByOthersWhileATaskWaitsForAThread() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    for (int i = 0; i < THREADS_MAX; i++) {
      executor.execute(() -> awaitUninterrupted(end));
    }
    assertThat(executor.isWantedByOthers()).isFalse();
    CountDownLatch ran = new CountDownLatch(1);
    executor.execute(ran::countDown);
    assertThat(executor.isWantedByOthers()).isTrue();
    end.countDown();
    ran.await();
    assertThat(executor.isWantedByOthers()).isFalse();
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void busyThreadsAreJoinedByOthersUpToTheLimitAndTheRestWaits() throws Exception {
    CountDownLatch begun = new CountDownLatch(THREADS_MAX);
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(10);
    Set<Thread> used = ConcurrentHashMap.newKeySet();
    for (int i = 0; i < 10; i++) {
      executor.execute(
          () -> {
            used.add(Thread.currentThread());
            begun.countDown();
            try {
              release.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            ended.countDown();
          });
    }
    begun.await();
    assertThat(executor.getQueue()).hasSize(10 - THREADS_MAX);
    release.countDown();
    ended.await();
    assertThat(used).hasSize(THREADS_MAX);
  }

  @Test
  void noTaskIsLostWhereThreadsEndAtOnce() throws Exception {
    executor = executor(1);
    executor.setKeepAliveTime(1, TimeUnit.NANOSECONDS);
    CountDownLatch ran = new CountDownLatch(20_000);
    for (int i = 0; i < 20_000; i++) {
      executor.execute(ran::countDown);
    }
    ran.await();
  }

  @Test
  void refusesTasksAfterItsEnd() {
    executor.shutdown();
    assertThatExceptionOfType(RejectedExecutionException.class)
        .isThrownBy(() -> executor.execute(() -> {}));
  }
}
