package io.clonedevice.dm;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneRuntime;
import io.clonedevice.Effort;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A text that is refused changes nothing, and one that is obeyed shows in the status. */
class RefusedTextTest {
  private static final long CASES = Effort.cases("clone.fuzz.cases", 20_000) / 4;
  private static final int SIZE = 1 << 20;

  private final Random random = Seed.random();

  private static CloneRuntime runtime() {
    return CloneRuntime.builder().steppedByCaller().ioExecutor(Runnable::run).build();
  }

  private static MemoryBlockStore metadata() {
    return new MemoryBlockStore(MetadataSize.forRegions(SIZE / 4096));
  }

  private static DmCloneTarget create(TableLine table, CloneRuntime runtime, MemoryBlockStore meta)
      throws IOException {
    return DmCloneTarget.create(
        table,
        (device, readOnly) ->
            device.equals(table.metadataDevice()) ? meta : new MemoryBlockStore(SIZE),
        CloneDevice.builder().runtime(runtime));
  }

  @Test
  @Tag("A36")
  void aRefusedMessageLeavesTheStatusAsItWas() throws IOException {
    System.out.println(Seed.hint());
    DamagedTexts texts =
        DamagedTexts.of("message", () -> "hydration_threshold " + random.nextInt(), random);
    TableLine table = TableLine.parse("0 2048 clone m d s 8 1 no_hydration");
    try (CloneRuntime runtime = runtime();
        DmCloneTarget target = create(table, runtime, metadata())) {
      for (long i = 0; i < CASES; i++) {
        String text = texts.next();
        String before = target.statusNoFlush().toString();
        Message obeyed = null;
        try {
          target.message(text);
          obeyed = Message.parse(text);
        } catch (IllegalArgumentException e) {
          assertThat(target.statusNoFlush()).as("`%s'", text).hasToString(before);
        }
        StatusLine.Counters status = (StatusLine.Counters) target.status();
        if (obeyed instanceof Message.HydrationThreshold threshold) {
          assertThat(status.hydrationThreshold()).as(text).isEqualTo(threshold.regions());
        } else if (obeyed instanceof Message.HydrationBatchSize batchSize) {
          assertThat(status.hydrationBatchSize()).as(text).isEqualTo(batchSize.regions());
        } else if (obeyed != null) {
          assertThat(status.noHydration())
              .as(text)
              .isEqualTo(obeyed instanceof Message.DisableHydration);
        }
        assertThat(target.table()).isEqualTo(table);
      }
    }
  }

  @Test
  @Tag("A59")
  void aRefusedTableLineLeavesTheMetadataDeviceAsItWas() throws IOException {
    System.out.println(Seed.hint());
    DamagedTexts texts =
        DamagedTexts.of(
            "table",
            () -> "0 " + 8 * random.nextInt(300) + " clone m d s " + (8 << random.nextInt(8)),
            random);
    int made = 0;
    try (CloneRuntime runtime = runtime()) {
      for (long i = 0; i < CASES; i++) {
        String text = texts.next();
        MemoryBlockStore metadata = metadata();
        try (DmCloneTarget target = create(TableLine.parse(text), runtime, metadata)) {
          assertThat(TableLine.parse(target.table().toString())).isEqualTo(target.table());
          made++;
        } catch (IllegalArgumentException e) {
          assertThat(e.getMessage()).as("`%s'", text).isNotBlank();
          assertThat(metadata.contents())
              .as("`%s'", text)
              .isEqualTo(new byte[(int) metadata.size()]);
        }
      }
    }
    assertThat(made).isBetween(1, (int) CASES - 1);
  }
}
