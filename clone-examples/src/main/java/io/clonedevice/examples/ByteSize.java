package io.clonedevice.examples;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Numbers of bytes as people write and read them; K, M, G and T are powers of 1024. */
final class ByteSize implements ITypeConverter<Long> {
  private static final Pattern FORM = Pattern.compile("(\\d{1,18})\\s*([KMGT]?)(I?B)?");
  private static final String UNITS = "KMGT";

  @Override
  public Long convert(String text) {
    Matcher matcher = FORM.matcher(text.strip().toUpperCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new TypeConversionException(
          "'" + text + "' is no number of bytes; write it like 65536, 64K or 1M");
    }
    long number = Long.parseLong(matcher.group(1));
    int shift = 10 * (UNITS.indexOf(matcher.group(2)) + 1);
    if (matcher.group(2).isEmpty()) {
      shift = 0;
    }
    if (number > Long.MAX_VALUE >> shift) {
      throw new TypeConversionException(
          "'" + text + "' is too large; at most " + Long.MAX_VALUE + " bytes can be addressed");
    }
    return number << shift;
  }

  /** Formats a number of bytes for people: {@code 1.5 GiB}. */
  static String format(long bytes) {
    double value = bytes;
    int unit = -1;
    while (value >= 1024 && unit + 1 < UNITS.length()) {
      value /= 1024;
      unit++;
    }
    return unit < 0
        ? bytes + " B"
        : String.format(Locale.ROOT, "%.1f %siB", value, UNITS.charAt(unit));
  }

  /** Formats a share of a whole for people, never 100 % before it is all. */
  static String percent(long part, long whole) {
    double percent = whole == 0 ? 100 : 100.0 * part / whole;
    if (part < whole) {
      percent = Math.min(percent, 99.9);
    }
    return String.format(Locale.ROOT, "%.1f %%", percent);
  }
}
