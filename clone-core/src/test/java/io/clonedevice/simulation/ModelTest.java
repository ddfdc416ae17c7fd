package io.clonedevice.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ModelTest {
  private final Model model = new Model(1);

  private String check(Model.PendingRead read, int stamp) {
    return model.check(read, new int[] {stamp});
  }

  /** Seed 5003395 of the simulation took this for a failure. */
  @Test
  void readThatBeganBeforeAFailedWriteMayFindWhatALaterReadCanNoLonger() {
    Model.PendingRead early = model.read(0);
    Model.Change failed = model.write(0, 1);
    model.end(failed, false, false);
    Model.PendingRead late = model.read(0);

    assertThat(check(late, failed.stamp())).isNull();
    assertThat(check(early, Sectors.SOURCE)).isNull();
    assertThat(check(model.read(0), Sectors.SOURCE)).contains("may read");
    assertThat(check(model.read(0), failed.stamp())).isNull();
  }
}
