package io.clonedevice.faults;

import static io.clonedevice.faults.FaultyClone.REGION;
import static io.clonedevice.faults.FaultyClone.REGIONS;
import static io.clonedevice.faults.FaultyClone.SIZE;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.faults.FaultPoint.Call;
import io.clonedevice.faults.FaultPoint.Role;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.OffHeapBalance;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The life of a device that meets one fault: everything that can be asked of a device, then the
 * store is healed and the device must be in the state that the fault leaves, with nothing
 * acknowledged lost.
 */
final class FaultRun {
  private final FaultPoint point;
  private final FaultyClone clone;
  private final Fragile part;
  private final List<Throwable> failures = new ArrayList<>();
  private final long offHeapBytes = OffHeapBalance.bytes();

  private FaultRun(FaultPoint point, FaultyClone clone) {
    this.point = point;
    this.clone = clone;
    this.part = clone.part(point.role());
  }

  /** Returns whether the fault was met. */
  static boolean meetsFault(FaultPoint point) throws IOException {
    try (FaultyClone clone = new FaultyClone(point.setting())) {
      return new FaultRun(point, clone).run();
    }
  }

  private boolean run() throws IOException {
    part.arm(point);
    if (opens()) {
      live();
      clone.assertAtRest();
      long met = part.faultCount();
      if (met > 0 && point.role().isStore() && !point.kind().isHarmless()) {
        assertThat(failures.size() + clone.troubleTold()).as("signs of the fault").isPositive();
      }
      if (point.call() != Call.CLOSE) {
        part.heal();
      }
      judge(met > 0);
    } else {
      assertThat(part.faultCount()).as("why it did not open").isPositive();
      clone.stores().forEach(each -> assertThat(each.isClosed()).as("closed").isTrue());
      assertThat(OffHeapBalance.bytes()).as("off-heap bytes").isEqualTo(offHeapBytes);
      part.heal();
      clone.bytes().read(0, clone.reopenAndRead());
    }
    assertThat(OffHeapBalance.bytes()).as("off-heap bytes").isEqualTo(offHeapBytes);
    return part.faultCount() > 0;
  }

  private boolean opens() {
    try {
      clone.open();
      return true;
    } catch (IOException | RuntimeException | Error e) {
      return false;
    }
  }

  private void live() {
    note(clone.write(REGION + 512, 1024, 1));
    note(clone.write(3 * REGION, 2 * REGION, 2));
    note(clone.write(2 * REGION - 512, 5 * REGION, 3));
    note(clone.readAll());
    note(clone.flush());
    note(clone.discard(8 * REGION, 3 * REGION));
    note(clone.discard(3 * REGION, REGION));
    note(clone.writeDurably(12 * REGION + 512, 512, 4));
    note(clone.write((REGIONS - 2) * REGION, SIZE - (REGIONS - 2) * REGION, 5));
    clone.runtime().advanceMs(1_000);
    note(clone.readAll());
    clone.hydrate();
    note(clone.readAll());
    note(clone.suspendAndResume());
    note(clone.write(5 * REGION + 1024, 512, 6));
    note(clone.flush());
    note(clone.write(7 * REGION, 512, 7));
  }

  private void note(Throwable failure) {
    if (failure != null) {
      failures.add(failure);
    }
  }

  /** The store works again; what the fault left must be what it may leave. */
  private void judge(boolean met) throws IOException {
    MetadataMode mode = clone.device().statusNoFlush().mode();
    boolean flushLost =
        met
            && !point.kind().isHarmless()
            && point.role() == Role.DESTINATION
            && point.call() == Call.FLUSH;
    if (met && !point.kind().isHarmless() && point.role() == Role.METADATA) {
      assertThat(mode).as("after a failed commit").isNotEqualTo(MetadataMode.READ_WRITE);
    } else if (!flushLost) {
      assertThat(mode).as("after a failure of no commit").isEqualTo(MetadataMode.READ_WRITE);
    }
    if (mode == MetadataMode.FAIL) {
      assertFailedForGood();
    } else if (flushLost) {
      assertNoFlushSucceeds();
    } else {
      assertNothingIsLost(mode);
    }
  }

  private void assertFailedForGood() throws IOException {
    assertThat(clone.readAll()).as("read in Fail").isNotNull();
    assertThat(clone.write(0, 512, 8)).as("write in Fail").isNotNull();
    assertThat(clone.flush()).as("flush in Fail").isNotNull();
    assertThat(clone.reopenReadWrite()).as("leaving Fail").isNotNull();
    assertThat(clone.closeDevice()).as("close in Fail").isNotNull();
    clone.bytes().readAfterLoss(reopen());
  }

  private void assertNoFlushSucceeds() throws IOException {
    assertThat(clone.readAll()).as("read after a failed flush").isNull();
    assertThat(clone.flush()).as("flush after a failed flush").isNotNull();
    assertThat(clone.writeDurably(0, 512, 8)).as("FUA write after a failed flush").isNotNull();
    if (clone.device().statusNoFlush().mode() != MetadataMode.READ_WRITE) {
      assertThat(clone.reopenReadWrite()).as("reopening after a failed flush").isNotNull();
    }
    assertThat(clone.flush()).as("flush after a failed flush").isNotNull();
    assertThat(clone.closeDevice()).as("close after a failed flush").isNotNull();
    clone.bytes().readAfterLoss(reopen());
  }

  private void assertNothingIsLost(MetadataMode mode) throws IOException {
    assertThat(clone.readAll()).as("read after healing").isNull();
    if (mode == MetadataMode.READ_ONLY) {
      assertThat(clone.reopenReadWrite()).as("reopening after healing").isNull();
    }
    assertThat(clone.write(6 * REGION + 512, 512, 9)).as("write after healing").isNull();
    assertThat(clone.flush()).as("flush after healing").isNull();
    clone.hydrate();
    assertThat(clone.device().statusNoFlush().hydrationCompleted())
        .as("hydrated after healing: %s", clone.device().statusNoFlush())
        .isTrue();
    assertThat(clone.readAll()).as("read after healing").isNull();
    Throwable failure = clone.closeDevice();
    if (point.call() == Call.CLOSE && part.faultCount() > 0) {
      assertThat(failure).as("close with a store that fails to").isNotNull();
    } else {
      assertThat(failure).as("close after healing").isNull();
    }
    clone.bytes().read(0, reopen());
  }

  private byte[] reopen() throws IOException {
    clone.stores().forEach(each -> assertThat(each.isClosed()).as("closed").isTrue());
    assertThat(OffHeapBalance.bytes()).as("off-heap bytes").isEqualTo(offHeapBytes);
    return clone.reopenAndRead();
  }
}
