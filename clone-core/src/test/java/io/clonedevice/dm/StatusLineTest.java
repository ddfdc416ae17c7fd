package io.clonedevice.dm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.clonedevice.dm.StatusLine.Counters;
import io.clonedevice.dm.StatusLine.Failed;
import io.clonedevice.dm.StatusLine.Unreadable;
import io.clonedevice.metadata.MetadataMode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StatusLineTest {
  private static final String FRESH =
      "0 32768 clone 8 6/1024 8 0/4096 0 1 no_hydration"
          + " 4 hydration_threshold 1 hydration_batch_size 1 rw";

  @ParameterizedTest
  @Tag("A49")
  @Tag("A50")
  @Tag("A53")
  @ValueSource(
      strings = {
        FRESH,
        "0 1005 clone 8 6/256 16 62/63 0 2 no_hydration no_discard_passdown 4 hydration_threshold 1 hydration_batch_size 1 rw",
        "0 1005 clone 8 6/256 16 5/63 4 0 4 hydration_threshold 4 hydration_batch_size 1 rw",
        "0 32768 clone 8 6/256 8 56/4096 4 0 4 hydration_threshold 4 hydration_batch_size 2 rw",
        "0 32768 clone 8 6/256 8 124/4096 0 0 4 hydration_threshold 4 hydration_batch_size 2 rw",
        "0 32768 clone 8 6/1024 8 4096/4096 0 0 4 hydration_threshold 3 hydration_batch_size 1 rw",
        "0 1005 clone 8 6/256 16 2/63 0 1 no_hydration 4 hydration_threshold 1 hydration_batch_size 1 ro",
        "0 1005 clone Fail",
        "0 1005 clone Error",
        "8 8 clone 8 0/0 2097152 0/1 1 1 no_discard_passdown 4 hydration_threshold 4294967295 hydration_batch_size 0 rw",
      })
  void everyStatusLineOfTheKernelIsReadAndPrintedTheSame(String text) {
    assertThat(StatusLine.parse(text)).hasToString(text);
  }

  @Test
  @Tag("A49")
  @Tag("A52")
  @Tag("A53")
  void eachWordMeansOneValue() {
    assertThat(
            StatusLine.parse(
                "1 32760 clone 8 2/3 16 4/2048 5 2 no_hydration no_discard_passdown"
                    + " 4 hydration_threshold 6 hydration_batch_size 7 ro"))
        .isEqualTo(
            new Counters(1, 32760, 2, 3, 16, 4, 5, true, true, 6, 7, MetadataMode.READ_ONLY));
  }

  @Test
  @Tag("A49")
  @Tag("A52")
  @Tag("A53")
  void printsFeaturesOnlyWhenOnAndBothCoreArgumentsAlways() {
    assertThat(new Counters(0, 1005, 6, 256, 16, 5, 4, false, false, 4, 1, MetadataMode.READ_WRITE))
        .hasToString(
            "0 1005 clone 8 6/256 16 5/63 4 0 4 hydration_threshold 4 hydration_batch_size 1 rw");
    assertThat(new Counters(0, 1005, 6, 256, 16, 5, 4, false, true, 4, 1, MetadataMode.READ_WRITE))
        .hasToString(
            "0 1005 clone 8 6/256 16 5/63 4 1 no_discard_passdown"
                + " 4 hydration_threshold 4 hydration_batch_size 1 rw");
  }

  @Test
  @Tag("A50")
  void failAndErrorStandForTheWholeStatus() {
    assertThat(StatusLine.parse("0 1005 clone Fail")).isEqualTo(new Failed(0, 1005));
    assertThat(StatusLine.parse("0 1005 clone Error")).isEqualTo(new Unreadable(0, 1005));
  }

  @Test
  @Tag("A50")
  void countersAreRefusedInModeFail() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Counters(0, 8, 0, 0, 8, 0, 0, false, false, 1, 1, MetadataMode.FAIL))
        .withMessageContaining("StatusLine.Failed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      nullValues = "never",
      textBlock =
          """
          ""                             | expected the start in sectors as word 1, found the end of the line
          0 32768 linear                 | expected `clone' as word 3, found `linear'
          0 32768 clone                  | expected `8' as word 4, found the end of the line
          0 32768 clone Fail 8           | expected the end of the line as word 5, found `8'
          0 32768 clone 16 6/1024        | expected `8' as word 4, found `16'
          0 32768 clone 8 6              | expected used/total metadata blocks as word 5, found `6'
          0 32768 clone 8 6/1024 8 0/x   | expected hydrated/all regions as word 7, found `0/x'
          0 32768 clone 8 6/1024 8 0/4096 0 2 no_hydration 4 | expected 2 features
          0 32768 clone 8 6/1024 8 0/4096 0 0 4 hydration_threshold 1 hydration_batch_size 1 Fail | expected rw or ro
          0 32768 clone 8 6/1024 8 0/4096 0 0 4 hydration_threshold 1 hydration_batch_size 1 rw x | expected the end of the line
          0 32768 clone 8 7/6 8 0/4096 0 0 4 hydration_threshold 1 hydration_batch_size 1 rw | Invalid number of used metadata blocks: 7
          0 32768 clone 8 6/6 8 4097/4096 0 0 4 hydration_threshold 1 hydration_batch_size 1 rw | Invalid number of hydrated regions: 4097
          0 32768 clone 8 6/6 8 0/4096 4097 0 4 hydration_threshold 1 hydration_batch_size 1 rw | Invalid number of regions being copied: 4097
          0 32768 clone 8 6/6 8 0/4095 0 0 4 hydration_threshold 1 hydration_batch_size 1 rw | 4095 regions, but 32768 sectors are 4096
          0 32768 clone 8 6/6 12 0/4095 0 0 4 hydration_threshold 1 hydration_batch_size 1 rw | Region size is not a power of 2
          0 32768 clone 8 6/6 8 0/4096 0 0 4 hydration_threshold 4294967296 hydration_batch_size 1 rw | Invalid value for argument `hydration_threshold'
          """)
  void refusesWhatDmCloneNeverPrints(String text, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> StatusLine.parse(text))
        .withMessageContaining(message);
  }
}
