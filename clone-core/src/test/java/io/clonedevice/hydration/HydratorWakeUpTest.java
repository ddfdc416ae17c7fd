package io.clonedevice.hydration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** A record races with the agent that goes to sleep; without a deadline only that can wake it. */
class HydratorWakeUpTest {
  private static final int RECORDS = 20_000;

  private final HydratorAgent agent = new HydratorAgent(SystemNanoClock.INSTANCE, new Random(1));

  @Test
  @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
  void noHintIsLostByAnAgentThatGoesToSleep() throws Exception {
    // No such device, so the agent takes the record and does nothing else.
    assertNoneIsLost(() -> agent.hint(HydrationRecord.WORK, -1, 0, 0));
  }

  @Test
  @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
  void noEndOfACopyIsLostByAnAgentThatGoesToSleep() throws Exception {
    assertNoneIsLost(() -> agent.copyEnded(-1, 0, 1, false, 0));
  }

  private void assertNoneIsLost(Runnable record) throws Exception {
    FutureTask<Integer> working =
        new FutureTask<>(
            () -> {
              int worked = 0;
              while (worked < RECORDS) {
                int now = agent.doWork();
                worked += now;
                taken = worked;
                agent.idleStrategy().idle(now);
              }
              return worked;
            });
    Thread thread = new Thread(working, "test-agent");
    thread.setDaemon(true);
    thread.start();
    Random random = new Random(2);
    for (int i = 1; i <= RECORDS; i++) {
      record.run();
      while (taken < i) {
        Thread.onSpinWait();
      }
      for (int spins = random.nextInt(100); spins > 0; spins--) {
        Thread.onSpinWait();
      }
    }
    assertThat(working.get(30, TimeUnit.SECONDS)).isEqualTo(RECORDS);
  }

  // Written by the agent's thread, read by the one that hints; edge: volatile.
  private volatile int taken;
}
