package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.persistent.MetadataFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Metadata devices that are too small, foreign, damaged or of another clone. */
class BadMetadataTest extends RefusalTest {
  private static final int SUPERBLOCK_SALT = 257649492;

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
}
