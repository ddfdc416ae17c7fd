package io.clonedevice.metadata.tool;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataDevice;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.persistent.MetadataFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MetadataToolTest {
  private static final int BLOCKS = 64;

  private ArrayDevice device;

  /** A device that is an array of bytes. */
  private static final class ArrayDevice implements MetadataDevice {
    private final ByteBuffer bytes;
    private final boolean readOnly;

    ArrayDevice(ByteBuffer bytes, boolean readOnly) {
      this.bytes = bytes;
      this.readOnly = readOnly;
    }

    @Override
    public long blockCount() {
      return bytes.capacity() / BLOCK_SIZE;
    }

    @Override
    public boolean isReadOnly() {
      return readOnly;
    }

    @Override
    public void read(long block, ByteBuffer target) {
      target.put(bytes.slice((int) block * BLOCK_SIZE, target.remaining()));
    }

    @Override
    public void write(long block, ByteBuffer source) throws IOException {
      if (readOnly) {
        throw new IOException("read-only");
      }
      bytes.slice((int) block * BLOCK_SIZE, source.remaining()).put(source);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @BeforeEach
  void writeMetadata() throws IOException {
    device = new ArrayDevice(ByteBuffer.allocate(BLOCKS * MetadataDevice.BLOCK_SIZE), false);
    RegionGeometry geometry = new RegionGeometry(70_000 * 8192L - 512, 8192);
    try (CloneMetadata metadata = CloneMetadata.open(device, geometry)) {
      metadata.markHydrated(3, 2);
      metadata.markHydrated(69_999, 1);
      metadata.finishCommit(metadata.beginCommit());
    }
  }

  private ArrayDevice readOnlyDevice() {
    return new ArrayDevice(device.bytes, true);
  }

  private String dump() throws IOException {
    StringBuilder json = new StringBuilder();
    try (CloneMetadata metadata = CloneMetadata.openReadOnly(readOnlyDevice())) {
      MetadataDump.of(metadata).writeJson(json);
    }
    return json.toString();
  }

  @Test
  void dumpVisitsTheRangesThatWereWritten() throws IOException {
    List<RegionRange> ranges = new ArrayList<>();
    try (CloneMetadata metadata = CloneMetadata.openReadOnly(readOnlyDevice())) {
      MetadataDump.of(metadata).forEachRange(ranges::add);
    }
    assertThat(ranges).containsExactly(new RegionRange(3, 2), new RegionRange(69_999, 1));
  }

  @Test
  void dumpPrintsAsJson() throws IOException {
    assertThat(dump())
        .isEqualTo(
            "{\"region_size_sectors\":16,\"device_sectors\":1119999,\"regions\":70000,"
                + "\"hydrated\":3,\"ranges\":[[3,2],[69999,1]],"
                + "\"used_blocks\":8,\"total_blocks\":64}");
  }

  @Test
  void dumpOfAFreshCloneHasNoRanges() throws IOException {
    device = new ArrayDevice(ByteBuffer.allocate(BLOCKS * MetadataDevice.BLOCK_SIZE), false);
    CloneMetadata.open(device, new RegionGeometry(4096, 4096)).close();
    assertThat(dump()).contains("\"ranges\":[],");
  }

  @Test
  void checkTellsTheFiguresOfSoundMetadata() {
    assertThat(MetadataCheck.of(readOnlyDevice()).summary())
        .isEqualTo(new MetadataSummary(16, 70_000 * 16 - 1, 70_000, 3, 8, BLOCKS));
  }

  @Test
  void soundMetadataHasNoFaults() throws IOException {
    MetadataCheck check = MetadataCheck.of(readOnlyDevice());
    assertThat(check.faults()).isEmpty();
    assertThat(check.isSound()).isTrue();
  }

  @Test
  void everyDamagedArrayBlockIsReportedWithItsNumber() throws IOException {
    // Formatted at 5, 6 and 7; the commit moved the first and the last one.
    int[] damaged = arrayBlocks();
    for (int block : damaged) {
      int position = block * MetadataDevice.BLOCK_SIZE + 1000;
      device.bytes.put(position, (byte) (device.bytes.get(position) ^ 4));
    }
    MetadataCheck check = MetadataCheck.of(readOnlyDevice());
    assertThat(check.isSound()).isFalse();
    assertThat(check.faults())
        .extracting(MetadataFault::block)
        .containsExactlyInAnyOrder((long) damaged[0], (long) damaged[1], (long) damaged[2]);
    assertThat(check.faults()).extracting(MetadataFault::field).containsOnly("checksum");
  }

  /** Reads where the array blocks are from the one leaf of the btree. */
  private int[] arrayBlocks() {
    ByteBuffer bytes = device.bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    int values = (int) bytes.getLong(188) * MetadataDevice.BLOCK_SIZE + 2048;
    int[] blocks = new int[3];
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = (int) bytes.getLong(values + 8 * i);
    }
    return blocks;
  }

  @Test
  void unformattedDeviceIsReportedNotThrown() throws IOException {
    ArrayDevice blank = new ArrayDevice(ByteBuffer.allocate(BLOCKS * 4096), true);
    MetadataCheck check = MetadataCheck.of(blank);
    assertThat(check.faults()).extracting(MetadataFault::field).contains("magic");
  }

  @Test
  void emptyDeviceIsReportedNotThrown() throws IOException {
    assertThat(MetadataCheck.of(new ArrayDevice(ByteBuffer.allocate(0), true)).isSound()).isFalse();
  }
}
