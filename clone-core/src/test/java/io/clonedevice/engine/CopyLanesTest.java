package io.clonedevice.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class CopyLanesTest {
  private final Queue<Runnable> executor = new ArrayDeque<>();
  private final List<String> ran = new ArrayList<>();
  private final CopyLanes lanes = new CopyLanes(keeping(executor::add));

  /** An executor whose threads nobody else waits for. */
  private static CopyExecutor keeping(Executor executor) {
    return new CopyExecutor() {
      @Override
      public void execute(Runnable task) {
        executor.execute(task);
      }

      @Override
      public boolean isWantedByOthers() {
        return false;
      }
    };
  }

  private Runnable copy(String name) {
    return () -> ran.add(name);
  }

  @Test
  void asksForOneThreadForEachCopyThatMayRun() {
    lanes.run(copy("a"), 2);
    lanes.run(copy("b"), 2);
    lanes.run(copy("c"), 2);
    assertThat(executor).hasSize(2);
  }

  @Test
  void theThreadWhoseCopyHasEndedBeginsWhatWaits() {
    lanes.run(copy("a"), 1);
    lanes.run(copy("b"), 1);
    executor.remove().run();
    assertThat(ran).containsExactly("a", "b");
    assertThat(executor).isEmpty();
  }

  @Test
  void whatComesWhileACopyRunsNeedsNoThreadOfItsOwn() {
    lanes.run(
        () -> {
          ran.add("a");
          lanes.run(copy("b"), 1);
        },
        1);
    executor.remove().run();
    assertThat(ran).containsExactly("a", "b");
    assertThat(executor).isEmpty();
  }

  @Test
  void asksForAThreadAgainWhenTheLastHasGone() {
    lanes.run(copy("a"), 1);
    executor.remove().run();
    lanes.run(copy("b"), 1);
    executor.remove().run();
    assertThat(ran).containsExactly("a", "b");
  }

  @Test
  void leavesWhatWaitsToOthersWhenFewerMayRun() {
    lanes.run(
        () -> {
          ran.add("a");
          lanes.run(copy("c"), 1);
        },
        2);
    lanes.run(copy("b"), 2);
    executor.remove().run(); // begins a, and b is left to the other lane
    assertThat(ran).containsExactly("a");
    executor.remove().run();
    assertThat(ran).containsExactly("a", "b", "c");
    assertThat(executor).isEmpty();
  }

  @Test
  void goesOnAfterACopyThatThrows() {
    lanes.run(
        () -> {
          throw new IllegalStateException("this test's");
        },
        1);
    lanes.run(copy("b"), 1);
    executor.remove().run();
    assertThat(ran).containsExactly("b");
  }

  @Test
  void givesAThreadThatOthersNeedBackAfterEachCopy() {
    CopyLanes polite = new CopyLanes(executor::add);
    polite.run(copy("a"), 1);
    polite.run(copy("b"), 1);
    executor.add(copy("another's"));
    while (!executor.isEmpty()) {
      executor.remove().run();
    }
    assertThat(ran).containsExactly("a", "another's", "b");
  }

  @Test
  void leavesACopyToTheLaneThatComesForIt() {
    CopyLanes polite = new CopyLanes(executor::add);
    polite.run(copy("a"), 2);
    polite.run(copy("b"), 2);
    executor.remove().run();
    assertThat(executor).hasSize(1);
    executor.remove().run();
    assertThat(ran).containsExactly("a", "b");
    assertThat(executor).isEmpty();
  }

  @Test
  void whatWaitsIsRunEvenIfTheThreadCannotBeGivenBack() {
    List<Runnable> taken = new ArrayList<>();
    CopyLanes last =
        new CopyLanes(
            task -> {
              if (!taken.isEmpty()) {
                throw new RejectedExecutionException("shut down");
              }
              taken.add(task);
            });
    last.run(copy("a"), 1);
    last.run(copy("b"), 1);
    taken.get(0).run();
    assertThat(ran).containsExactly("a", "b");
  }

  @Test
  void aCopyThatTheExecutorRefusedIsNotRunLater() {
    List<Runnable> taken = new ArrayList<>();
    boolean[] full = {true};
    CopyLanes refused =
        new CopyLanes(
            task -> {
              if (full[0]) {
                throw new RejectedExecutionException("full");
              }
              taken.add(task);
            });
    assertThatThrownBy(() -> refused.run(copy("a"), 1))
        .isInstanceOf(RejectedExecutionException.class);
    full[0] = false;
    refused.run(copy("b"), 1);
    taken.remove(0).run();
    assertThat(ran).containsExactly("b");
  }

  @Test
  void neverMoreAtOnceThanMayRunAndNoneIsLost() throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      int count = 20_000;
      Semaphore atOnce = new Semaphore(3);
      CountDownLatch left = new CountDownLatch(count);
      CountDownLatch tooMany = new CountDownLatch(1);
      for (int i = 0; i < count; i++) {
        lanes.run(
            () -> {
              if (atOnce.tryAcquire()) {
                LockSupport.parkNanos(10_000); // as one that waits for a disk
                atOnce.release();
              } else {
                tooMany.countDown();
              }
              left.countDown();
            },
            3);
      }
      executor.forEach(threads::execute);
      assertThat(left.await(1, TimeUnit.MINUTES)).isTrue();
      assertThat(tooMany.getCount()).isEqualTo(1);
    } finally {
      threads.shutdown();
    }
  }
}
