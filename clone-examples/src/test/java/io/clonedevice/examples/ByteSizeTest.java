package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class ByteSizeTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "4096, 4096",
    "64K, 65536",
    "64k, 65536",
    "1M, 1048576",
    "1MiB, 1048576",
    "2gb, 2147483648",
    "3 T, 3298534883328",
    "8B, 8",
    "8388607T, 9223370937343148032",
  })
  void readsPlainAndAbbreviatedNumbers(String text, long bytes) {
    assertThat(new ByteSize().convert(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "K", "-1", "1.5M", "64Q", "8388608T", "9999999999999999999"})
  void refusesOtherTexts(String text) {
    assertThatThrownBy(() -> new ByteSize().convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageStartingWith("'" + text + "' is ");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1.0 KiB",
    "1572864, 1.5 MiB",
    "9223372036854775807, 8388608.0 TiB",
  })
  void formatsForPeople(long bytes, String text) {
    assertThat(ByteSize.format(bytes)).isEqualTo(text);
  }

  @Test
  void nothingButAllIs100Percent() {
    assertThat(ByteSize.percent(999_999, 1_000_000)).isEqualTo("99.9 %");
    assertThat(ByteSize.percent(1_000_000, 1_000_000)).isEqualTo("100.0 %");
  }
}
