package io.clonedevice.metadata.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.TestSeed;
import java.io.IOException;
import java.io.StringReader;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MetadataRestoreTest {
  private static final String SIZES = "\"region_size_sectors\":8,\"device_sectors\":800";
  private static final RegionGeometry GEOMETRY = new RegionGeometry(800 * 512, 4096);

  private static MetadataRestore read(String json) throws IOException {
    return MetadataRestore.of(() -> new StringReader(json));
  }

  private static Meaning restored(String json) throws IOException {
    ImageDevice target = new ImageDevice(64);
    read(json).writeTo(target);
    assertThat(MetadataCheck.of(target).faults()).isEmpty();
    return Meaning.of(target);
  }

  private static String dump(ImageDevice device) throws IOException {
    StringBuilder json = new StringBuilder();
    try (CloneMetadata metadata = CloneMetadata.openReadOnly(device)) {
      MetadataDump.of(metadata).writeJson(json);
    }
    return json.toString();
  }

  @Test
  void dumpOfWhatWasRestoredIsTheDump() throws IOException {
    Random random = TestSeed.random();
    for (int round = 0; round < 50; round++) {
      int regions = 1 + random.nextInt(random.nextBoolean() ? 200 : 100_000);
      ImageDevice device = new ImageDevice(64);
      try (CloneMetadata metadata =
          CloneMetadata.open(device, new RegionGeometry(regions * 8192L - 512, 8192))) {
        for (int marks = random.nextInt(8); marks > 0; marks--) {
          int first = random.nextInt(regions);
          metadata.markHydrated(first, 1 + random.nextInt(regions - first));
        }
        metadata.finishCommit(metadata.beginCommit());
      }
      ImageDevice target = new ImageDevice(64);
      read(dump(device)).writeTo(target);
      assertThat(dump(target)).isEqualTo(dump(device));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{" + SIZES + ",\"ranges\":[[0,3],[64,36]]}",
        " { \"device_sectors\" : 800 ,\n\t\"region_size_sectors\" : 8 , \"ranges\" : [ [ 0 , 3 ] ,"
            + " [ 64 , 36 ] ] } \r\n",
        "{" + SIZES + ",\"ranges\":[[0,1],[1,2],[64,36]],\"hydrated\":39,\"regions\":100}",
        "{\"total_blocks\":7,\"used_blocks\":0," + SIZES + ",\"ranges\":[[0,3],[64,36]]}",
      })
  void anyOrderAndSpacingIsTaken(String json) throws IOException {
    BitSet hydrated = new BitSet();
    hydrated.set(0, 3);
    hydrated.set(64, 100);
    assertThat(restored(json)).isEqualTo(new Meaning(GEOMETRY, hydrated));
  }

  @Test
  void noRangesAreTaken() throws IOException {
    assertThat(restored("{" + SIZES + ",\"ranges\":[]}").hydrated().isEmpty()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "[[0,0]]                     | range [0,0] is empty",
        "[[99,2]]                    | range [99,2] ends past the last region, 99",
        "[[100,1]]                   | range [100,1] ends past the last region, 99",
        "[[9223372036854775807,1]]   | ends past the last region",
        "[[1,9223372036854775807]]   | ends past the last region",
        "[[9223372036854775808,1]]   | a number is larger than 9223372036854775807",
        "[[-1,1]]                    | a whole number is expected, not '-'",
        "[[1.0,1]]                   | ',' is expected, not '.'",
        "[[1e1,1]]                   | ',' is expected, not 'e'",
        "[[01,1]]                    | a number begins with 0",
        "[[5,5],[9,1]]               | range [9,1] begins before the end of the range before it,",
        "[[5,5],[0,1]]               | begins before the end of the range before it, region 10",
        "[[5,5],]                    | '[' is expected, not ']'",
        "[[5,5] [20,1]]              | ',' is expected, not '['",
        "[[5]]                       | ',' is expected, not ']'",
        "[[5,1,1]]                   | ']' is expected, not ','",
        "[5,1]                       | '[' is expected, not '5'",
        "[[5,1]                      | ',' is expected, not '}'",
        "null                        | '[' is expected, not 'n'",
      })
  void badRangesAreRefusedWithTheirPlace(String ranges, String reason) {
    assertThatThrownBy(() -> read("{" + SIZES + ",\n\"ranges\":" + ranges + "}"))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("dump, line 2, column ")
        .hasMessageContaining(reason);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "~~                                              | '{' is expected, but the text ends",
        "[]                                              | '{' is expected, not '['",
        "{}                                              | '\"' is expected, not '}'",
        "{\"region_size_sectors\":8}                     | the field \"ranges\" is missing",
        "{\"ranges\":[]}         | the field \"region_size_sectors\" must come before the ranges",
        "{\"region_size_sectors\":8,\"ranges\":[]}  | \"device_sectors\" must come before",
        "{\"speed\":8}                                   | the field \"speed\" is not known",
        "{\"regions\":8,\"regions\":8}                   | the field \"regions\" is there twice",
        "{\"reg\\u0069ons\":8}                           | the name of a known field is expected",
        "{\"regions\" 8}                                 | ':' is expected, not '8'",
        "{\"regions\":\"8\"}                             | a whole number is expected, not '\"'",
        "{\"region_size_sectors\":9,\"device_sectors\":9,\"ranges\":[]} | not a power of 2",
        "{\"region_size_sectors\":8,\"device_sectors\":0,\"ranges\":[]} | Invalid device size: 0",
        "{\"region_size_sectors\":8,\"device_sectors\":17179869185,\"ranges\":[]} | Too many regions",
        "{\"region_size_sectors\":36028797018963968,\"device_sectors\":8,\"ranges\":[]} | more than",
      })
  void badTextIsRefused(String json, String reason) {
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("dump, line 1, column ")
        .hasMessageContaining(reason);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        ",\"hydrated\":4}      | \"hydrated\" is 4, but the ranges hold 3",
        ",\"regions\":99}      | \"regions\" is 99, but the sizes make 100",
        "} {                   | there is more after the end of the object",
        ",\"ranges\":[]}       | the field \"ranges\" is there twice",
        ",\"device_sectors\":8} | the field \"device_sectors\" is there twice",
        "                      | '}' is expected, but the text ends",
      })
  void badRestIsRefused(String rest, String reason) {
    String text = rest == null ? "" : rest;
    assertThatThrownBy(() -> read("{" + SIZES + ",\"ranges\":[[0,3]]" + text))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void everyTextThatIsCutShortIsRefused() {
    String json = "{" + SIZES + ",\"regions\":100,\"ranges\":[[0,3],[64,36]],\"hydrated\":39}";
    for (int length = 0; length < json.length(); length++) {
      String cut = json.substring(0, length);
      assertThatThrownBy(() -> read(cut)).as(cut).isInstanceOf(IOException.class);
    }
  }

  @Test
  void targetWithAnythingOnItIsRefusedUnlessOverwritten() throws IOException {
    ImageDevice target = new ImageDevice(64);
    CloneMetadata.open(target, new RegionGeometry(1 << 20, 4096)).close();
    MetadataRestore restore = read("{" + SIZES + ",\"ranges\":[[0,3]]}");

    assertThatThrownBy(() -> restore.writeTo(target))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("metadata block 0 is not all zeroes");
    assertThat(Meaning.of(target).geometry()).isEqualTo(new RegionGeometry(1 << 20, 4096));

    restore.overwrite(target);
    assertThat(Meaning.of(target).geometry()).isEqualTo(GEOMETRY);
  }

  @Test
  void overwritingThatIsCutShortLeavesNothingThatOpens() throws IOException {
    ImageDevice image = new ImageDevice(64);
    CloneMetadata.open(image, GEOMETRY).close();
    MetadataRestore restore = read("{" + SIZES + ",\"ranges\":[[0,3]]}");
    for (int writes = 1; writes < 7; writes++) {
      ImageDevice target = image.copy();
      target.failAfterWrites(writes);
      assertThatThrownBy(() -> restore.overwrite(target)).hasMessage("injected fault in write");
      assertThatThrownBy(() -> CloneMetadata.open(target, GEOMETRY))
          .hasMessageContaining("Superblock check failed");
    }
  }

  @Test
  void dumpThatChangesBetweenTheReadingsIsNotRestored() throws IOException {
    String[] texts = {"[[0,3]]", "[[0,4]]"};
    int[] opened = new int[1];
    MetadataRestore restore =
        MetadataRestore.of(
            () -> new StringReader("{" + SIZES + ",\"ranges\":" + texts[opened[0]++] + "}"));
    ImageDevice target = new ImageDevice(64);

    assertThatThrownBy(() -> restore.writeTo(target)).hasMessageContaining("changed while");
    assertThat(MetadataCheck.of(target).isSound()).isFalse();
  }
}
