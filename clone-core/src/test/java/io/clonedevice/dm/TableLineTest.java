package io.clonedevice.dm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TableLineTest {
  private static final String PLAIN = "0 32768 clone 7:0 7:1 7:2 8";

  @Test
  @Tag("A28")
  @Tag("A30")
  void optionalArgumentsHaveTheKernelsDefaults() {
    TableLine line = TableLine.parse(PLAIN);

    assertThat(line.startSector()).isZero();
    assertThat(line.sectorCount()).isEqualTo(32768);
    assertThat(line.metadataDevice()).isEqualTo("7:0");
    assertThat(line.destinationDevice()).isEqualTo("7:1");
    assertThat(line.sourceDevice()).isEqualTo("7:2");
    assertThat(line.regionSectors()).isEqualTo(8);
    assertThat(line.regionCount()).isEqualTo(4096);
    assertThat(line.noHydration()).isFalse();
    assertThat(line.noDiscardPassdown()).isFalse();
    assertThat(line.hydrationThreshold()).isEqualTo(1);
    assertThat(line.hydrationBatchSize()).isEqualTo(1);
  }

  @Test
  @Tag("A34")
  void noHydrationIsAFeature() {
    assertThat(TableLine.parse(PLAIN + " 1 no_hydration").noHydration()).isTrue();
    assertThat(TableLine.parse(PLAIN + " 1 no_hydration").noDiscardPassdown()).isFalse();
  }

  @Test
  void noDiscardPassdownIsAFeature() {
    assertThat(TableLine.parse(PLAIN + " 1 no_discard_passdown").noDiscardPassdown()).isTrue();
    assertThat(TableLine.parse(PLAIN + " 1 no_discard_passdown").noHydration()).isFalse();
  }

  @Test
  @Tag("A28")
  @Tag("A30")
  void coreArgumentsAreReadWithoutFeatures() {
    TableLine line =
        TableLine.parse(PLAIN + " 0 4 hydration_batch_size 0 hydration_threshold 4294967295");

    assertThat(line.hydrationThreshold()).isEqualTo(4294967295L);
    assertThat(line.hydrationBatchSize()).isZero();
  }

  @Test
  void theLastOfTwoEqualCoreArgumentsCounts() {
    assertThat(
            TableLine.parse(PLAIN + " 0 4 hydration_threshold 2 hydration_threshold 3")
                .hydrationThreshold())
        .isEqualTo(3);
  }

  @ParameterizedTest
  @Tag("A54")
  @ValueSource(
      strings = {
        "0 32768 clone 7:0 7:1 7:2 8",
        "0 32768 clone 7:0 7:1 7:2 8 1 no_hydration",
        "0 1005 clone 7:0 7:1 7:2 16 2 no_discard_passdown no_hydration",
        "0 32768 clone 7:0 7:1 7:2 8 0",
        "0 32768 clone 7:0 7:1 7:2 8 0 0",
        "0 32768 clone 7:0 7:1 7:2 8 0 2 hydration_batch_size 007",
        "0 32768 clone 7:0 7:1 7:2 8 1 NO_hydration 2 Hydration_Threshold 5",
        "0 32768 clone 7:0 7:1 7:2 8 2 no_hydration no_hydration",
        "0 32768 clone 7:0 7:1 7:2 8 0 0 left over 3",
        "128 32767 clone /dev/meta /dev/new\\ disk /dev/back\\\\slash 8",
      })
  void printsTheArgumentsAsGiven(String text) {
    assertThat(TableLine.parse(text)).hasToString(text);
  }

  @Test
  @Tag("A54")
  void whiteSpaceBetweenWordsIsNotKept() {
    TableLine line = TableLine.parse("\t0  32768 clone 7:0 7:1\u000b7:2 8 \n");

    assertThat(line).hasToString(PLAIN).isEqualTo(TableLine.parse(PLAIN));
  }

  @Test
  void backslashKeepsWhiteSpaceInADeviceName() {
    TableLine line = TableLine.parse("0 8 clone a\\ b c\\\\d e\\f 8");

    assertThat(line.metadataDevice()).isEqualTo("a b");
    assertThat(line.destinationDevice()).isEqualTo("c\\d");
    assertThat(line.sourceDevice()).isEqualTo("ef");
  }

  @Test
  @Tag("A54")
  void builderPrintsNoDefaults() {
    assertThat(TableLine.builder(32768, "7:0", "7:1", "7:2", 8).build()).hasToString(PLAIN);
  }

  @Test
  @Tag("A54")
  void builderPrintsCountsAndValues() {
    TableLine line =
        TableLine.builder(1005, "m", "my disk", "s", 16)
            .startSector(64)
            .noDiscardPassdown()
            .noHydration()
            .hydrationThreshold(0)
            .hydrationBatchSize(9)
            .build();

    assertThat(line)
        .hasToString(
            "64 1005 clone m my\\ disk s 16 2 no_discard_passdown no_hydration"
                + " 4 hydration_threshold 0 hydration_batch_size 9")
        .isEqualTo(TableLine.parse(line.toString()))
        .hasSameHashCodeAs(TableLine.parse(line.toString()));
  }

  @Test
  @Tag("A54")
  void builderPrintsAnEmptyFeatureGroupBeforeCoreArguments() {
    assertThat(TableLine.builder(32768, "7:0", "7:1", "7:2", 8).hydrationThreshold(4).build())
        .hasToString(PLAIN + " 0 2 hydration_threshold 4");
  }

  @Test
  void builderRefusesAnEmptyDeviceName() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TableLine.builder(8, "m", "", "s", 8).build())
        .withMessageContaining("name of a device is empty");
  }

  @ParameterizedTest
  @Tag("A55")
  @Tag("A56")
  @Tag("A58")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          0 8 clone                                       | Invalid number of arguments
          0 8 clone a b c                                 | Invalid number of arguments
          0 8 clone a b c 0                               | Invalid region size
          0 8 clone a b c 4                               | Invalid region size
          0 8 clone a b c 7                               | Invalid region size
          0 8 clone a b c 2097153                         | Invalid region size
          0 8 clone a b c 4194304                         | Invalid region size
          0 8 clone a b c 4294967304                      | Invalid region size
          0 8 clone a b c abc                             | Invalid region size
          0 8 clone a b c -8                              | Invalid region size
          0 8 clone a b c +8                              | Invalid region size
          0 8 clone a b c 8x                              | Invalid region size
          0 8 clone a b c 0x8                             | Invalid region size
          0 8 clone a b c 12                              | Region size is not a power of 2
          0 17179869185 clone a b c 8                     | Too many regions. Consider increasing the region size
          0 9223372036854775807 clone a b c 8             | Too many regions. Consider increasing the region size
          0 8 clone a b c 8 3 a b c                       | Invalid number of feature arguments
          0 8 clone a b c 8 9                             | Invalid number of feature arguments
          0 8 clone a b c 8 2 no_hydration                | Invalid number of feature arguments
          0 8 clone a b c 8 no_hydration                  | Invalid number of feature arguments
          0 8 clone a b c 8 -1                            | Invalid number of feature arguments
          0 8 clone a b c 8 1 hydrate                     | Invalid feature argument
          0 8 clone a b c 8 0 5 a b c d e                 | Invalid number of core arguments
          0 8 clone a b c 8 0 2 hydration_threshold       | Invalid number of core arguments
          0 8 clone a b c 8 0 x                           | Invalid number of core arguments
          0 8 clone a b c 8 0 1 hydration_threshold       | Number of core arguments must be even
          0 8 clone a b c 8 0 3 hydration_threshold 1 hydration_batch_size | Number of core arguments must be even
          0 8 clone a b c 8 0 2 speed 1                   | Invalid core argument
          0 8 clone a b c 8 0 2 hydration_threshold abc   | Invalid value for argument `hydration_threshold'
          0 8 clone a b c 8 0 2 hydration_threshold 4294967296 | Invalid value for argument `hydration_threshold'
          0 8 clone a b c 8 0 2 hydration_batch_size -1   | Invalid value for argument `hydration_batch_size'
          0 8 clone a b c 8 0 2 HYDRATION_BATCH_SIZE 1.5  | Invalid value for argument `hydration_batch_size'
          0 8 linear a b c 8                              | Unknown target type: `linear'
          0 8 Clone a b c 8                               | Unknown target type: `Clone'
          -1 8 clone a b c 8                              | Invalid start: `-1'
          0 eight clone a b c 8                           | Invalid length: `eight'
          0 9223372036854775808 clone a b c 8             | Invalid length: `9223372036854775808'
          0 18446744073709551624 clone a b c 8            | Invalid length: `18446744073709551624'
          0 0 clone a b c 8                               | Invalid range
          9223372036854775807 8 clone a b c 8             | Invalid range
          """)
  void refusesWithTheKernelsText(String text, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TableLine.parse(text))
        .withMessageStartingWith(message);
  }

  @ParameterizedTest
  @Tag("A58")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0 17179869185 clone a b c 12 9 x                | Region size is not a power of 2
          0 17179869185 clone a b c 8 9 x                 | Too many regions
          0 8 clone a b c 8 1 hydrate 9                   | Invalid feature argument
          0 8 clone a b c 8 1 no_hydration 9              | Invalid number of core arguments
          """)
  void reportsTheFirstFaultInTheKernelsOrder(String text, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TableLine.parse(text))
        .withMessageStartingWith(message);
  }

  @ParameterizedTest
  @Tag("A55")
  @ValueSource(ints = {8, 16, 1 << 20, 2097152})
  void acceptsEveryPowerOfTwoInRangeEvenForADeviceOfOneSector(int regionSectors) {
    TableLine line = TableLine.parse("0 1 clone a b c " + regionSectors);

    assertThat(line.regionSectors()).isEqualTo(regionSectors);
    assertThat(line.regionCount()).isEqualTo(1);
  }

  @Test
  @Tag("A56")
  void acceptsTheLargestNumberOfRegions() {
    assertThat(TableLine.parse("0 17179869184 clone a b c 8").regionCount()).isEqualTo(1L << 31);
    assertThat(TableLine.parse("0 4503599627370496 clone a b c 2097152").regionCount())
        .isEqualTo(1L << 31);
  }

  @Test
  void acceptsALengthThatCutsTheLastRegionShort() {
    assertThat(TableLine.parse("0 32767 clone a b c 8").regionCount()).isEqualTo(4096);
  }

  @ParameterizedTest
  @Tag("A57")
  @CsvSource({
    "32767, 32768, Device size larger than destination device",
    "32768, 32767, Device size larger than source device",
    "32767, 32767, Device size larger than destination device",
  })
  void refusesDevicesThatAreTooSmall(long destination, long source, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TableLine.parse(PLAIN).checkDevices(destination, 512, source, 512))
        .withMessageStartingWith(message)
        .withMessageContainingAll("32768", "32767");
  }

  @ParameterizedTest
  @Tag("A55")
  @CsvSource({"8192, 512", "512, 8192"})
  void refusesARegionSmallerThanALogicalBlock(int destinationBlock, int sourceBlock) {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> TableLine.parse(PLAIN).checkDevices(32768, destinationBlock, 32768, sourceBlock))
        .withMessageStartingWith(
            "Region size is not a multiple of device logical block size: 4096 bytes");
  }

  @Test
  @Tag("A57")
  void acceptsDevicesOfTheSameSizeOrLarger() {
    TableLine line = TableLine.parse(PLAIN);

    line.checkDevices(32768, 4096, 32768, 4096);
    line.checkDevices(32769, 512, Long.MAX_VALUE, 4096);

    assertThat(line.sectorCount()).isEqualTo(32768);
  }
}
