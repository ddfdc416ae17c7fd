package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.metadata.persistent.MetadataFormatException;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MappedBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Bad input, each kind with its message: after it every file is as it was and nothing stays open.
 */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class BadInputTest {
  private static final int REGION = 8192;
  private static final int SIZE = 10 * REGION;
  private static final int SUPERBLOCK_SALT = 257649492;

  @TempDir private Path directory;
  private FileMedia files;

  @BeforeEach
  void makeFiles() throws IOException {
    files = new FileMedia(directory, SIZE, REGION);
  }

  private void refuse(FileMedia.Attempt attempt, Class<? extends Throwable> type, String... words)
      throws Exception {
    files.assertRefused(attempt).isInstanceOf(type).hasMessageContainingAll(words);
  }

  private BlockStore source() throws IOException {
    return FileChannelBlockStore.openReadOnly(files.source);
  }

  private BlockStore destination() throws IOException {
    return FileChannelBlockStore.open(files.destination);
  }

  private BlockStore metadata() throws IOException {
    return FileChannelBlockStore.open(files.metadata);
  }

  // ---- region size

  @ParameterizedTest
  @Tag("A55")
  @CsvSource({
    "0, Invalid region size: 0",
    "-4096, Invalid region size: -4096",
    "512, Invalid region size: 512",
    "2048, Invalid region size: 2048",
    "2147483648, Invalid region size: 2147483648",
    "4294971392, Invalid region size: 4294971392",
    "1073745920, Invalid region size: 1073745920",
    "6144, Region size is not a power of 2: 6144",
    "12288, Region size is not a power of 2: 12288"
  })
  void badRegionSizes(long regionSize, String message) throws Exception {
    refuse(
        () -> files.builder().regionSize(regionSize).open(),
        IllegalArgumentException.class,
        message);
  }

  @ParameterizedTest
  @Tag("A55")
  @ValueSource(booleans = {true, false})
  void aRegionSizeThatIsNoMultipleOfALogicalBlock(boolean ofTheSource) throws Exception {
    refuse(
        () -> {
          BlockStore source = ofTheSource ? new Blocks(source(), 8192) : source();
          BlockStore destination = ofTheSource ? destination() : new Blocks(destination(), 8192);
          files.builder(source, destination, metadata()).regionSize(4096).open();
        },
        IllegalArgumentException.class,
        "Region size is not a multiple of device logical block size",
        "4096",
        "8192");
  }

  @Test
  void aDeviceSizeThatIsNoMultipleOfALogicalBlock() throws Exception {
    refuse(
        () ->
            files
                .builder(source(), new Blocks(destination(), 4096), metadata())
                .deviceSize(SIZE - 512)
                .open(),
        IllegalArgumentException.class,
        "Device size is not a multiple of device logical block size",
        Integer.toString(SIZE - 512),
        "4096");
  }

  /** Says that it has other logical blocks. */
  private static final class Blocks extends FilterBlockStore {
    private final int size;

    Blocks(BlockStore delegate, int size) {
      super(delegate);
      this.size = size;
    }

    @Override
    public int logicalBlockSize() {
      return size;
    }
  }

  // ---- sizes

  @ParameterizedTest
  @Tag("A56")
  @Tag("B7")
  @ValueSource(longs = {(1L << 31) + 1, 1L << 32, (1L << 32) + 1, (1L << 42) - 1})
  void tooManyRegions(long regions) throws Exception {
    // Cut off to 32 bits these are 2^31 + 1 (negative), 0, 1 and -1.
    refuse(
        () ->
            CloneDevice.builder()
                .source(new MemoryBlockStore(regions * 4096))
                .destination(new MemoryBlockStore(regions * 4096))
                .metadata(FileChannelBlockStore.open(files.metadata))
                .regionSize(4096)
                .open(),
        IllegalArgumentException.class,
        "Too many regions. Consider increasing the region size",
        Long.toString(regions),
        "2147483648");
  }

  @Test
  @Tag("A57")
  void aDestinationThatIsTooSmall() throws Exception {
    try (BlockStore small = FileChannelBlockStore.create(directory.resolve("small"), SIZE - 512)) {
      refuse(
          () -> files.builder(files.source, directory.resolve("small"), files.metadata).open(),
          IllegalArgumentException.class,
          "Device size larger than destination device",
          Integer.toString(SIZE),
          Long.toString(small.size()));
    }
  }

  @Test
  @Tag("A57")
  void aSourceThatIsTooSmall() throws Exception {
    refuse(
        () ->
            files
                .builder(files.source, directory.resolve("metadata"), files.destination)
                .deviceSize(SIZE + 512)
                .open(),
        IllegalArgumentException.class,
        "Device size larger than source device",
        Integer.toString(SIZE + 512));
  }

  @Test
  @Tag("A57")
  void whenBothAreTooSmallTheDestinationIsComplainedAbout() throws Exception {
    refuse(
        () -> files.builder().deviceSize(SIZE + 512).open(),
        IllegalArgumentException.class,
        "Device size larger than destination device");
  }

  @Test
  @Tag("A57")
  void sourceAndDestinationMayBeLarger() throws Exception {
    try (CloneDevice device = files.builder().deviceSize(SIZE - 5 * 512).open()) {
      device.enableHydration();
      device.hydrated().get();
      assertThat(device.size()).isEqualTo(SIZE - 5 * 512);
    }
    byte[] expected = Files.readAllBytes(files.source);
    Arrays.fill(expected, SIZE - 5 * 512, SIZE, (byte) 0xDD);
    assertThat(Files.readAllBytes(files.destination)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 100, 513})
  void aDeviceSizeThatIsNoPositiveNumberOfSectors(long deviceSize) throws Exception {
    refuse(
        () -> files.builder().deviceSize(deviceSize).open(),
        IllegalArgumentException.class,
        "Invalid device size: " + deviceSize);
  }

  // ---- metadata device

  @ParameterizedTest
  @Tag("B22")
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9})
  void aMetadataDeviceWithoutRoomForACommit(int blocks) throws Exception {
    Files.write(files.metadata, new byte[blocks * 4096]);
    refuse(
        () -> files.builder().open(),
        IllegalArgumentException.class,
        "Metadata device too small: " + blocks * 4096 + " bytes",
        "10 regions need ");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 512, 4095})
  void aMetadataDeviceOfLessThanABlock(int bytes) throws Exception {
    Files.write(files.metadata, new byte[bytes]);
    refuse(() -> files.builder().open(), Exception.class, "etadata", "too small");
  }

  @Test
  @Tag("A61")
  void foreignDataOnTheMetadataDeviceIsNotOverwritten() throws Exception {
    byte[] foreign = new byte[1 << 20];
    new Random(3).nextBytes(foreign);
    Files.write(files.metadata, foreign);
    refuse(
        () -> files.builder().open(),
        IOException.class,
        "Failed to load metadata from " + files.metadata,
        "Superblock check failed");
  }

  @ParameterizedTest
  @Tag("A61")
  @ValueSource(ints = {0, 511, 2048, 4095})
  void oneByteInTheFirstBlockMakesTheMetadataDeviceForeign(int position) throws Exception {
    byte[] foreign = new byte[1 << 20];
    foreign[position] = 1;
    Files.write(files.metadata, foreign);
    refuse(() -> files.builder().open(), IOException.class, "Failed to load metadata");
  }

  @Test
  @Tag("A61")
  void dataBehindAFirstBlockOfZeroesIsFormattedOver() throws Exception {
    byte[] old = new byte[1 << 20];
    Arrays.fill(old, 4096, old.length, (byte) 7);
    Files.write(files.metadata, old);
    files.format();
    try (CloneDevice device = files.builder().open()) {
      assertThat(device.status().hydratedRegions()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @Tag("A62")
  @CsvSource({"8, blocknr, false", "32, magic, true", "100, checksum, false"})
  void aDamagedSuperblockIsRefusedByTheFieldThatIsWrong(int position, String field, boolean seal)
      throws Exception {
    files.format();
    byte[] bytes = Files.readAllBytes(files.metadata);
    bytes[position] ^= 0x40;
    if (seal) {
      seal(bytes);
    }
    Files.write(files.metadata, bytes);
    refuse(
        () -> files.builder().open(),
        IOException.class,
        "Failed to load metadata",
        "Superblock check failed: " + field);
  }

  @Test
  @Tag("A62")
  void anotherVersionIsRefused() throws Exception {
    files.format();
    byte[] bytes = Files.readAllBytes(files.metadata);
    bytes[40] = 2;
    seal(bytes);
    Files.write(files.metadata, bytes);
    refuse(
        () -> files.builder().open(),
        IOException.class,
        "Clone metadata version 2 found, but only versions between 1 and 1 supported.");
  }

  private static void seal(byte[] metadata) {
    CRC32C crc = new CRC32C();
    crc.update(metadata, 4, 4092);
    int sum = (int) crc.getValue() ^ 0xFFFFFFFF ^ SUPERBLOCK_SALT;
    ByteBuffer.wrap(metadata).order(java.nio.ByteOrder.LITTLE_ENDIAN).putInt(0, sum);
  }

  @Test
  @Tag("A62")
  void damageBehindTheSuperblockIsFoundWhenOpened() throws Exception {
    files.format();
    byte[] bytes = Files.readAllBytes(files.metadata);
    int used = 0;
    for (int block = 1; block < bytes.length / 4096; block++) {
      byte[] damaged = bytes.clone();
      damaged[block * 4096 + 2000] ^= 1;
      if (Arrays.equals(bytes, block * 4096, block * 4096 + 4096, new byte[4096], 0, 4096)) {
        continue;
      }
      Files.write(files.metadata, damaged);
      Throwable failure = null;
      try (CloneDevice device = files.builder().open()) {
        // A block of the state before the last: nobody reads it.
        assertThat(device.status().hydratedRegions()).isEqualTo(1);
      } catch (IOException e) {
        failure = e;
      }
      if (failure != null) {
        used++;
        assertThat(failure).hasMessageContaining("metadata block " + block);
        assertThat(failure).hasRootCauseInstanceOf(MetadataFormatException.class);
        assertThat(Files.readAllBytes(files.metadata)).isEqualTo(damaged);
      }
    }
    // Index block, bitmap block, overflow root, bitset root, array block.
    assertThat(used).isGreaterThanOrEqualTo(5);
  }

  @Test
  @Tag("A63")
  void metadataOfAnotherRegionSizeOrLength() throws Exception {
    files.format();
    String message = "Region and/or target size don't match the ones in metadata";
    refuse(
        () -> files.builder().regionSize(2 * REGION).open(),
        IllegalArgumentException.class,
        message,
        Integer.toString(REGION),
        Integer.toString(2 * REGION));
    refuse(
        () -> files.builder().deviceSize(SIZE - 512).open(),
        IllegalArgumentException.class,
        message,
        Integer.toString(SIZE),
        Integer.toString(SIZE - 512));
    try (CloneDevice device = files.builder().open()) {
      assertThat(device.status().hydratedRegions()).isEqualTo(1);
    }
  }

  // ---- one medium in two roles

  @Test
  @Tag("B24")
  void oneFileInTwoRolesByWhateverPath() throws Exception {
    Path hardLink = Files.createLink(directory.resolve("hard"), files.source);
    Path symbolicLink = Files.createSymbolicLink(directory.resolve("symbolic"), files.source);
    Path detour = directory.resolve("..").resolve(directory.getFileName()).resolve("source");
    for (Path same : new Path[] {files.source, hardLink, symbolicLink, detour}) {
      refuse(
          () -> files.builder(files.source, same, files.metadata).open(),
          IllegalArgumentException.class,
          "source and destination are the same medium");
      refuse(
          () -> files.builder(files.source, files.destination, same).open(),
          IllegalArgumentException.class,
          "source and metadata device are the same medium");
    }
    refuse(
        () -> files.builder(files.source, files.destination, files.destination).open(),
        IllegalArgumentException.class,
        "destination and metadata device are the same medium");
  }

  @Test
  @Tag("B24")
  void oneFileInTwoRolesByDifferentKindsOfStore() throws Exception {
    refuse(
        () ->
            files
                .builder(source(), new Blocks(MappedBlockStore.open(files.source), 512), metadata())
                .open(),
        IllegalArgumentException.class,
        "source and destination are the same medium");
  }

  @Test
  @Tag("B24")
  void oneStoreInTwoRoles() throws Exception {
    MemoryBlockStore memory = new MemoryBlockStore(SIZE);
    refuse(
        () -> files.builder(memory.asReadOnly(), memory, metadata()).open(),
        IllegalArgumentException.class,
        "source and destination are the same medium");
  }

  @Test
  @Tag("B24")
  void aReadOnlyMetadataDevice() throws Exception {
    refuse(
        () ->
            files
                .builder(
                    source(), destination(), FileChannelBlockStore.openReadOnly(files.metadata))
                .open(),
        IllegalArgumentException.class,
        "Unable to get write access to metadata, please check/repair metadata",
        files.metadata.toString());
  }

  @Test
  void aReadOnlyDestination() throws Exception {
    refuse(
        () ->
            files
                .builder(
                    source(), FileChannelBlockStore.openReadOnly(files.destination), metadata())
                .open(),
        IllegalArgumentException.class,
        "Error opening destination device",
        files.destination.toString(),
        "read-only");
  }

  @Test
  void missingStoresAndAMissingSettingAreNamed() throws Exception {
    refuse(
        () -> files.builder(null, destination(), metadata()).open(),
        IllegalStateException.class,
        "source is missing");
    refuse(
        () -> files.builder(source(), null, metadata()).open(),
        IllegalStateException.class,
        "destination is missing");
    refuse(
        () -> files.builder(source(), destination(), null).open(),
        IllegalStateException.class,
        "metadata is missing");
    refuse(() -> files.builder().hydration(null).open(), NullPointerException.class, "hydration");
  }

  // ---- files

  @Test
  @Tag("A59")
  void missingFilesAndDirectories() throws Exception {
    Path missing = directory.resolve("missing");
    refuse(
        () -> FileChannelBlockStore.openReadOnly(missing),
        NoSuchFileException.class,
        missing.toString());
    refuse(() -> FileChannelBlockStore.open(missing), NoSuchFileException.class, "missing");
    Path folder = Files.createDirectory(directory.resolve("folder"));
    refuse(
        () -> FileChannelBlockStore.openReadOnly(folder),
        IOException.class,
        folder.toString(),
        "neither a regular file nor a block device");
    refuse(() -> FileChannelBlockStore.open(folder), IOException.class, folder.toString());
    assertThat(missing).doesNotExist();
  }

  @Test
  @Tag("A59")
  void filesWithoutPermission() throws Exception {
    Path closed = files.source;
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
    assumeTrue(
        !Files.isReadable(closed), "this user (root?) may open any file, whatever its permissions");
    refuse(
        () -> FileChannelBlockStore.openReadOnly(closed),
        AccessDeniedException.class,
        closed.toString());
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r--------"));
    refuse(
        () -> FileChannelBlockStore.open(closed), AccessDeniedException.class, closed.toString());
  }

  // ---- requests

  private static final long[][] OUTSIDE = {
    {-512, 512},
    {Long.MIN_VALUE, 512},
    {SIZE, 512},
    {SIZE - 512, 1024},
    {SIZE + 512, 0},
    {Long.MAX_VALUE - 511, 512},
    {Long.MAX_VALUE - 511, 1024},
    {1L << 32, 512},
    {(1L << 63) - 4096, 4096},
  };

  private static final long[][] MISALIGNED = {{1, 512}, {512, 1}, {511, 513}, {256, 256}};

  @Test
  @Tag("B9")
  void requestsOutsideTheDeviceAreThrownInTheCallerAndTouchNothing() throws Exception {
    for (long[] range : OUTSIDE) {
      assertRefused(range[0], (int) range[1], "leaves the device, which has " + SIZE + " bytes");
    }
  }

  @Test
  @Tag("B9")
  void misalignedRequestsAreThrownInTheCallerAndTouchNothing() throws Exception {
    for (long[] range : MISALIGNED) {
      assertRefused(range[0], (int) range[1], "is not aligned");
    }
  }

  @Test
  @Tag("B9")
  void discardsWhoseEndOverflowsAreThrownInTheCallerAndTouchNothing() throws Exception {
    Media media = new Media(SIZE, REGION);
    try (CloneDevice device = media.builder().open()) {
      media.journal().clear();
      for (long[] range :
          new long[][] {
            {0, -512},
            {0, Long.MIN_VALUE},
            {512, Long.MAX_VALUE - 511},
            {0, SIZE + 512},
            {SIZE, Long.MAX_VALUE - 511},
            {REGION, 1L << 32},
            {REGION, -REGION}
          }) {
        assertThatThrownBy(() -> device.discard(range[0], range[1]))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContainingAll("discard", Long.toString(range[1]), "leaves the device");
        assertThatThrownBy(() -> device.blocking().discard(range[0], range[1]))
            .isInstanceOf(IllegalArgumentException.class);
      }
      assertThat(device.status().hydratedRegions()).isZero();
      assertThat(media.journal().calls()).isEmpty();
    }
  }

  private static void assertRefused(long offset, int length, String message) throws Exception {
    Media media = new Media(SIZE, REGION);
    try (CloneDevice device = media.builder().open()) {
      media.journal().clear();
      ByteBuffer buffer = ByteBuffer.allocate(length);
      BlockStore blocking = device.blocking();
      FileMedia.Attempt[] attempts = {
        () -> device.read(offset, buffer),
        () -> device.write(offset, buffer),
        () -> device.writeDurably(offset, buffer),
        () -> device.discard(offset, length),
        () -> blocking.read(offset, buffer),
        () -> blocking.write(offset, buffer),
        () -> blocking.writeDurably(offset, buffer),
        () -> blocking.discard(offset, length)
      };
      for (FileMedia.Attempt attempt : attempts) {
        assertThatThrownBy(attempt::run)
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContainingAll(message, Integer.toString(length), Long.toString(offset));
      }
      assertThat(buffer.position()).isZero();
      assertThat(media.journal().calls()).isEmpty();
      assertThat(device.status().hydratedRegions()).isZero();
    }
  }

  @Test
  void aReadOnlyBufferCannotBeReadInto() throws Exception {
    try (CloneDevice device = files.builder().open()) {
      ByteBuffer readOnly = ByteBuffer.allocate(512).asReadOnlyBuffer();
      assertThatThrownBy(() -> device.read(0, readOnly))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("read-only");
      assertThatThrownBy(() -> device.blocking().read(0, readOnly))
          .isInstanceOf(IllegalArgumentException.class);
      device.write(0, readOnly).get();
    }
  }

  @Test
  @Tag("B11")
  void requestsAfterCloseAreRefusedAndTouchNothing() throws Exception {
    files.format();
    files
        .assertRefused(
            () -> {
              CloneDevice device = files.builder().open();
              device.close();
              ByteBuffer buffer = ByteBuffer.allocate(512);
              FileMedia.Attempt[] misuses = {
                () -> device.read(0, buffer),
                () -> device.write(0, buffer),
                () -> device.writeDurably(0, buffer),
                () -> device.discard(0, REGION),
                device::flush,
                device::suspend,
                device::resume,
                device::reopenReadWrite
              };
              for (FileMedia.Attempt misuse : misuses) {
                assertThatIllegalStateException()
                    .isThrownBy(misuse::run)
                    .withMessageContaining("closed");
              }
              BlockStore blocking = device.blocking();
              FileMedia.Attempt[] troubles = {
                () -> blocking.read(0, buffer),
                () -> blocking.write(0, buffer),
                () -> blocking.writeDurably(0, buffer),
                () -> blocking.discard(0, REGION),
                blocking::flush
              };
              for (FileMedia.Attempt trouble : troubles) {
                assertThatThrownBy(trouble::run)
                    .isInstanceOf(BlockIoException.class)
                    .hasCauseInstanceOf(ClosedChannelException.class);
              }
              // What can be seen can be seen still.
              assertThat(device.status().hydratedRegions()).isEqualTo(1);
              device.enableHydration();
              device.close();
              blocking.close();
              throw new IllegalStateException("all were refused");
            })
        .hasMessage("all were refused");
  }
}
