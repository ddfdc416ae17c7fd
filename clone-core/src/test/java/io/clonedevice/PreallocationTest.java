package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.Extent;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.SteppedRuntime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The destination is told what hydration will write to it, and of nothing else. */
class PreallocationTest {
  private static final int MIB = 1 << 20;
  private static final int REGION = MIB;

  private final List<CompletableFuture<Void>> requests = new ArrayList<>();

  /** Offset and length in MiB. */
  private final List<String> preallocated = new ArrayList<>();

  @Test
  @Tag("A26")
  void isForManyCopiesAtOnce() throws Exception {
    hydrate(40, 0, 0, device -> {});
    assertThat(preallocated).containsExactly("0+16", "16+16", "32+8");
  }

  @Test
  @Tag("A26")
  void isNotForHolesOfTheSource() throws Exception {
    hydrate(40, 6, 20, device -> {});
    assertThat(preallocated).containsExactly("0+6", "20+16", "36+4");
  }

  @Test
  @Tag("A26")
  void isNotForWhatWasWrittenOrDiscarded() throws Exception {
    hydrate(
        40,
        0,
        0,
        device -> {
          requests.add(device.write(5 * MIB, ByteBuffer.allocateDirect(REGION)));
          requests.add(device.discard(10 * MIB, REGION));
        });
    assertThat(preallocated).containsExactly("0+5", "6+4", "11+16", "27+13");
  }

  @Test
  @Tag("A26")
  void isNotForSoLittleThatItDoesNotPay() throws Exception {
    hydrate(3, 0, 0, device -> {});
    assertThat(preallocated).isEmpty();
  }

  private void hydrate(int mib, int holeFrom, int holeEnd, Consumer<CloneDevice> before)
      throws IOException {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device =
            CloneDevice.builder()
                .source(new Source(mib, (long) holeFrom * MIB, (long) holeEnd * MIB))
                .destination(new Destination(mib))
                .metadata(new MemoryBlockStore(MetadataSize.forRegions(mib)))
                .regionSize(REGION)
                .hydration(Hydration.disabled())
                .runtime(runtime.runtime())
                .open()) {
      before.accept(device);
      runtime.settle();
      assertThat(requests).allMatch(CompletableFuture::isDone);
      assertThat(device.statusNoFlush().hydratedRegions()).isEqualTo(requests.size());
      device.enableHydration();
      runtime.advanceMs(2_000);
      assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
    }
  }

  private static final class Source extends FilterBlockStore {
    private final long holeFrom;
    private final long holeEnd;

    Source(int mib, long holeFrom, long holeEnd) {
      super(new MemoryBlockStore((long) mib * MIB));
      this.holeFrom = holeFrom;
      this.holeEnd = holeEnd;
    }

    @Override
    public Extent extentAt(long offset, long length) {
      long end = offset + length;
      if (offset < holeFrom) {
        return new Extent(offset, Math.min(end, holeFrom) - offset, Extent.Kind.DATA);
      }
      return offset < holeEnd
          ? new Extent(offset, Math.min(end, holeEnd) - offset, Extent.Kind.HOLE)
          : new Extent(offset, length, Extent.Kind.DATA);
    }
  }

  private final class Destination extends FilterBlockStore {
    Destination(int mib) {
      super(new MemoryBlockStore((long) mib * MIB));
    }

    @Override
    public void preallocate(long offset, long length) {
      preallocated.add(offset / MIB + "+" + length / MIB);
      delegate().preallocate(offset, length);
    }
  }
}
