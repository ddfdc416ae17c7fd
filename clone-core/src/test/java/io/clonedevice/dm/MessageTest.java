package io.clonedevice.dm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.clonedevice.dm.Message.DisableHydration;
import io.clonedevice.dm.Message.EnableHydration;
import io.clonedevice.dm.Message.HydrationBatchSize;
import io.clonedevice.dm.Message.HydrationThreshold;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MessageTest {
  @ParameterizedTest
  @Tag("A35")
  @Tag("A37")
  @ValueSource(
      strings = {
        "enable_hydration",
        "Enable_HYDRATION",
        "enable_hydration now",
        " enable_hydration\t1 2"
      })
  void enableHydrationIgnoresLetterCaseAndExtraWords(String text) {
    assertThat(Message.parse(text)).isEqualTo(new EnableHydration());
  }

  @ParameterizedTest
  @Tag("A35")
  @Tag("A37")
  @ValueSource(strings = {"disable_hydration", "DISABLE_hydration", "disable_hydration at once"})
  void disableHydrationIgnoresLetterCaseAndExtraWords(String text) {
    assertThat(Message.parse(text)).isEqualTo(new DisableHydration());
  }

  @ParameterizedTest
  @Tag("A36")
  @CsvSource({"0, 0", "1, 1", "256, 256", "4294967295, 4294967295", "+5, 5", "007, 7"})
  void valuesAreUnsigned32BitDecimals(String word, long value) {
    assertThat(Message.parse("hydration_threshold " + word))
        .isEqualTo(new HydrationThreshold(value));
    assertThat(Message.parse("Hydration_Batch_Size " + word))
        .isEqualTo(new HydrationBatchSize(value));
  }

  @ParameterizedTest
  @Tag("A36")
  @ValueSource(
      strings = {"abc", "4294967296", "-1", "1.0", "0x10", "+", "++1", "18446744073709551617", "٣"})
  void refusesAValueThatIsNoUnsigned32BitDecimal(String word) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Message.parse("hydration_threshold " + word))
        .withMessageStartingWith(
            "Invalid value for argument `hydration_threshold': `" + word + "'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Message.parse("hydration_batch_size " + word))
        .withMessageStartingWith(
            "Invalid value for argument `hydration_batch_size': `" + word + "'");
  }

  @ParameterizedTest
  @Tag("A37")
  @ValueSource(
      strings = {
        "hydration_threshold",
        "hydration_threshold 1 2",
        "hydration_batch_size",
        "hydration_batch_size 1 2",
        "foo",
        "foo bar baz"
      })
  void refusesAWrongNumberOfWords(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Message.parse(text))
        .withMessageStartingWith("Invalid message `" + text.split(" ")[0] + "' with ")
        .withMessageContaining("hydration_threshold N");
  }

  @Test
  @Tag("A37")
  void refusesAnUnknownMessageWithTheKernelsText() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Message.parse("foo bar"))
        .withMessageStartingWith("Unsupported message `foo'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\t\n"})
  void refusesAnEmptyMessage(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Message.parse(text))
        .withMessageStartingWith("Empty message received");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "enable_hydration",
        "disable_hydration",
        "hydration_threshold 0",
        "hydration_batch_size 4294967295"
      })
  void printsTheTextThatItReads(String text) {
    assertThat(Message.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @Tag("A36")
  @ValueSource(longs = {-1, 4294967296L})
  void refusesToMakeAMessageOfAValueOutOfRange(long value) {
    assertThatIllegalArgumentException().isThrownBy(() -> new HydrationThreshold(value));
    assertThatIllegalArgumentException().isThrownBy(() -> new HydrationBatchSize(value));
  }
}
