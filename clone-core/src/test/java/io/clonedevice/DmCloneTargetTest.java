package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.dm.DmCloneTarget;
import io.clonedevice.dm.DmCloneTarget.StoreOpener;
import io.clonedevice.dm.StatusLine;
import io.clonedevice.dm.TableLine;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CloneFixture;
import io.clonedevice.testing.FixtureMedium;
import io.clonedevice.testing.SteppedRuntime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A device that is made from a table line and spoken to in dm-clone's words. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class DmCloneTargetTest {
  private static final int REGION = 8192;
  // 1005 sectors, regions of 16: 63 regions, the last one short.
  private static final int SIZE = 1005 * 512;
  private static final String TABLE = "0 1005 clone meta dest src 16";
  private static final String CORE = " 4 hydration_threshold 1 hydration_batch_size 1 ";

  private final CloneFixture media =
      CloneFixture.builder().randomSource(SIZE, 1).regionSize(REGION).build();
  private final SteppedRuntime runtime = new SteppedRuntime();
  private final AtomicInteger closes = new AtomicInteger();
  private final List<String> opened = new ArrayList<>();

  @AfterEach
  void closeMedia() throws Exception {
    media.close();
  }

  private DmCloneTarget create(String table) throws IOException {
    return create(table, this::open);
  }

  private DmCloneTarget create(String table, StoreOpener opener) throws IOException {
    return DmCloneTarget.create(
        TableLine.parse(table), opener, CloneDevice.builder().runtime(runtime.runtime()));
  }

  private BlockStore open(String name, boolean readOnly) {
    opened.add(name + (readOnly ? " ro" : " rw"));
    FixtureMedium medium =
        switch (name) {
          case "meta" -> media.metadata();
          case "dest" -> media.destination();
          default -> media.source();
        };
    return new CountingCloses(medium.store());
  }

  private final class CountingCloses extends FilterBlockStore {
    CountingCloses(BlockStore delegate) {
      super(delegate);
    }

    @Override
    public DiscardSupport discardSupport() {
      // As large as a region, so that passdown is on.
      return new DiscardSupport(true, 512, 1 << 20, true);
    }

    @Override
    public void close() throws IOException {
      closes.incrementAndGet();
      super.close();
    }
  }

  @Test
  @Tag("A49")
  @Tag("A53")
  void theStatusLineIsTheKernelsFromBeginningToEnd() throws Exception {
    try (DmCloneTarget target = create(TABLE)) {
      assertThat(target.status()).hasToString("0 1005 clone 8 6/256 16 0/63 0 0" + CORE + "rw");
      target.resume();
      runtime.stepHydrator();
      assertThat(target.statusNoFlush())
          .hasToString("0 1005 clone 8 6/256 16 0/63 1 0" + CORE + "rw");
      runtime.settle();
      runtime.await(target.device().hydrated());
      assertThat(target.status()).hasToString("0 1005 clone 8 6/256 16 63/63 0 0" + CORE + "rw");
      target.suspend();
      assertThat(target.status()).hasToString("0 1005 clone 8 6/256 16 63/63 0 0" + CORE + "rw");
    }
    assertThat(opened).containsExactly("meta rw", "dest rw", "src ro");
    assertThat(closes).hasValueGreaterThanOrEqualTo(3);
  }

  @Test
  @Tag("A34")
  @Tag("A47")
  void theTargetIsSuspendedUntilTheFirstResumeAndNoHydrationStartsNone() throws Exception {
    try (DmCloneTarget target = create(TABLE + " 1 no_hydration")) {
      CompletableFuture<Void> read = target.device().read(0, ByteBuffer.allocate(512));
      runtime.advanceMs(3000);
      assertThat(read).isNotDone();
      target.resume();
      runtime.await(read);
      runtime.advanceMs(10_000);
      assertThat(target.status())
          .hasToString("0 1005 clone 8 6/256 16 0/63 0 1 no_hydration" + CORE + "rw");
    }
  }

  @Test
  @Tag("A50")
  void theModeIsTheLastWordAndFailIsTheOnlyOne() throws Exception {
    try (DmCloneTarget target = create(TABLE + " 1 no_hydration")) {
      target.resume();
      target.device().blocking().write(0, ByteBuffer.allocate(REGION));
      media.metadata().faults().failAlways(Operation.WRITE);
      // The status commits, the commit fails, and the status says so.
      assertThat(target.status())
          .hasToString("0 1005 clone 8 6/256 16 1/63 0 1 no_hydration" + CORE + "ro");
      media.metadata().faults().heal();
      target.device().reopenReadWrite();
      assertThat(target.status()).asString().endsWith(" rw");

      target.device().blocking().write(REGION, ByteBuffer.allocate(REGION));
      media.metadata().faults().failAlways();
      assertThat(target.status()).hasToString("0 1005 clone Fail");
      assertThat(target.statusNoFlush()).isInstanceOf(StatusLine.Failed.class);
      // Messages are obeyed still, without effect.
      target.message("enable_hydration");
      assertThat(target.status()).hasToString("0 1005 clone Fail");
      assertThatThrownBy(target::close).isInstanceOf(IOException.class);
    }
  }

  @Test
  @Tag("A51")
  void statusCommitsFirstUnlessItMustNot() throws Exception {
    try (DmCloneTarget target = create(TABLE + " 1 no_hydration")) {
      target.resume();
      target.device().blocking().write(0, ByteBuffer.allocate(REGION));
      assertThat(target.statusNoFlush()).asString().contains(" 1/63 ");
      assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isZero();
      media.journal().clear();
      assertThat(target.status()).asString().contains(" 1/63 ");
      assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(1);
      // Bytes first: the destination was flushed before the metadata was written.
      assertThat(media.journal().calls().get(0).toString()).isEqualTo("flush of destination");
      media.journal().clear();
      target.status();
      assertThat(media.journal().calls()).as("nothing changed").isEmpty();
    }
  }

  @Test
  @Tag("A51")
  void statusOfASuspendedDeviceDoesNotCommit() throws Exception {
    try (DmCloneTarget target = create(TABLE + " 1 no_hydration")) {
      target.resume();
      target.device().blocking().write(0, ByteBuffer.allocate(REGION));
      media.metadata().faults().failAlways(Operation.WRITE);
      assertThatThrownBy(target::suspend).isInstanceOf(IOException.class);
      media.metadata().faults().heal();
      media.journal().clear();
      assertThat(target.status()).asString().contains(" 1/63 ");
      assertThat(media.journal().calls()).isEmpty();
      target.resume();
      target.device().reopenReadWrite();
    }
  }

  @Test
  @Tag("A52")
  @Tag("A54")
  @Tag("A35")
  void theStatusShowsWhatHoldsNowAndTheTableWhatWasGiven() throws Exception {
    String table = TABLE + " 2 no_discard_passdown NO_hydration 2 hydration_batch_size 007";
    try (DmCloneTarget target = create(table)) {
      assertThat(target.status())
          .hasToString(
              "0 1005 clone 8 6/256 16 0/63 0 2 no_hydration no_discard_passdown"
                  + " 4 hydration_threshold 1 hydration_batch_size 7 rw");
      target.message("Enable_Hydration");
      target.message("enable_hydration");
      target.message("hydration_threshold 12");
      target.message("hydration_batch_size 0");
      assertThat(target.status())
          .hasToString(
              "0 1005 clone 8 6/256 16 0/63 0 1 no_discard_passdown"
                  + " 4 hydration_threshold 12 hydration_batch_size 0 rw");
      target.message("DISABLE_HYDRATION");
      target.message("disable_hydration");
      assertThat(target.status().toString()).contains(" 2 no_hydration no_discard_passdown 4 ");
      assertThat(target.table()).hasToString(table);
    }
  }

  @Test
  @Tag("A52")
  void aDestinationWithoutDiscardShowsAsAFeatureThatTheTableDoesNotHave() throws Exception {
    StoreOpener opener =
        (name, readOnly) ->
            name.equals("dest")
                ? new FilterBlockStore(open(name, readOnly)) {
                  @Override
                  public DiscardSupport discardSupport() {
                    return DiscardSupport.NONE;
                  }
                }
                : open(name, readOnly);
    try (DmCloneTarget target = create(TABLE, opener)) {
      assertThat(target.status().toString()).contains(" 1 no_discard_passdown 4 ");
      assertThat(target.table()).hasToString(TABLE);
    }
  }

  @Test
  @Tag("A36")
  @Tag("A37")
  void messagesTakeEffectInAnyLetterCase() throws Exception {
    try (DmCloneTarget target = create(TABLE + " 1 no_hydration")) {
      target.message("HYDRATION_threshold 4294967295");
      target.message("hydration_BATCH_size 4294967295");
      assertThat(target.device().statusNoFlush().hydrationThreshold()).isEqualTo(4294967295L);
      assertThat(target.device().statusNoFlush().hydrationBatchSize()).isEqualTo(4294967295L);
      target.message("Enable_HYDRATION");
      target.resume();
      runtime.await(target.device().hydrated());
    }
  }

  @ParameterizedTest
  @Tag("A36")
  @Tag("A37")
  @ValueSource(
      strings = {
        "",
        "foo",
        "foo bar",
        "hydration_threshold",
        "hydration_threshold 1 2",
        "hydration_threshold abc",
        "hydration_threshold -1",
        "hydration_threshold 0x10",
        "hydration_threshold 4294967296",
        "hydration_threshold 18446744073709551617",
        "hydration_batch_size",
        "hydration_batch_size 4294967296",
        "hydration_batch_size 1.5"
      })
  void badMessagesAreRefusedAndChangeNothing(String message) throws Exception {
    try (DmCloneTarget target = create(TABLE)) {
      String before = target.status().toString();
      assertThatIllegalArgumentException().isThrownBy(() -> target.message(message));
      assertThat(target.status()).hasToString(before);
    }
  }

  @Test
  @Tag("A37")
  void anUnknownMessageIsNamed() throws Exception {
    try (DmCloneTarget target = create(TABLE)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> target.message("foo bar"))
          .withMessageContaining("Unsupported message `foo'");
    }
  }

  @ParameterizedTest
  @Tag("A55")
  @Tag("A56")
  @Tag("A58")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "meta dest src|Invalid number of arguments",
        "meta dest src 7|Invalid region size",
        "meta dest src 4194304|Invalid region size",
        "meta dest src 12|Region size is not a power of 2",
        "meta dest src 16 3 a b c|Invalid number of feature arguments",
        "meta dest src 16 2 no_hydration|Invalid number of feature arguments",
        "meta dest src 16 1 foo|Invalid feature argument",
        "meta dest src 16 0 6 a 1 b 2 c 3|Invalid number of core arguments",
        "meta dest src 16 0 1 hydration_threshold|Number of core arguments must be even",
        "meta dest src 16 0 2 foo 1|Invalid core argument",
        "meta dest src 16 0 2 hydration_threshold x|Invalid value for argument `hydration_threshold'",
        "meta dest src 16 0 2 hydration_batch_size -1|Invalid value for argument `hydration_batch_size'"
      })
  void aBadTableLineOpensNothing(String arguments, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> create("0 1005 clone " + arguments))
        .withMessageStartingWith(message);
    assertThat(opened).isEmpty();
  }

  @Test
  @Tag("A57")
  void stepsThatFailAfterTheStoresWereOpenedCloseThem() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> create("0 1006 clone meta dest src 16"))
        .withMessageStartingWith("Device size larger than destination device");
    assertThat(closes).hasValue(3);
  }

  @ParameterizedTest
  @Tag("A59")
  @CsvSource({"meta, metadata, 0", "dest, destination, 1", "src, source, 2"})
  void aStoreThatCannotBeOpenedIsNamedByItsRole(String failing, String role, int before) {
    StoreOpener opener =
        (name, readOnly) -> {
          if (name.equals(failing)) {
            throw new IOException("no such device");
          }
          return open(name, readOnly);
        };
    assertThatThrownBy(() -> create(TABLE, opener))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("Error opening " + role + " device")
        .hasMessageContainingAll(failing, "no such device");
    assertThat(closes).hasValue(before);
  }

  @Test
  @Tag("A59")
  void metadataThatCannotBeLoadedOrWrittenIsSaidInTheKernelsWords() throws Exception {
    media.metadata().bytes().write(0, ByteBuffer.wrap(new byte[512]).put(0, (byte) 1));
    assertThatThrownBy(() -> create(TABLE))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("Failed to load metadata");
    assertThat(closes).hasValueGreaterThanOrEqualTo(3);
    MemoryBlockStore readOnly = new MemoryBlockStore(1 << 20).asReadOnly();
    assertThatThrownBy(
            () -> create(TABLE, (name, ro) -> name.equals("meta") ? readOnly : open(name, ro)))
        .hasMessageStartingWith(
            "Unable to get write access to metadata, please check/repair metadata");
  }
}
