package io.clonedevice.dm;

import java.util.ArrayList;
import java.util.List;

/**
 * Words of a device-mapper text: separated by white space, a backslash takes the character after it
 * literally.
 */
final class Words {
  /** Largest value of the kernel's unsigned 32 bit numbers. */
  static final long MAX_UNSIGNED_32 = 0xFFFF_FFFFL;

  private Words() {}

  static List<String> split(String text) {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    boolean inWord = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (isSpace(c)) {
        if (inWord) {
          words.add(word.toString());
          word.setLength(0);
          inWord = false;
        }
        continue;
      }
      if (c == '\\' && i + 1 < text.length()) {
        c = text.charAt(++i);
      }
      word.append(c);
      inWord = true;
    }
    if (inWord) {
      words.add(word.toString());
    }
    return words;
  }

  /** The inverse of {@link #split} for words that are not empty. */
  static String join(List<String> words) {
    StringBuilder text = new StringBuilder();
    for (String word : words) {
      if (!text.isEmpty()) {
        text.append(' ');
      }
      for (int i = 0; i < word.length(); i++) {
        char c = word.charAt(i);
        if (c == '\\' || isSpace(c)) {
          text.append('\\');
        }
        text.append(c);
      }
    }
    return text.toString();
  }

  /**
   * Reads an unsigned decimal number: digits only, leading zeroes allowed.
   *
   * @return the number, or -1 if the word is none or is larger than {@code max}
   */
  static long unsigned(String word, long max) {
    if (word.isEmpty()) {
      return -1;
    }
    long value = 0;
    for (int i = 0; i < word.length(); i++) {
      int digit = word.charAt(i) - '0';
      if (digit < 0 || digit > 9 || value > max / 10 || value * 10 > max - digit) {
        return -1;
      }
      value = value * 10 + digit;
    }
    return value;
  }

  /** The characters that the kernel separates words at. */
  private static boolean isSpace(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
  }
}
