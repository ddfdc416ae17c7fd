package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.Extent;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CallJournal;
import io.clonedevice.testing.RecordingBlockStore;
import io.clonedevice.testing.StoreCall;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Offsets past 2 TiB and copies past 2 GiB, where 32 bits do not reach. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LargeDeviceTest {
  private static final long TIB = 1L << 40;
  private static final long GIB = 1L << 30;

  @Test
  @Tag("B6")
  void requestsPastFourTebibytesTouchTheirOwnSectorsOnly() throws IOException {
    int regionSize = 1 << 20;
    long size = 5 * TIB + 1536;
    MemoryBlockStore source = new MemoryBlockStore(size);
    MemoryBlockStore destination = new MemoryBlockStore(size);
    long[] places = {4 * TIB + 3 * GIB, 2 * TIB + 3 * GIB, 3 * GIB, 5 * TIB};
    for (int i = 0; i < places.length; i++) {
      source.write(places[i], ByteBuffer.wrap(filled(1536, 10 + i)));
    }
    try (CloneDevice device = open(source, destination, regionSize, Hydration.disabled())) {
      for (int i = 0; i < places.length; i++) {
        assertThat(read(device, places[i], 1536)).isEqualTo(filled(1536, 10 + i));
        device.blocking().write(places[i] + 512, ByteBuffer.wrap(filled(512, 20 + i)));
      }
      assertThat(device.status().hydratedRegions()).isEqualTo(4);
      for (int i = 0; i < places.length; i++) {
        byte[] expected = filled(1536, 10 + i);
        System.arraycopy(filled(512, 20 + i), 0, expected, 512, 512);
        assertThat(read(device, places[i], 1536)).as("at byte %d", places[i]).isEqualTo(expected);
        assertThat(read(destination, places[i], 1536)).isEqualTo(expected);
      }
    }
  }

  @Test
  @Tag("B6")
  void everythingButOneRegionPastTwoTebibytesIsDiscardedAndThatOneIsCopied() throws IOException {
    int regionSize = 1 << 20;
    long size = 5 * TIB;
    long place = 4 * TIB + 2 * TIB / 3 / regionSize * regionSize;
    MemoryBlockStore source = new MemoryBlockStore(size);
    MemoryBlockStore destination = new MemoryBlockStore(size);
    source.write(place, ByteBuffer.wrap(filled(regionSize, 7)));
    CallJournal journal = new CallJournal();
    BlockStore watched = new RecordingBlockStore("source", source, journal);
    try (CloneDevice device = open(watched, destination, regionSize, Hydration.disabled())) {
      device.blocking().discard(0, place);
      device.blocking().discard(place + regionSize, size - place - regionSize);
      assertThat(device.status().hydratedRegions()).isEqualTo(size / regionSize - 1);

      device.enableHydration();
      device.hydrated().join();

      assertThat(journal.calls())
          .containsExactly(new StoreCall("source", Operation.COPY, place, regionSize));
      assertThat(read(destination, place, regionSize)).isEqualTo(filled(regionSize, 7));
    }
  }

  @Test
  @Tag("B6")
  @Tag("B10")
  void batchOfFourGibibytesIsCopiedWhole() throws IOException {
    long size = 2 * TIB + 6 * GIB;
    long start = 2 * TIB + GIB;
    SparseCopies source = new SparseCopies(new MemoryBlockStore(size));
    MemoryBlockStore destination = new MemoryBlockStore(size);
    long[] places = {start, start + 3 * GIB - 512, start + 4 * GIB - 512};
    for (int i = 0; i < places.length; i++) {
      source.medium().write(places[i], ByteBuffer.wrap(filled(512, 1 + i)));
    }
    CallJournal journal = new CallJournal();
    Hydration hydration = Hydration.disabled().threshold(4).batchSize(4);
    try (CloneDevice device =
        open(
            new RecordingBlockStore("source", source, journal),
            destination,
            (int) GIB,
            hydration)) {
      device.blocking().discard(0, start);
      device.blocking().discard(start + 4 * GIB, GIB);

      device.enableHydration();
      device.hydrated().join();

      assertThat(journal.calls())
          .containsExactly(new StoreCall("source", Operation.COPY, start, 4 * GIB));
      for (int i = 0; i < places.length; i++) {
        assertThat(read(destination, places[i], 512)).isEqualTo(filled(512, 1 + i));
      }
    }
  }

  private static CloneDevice open(
      BlockStore source, BlockStore destination, int regionSize, Hydration hydration)
      throws IOException {
    long regions = new RegionGeometry(source.size(), regionSize).regionCount();
    return CloneDevice.builder()
        .source(source)
        .destination(destination)
        .metadata(new MemoryBlockStore(MetadataSize.forRegions(regions)))
        .regionSize(regionSize)
        .hydration(hydration)
        .open();
  }

  private static byte[] read(CloneDevice device, long offset, int length) throws IOException {
    return read(device.blocking(), offset, length);
  }

  private static byte[] read(BlockStore store, long offset, int length) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(length);
    store.read(offset, target);
    return target.array();
  }

  /** Copies data only, as a store does that knows its holes. */
  private static final class SparseCopies extends FilterBlockStore {
    SparseCopies(MemoryBlockStore medium) {
      super(medium);
    }

    BlockStore medium() {
      return delegate();
    }

    @Override
    public void copyTo(long offset, BlockStore target, long targetOffset, long length)
        throws IOException {
      Extent extent;
      for (long done = 0; done < length; done += extent.length()) {
        extent = extentAt(offset + done, length - done);
        if (extent.kind() == Extent.Kind.DATA) {
          super.copyTo(offset + done, target, targetOffset + done, extent.length());
        }
      }
    }
  }
}
