package io.clonedevice.dm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/**
 * Texts that are nearly right: made by a grammar or taken from a corpus, then damaged.
 *
 * <p>The corpus of a form is {@code corpus/FORM.txt} in the test resources, a text a line: one of
 * each outcome that was ever found, and every text that once was treated badly. {@code \\n} in it
 * stands for a new line, {@code \\0} for the character 0.
 */
final class DamagedTexts {
  /** Characters that mean something to a parser, and some that mean nothing to any. */
  private static final String ALPHABET =
      "0123456789 \t\n/\\:-+.`'xclone_Fhydration\0\u00e9\u0663\uD83D";

  private static final String[] NUMBERS = {
    "0",
    "1",
    "-1",
    "+1",
    "007",
    "8",
    "4294967295",
    "4294967296",
    "2147483648",
    "2097152",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "1e3",
    "0x8",
    "\u0663"
  };

  private final List<String> corpus;
  private final Supplier<String> grammar;
  private final Random random;

  private DamagedTexts(List<String> corpus, Supplier<String> grammar, Random random) {
    this.corpus = corpus;
    this.grammar = grammar;
    this.random = random;
  }

  static DamagedTexts of(String form, Supplier<String> grammar, Random random) throws IOException {
    try (InputStream in = DamagedTexts.class.getResourceAsStream("/corpus/" + form + ".txt")) {
      List<String> corpus = new ArrayList<>();
      new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .map(line -> line.replace("\\n", "\n").replace("\\0", "\0"))
          .forEach(corpus::add);
      return new DamagedTexts(corpus, grammar, random);
    }
  }

  List<String> corpus() {
    return corpus;
  }

  String next() {
    String text = random.nextInt(3) == 0 ? anyOfCorpus() : grammar.get();
    for (int damages = random.nextInt(4); damages > 0; damages--) {
      text = random.nextBoolean() ? damageWords(text) : damageCharacters(text);
    }
    return text;
  }

  private String anyOfCorpus() {
    return corpus.get(random.nextInt(corpus.size()));
  }

  private String damageWords(String text) {
    List<String> words = new ArrayList<>(List.of(text.split(" ", -1)));
    int at = random.nextInt(words.size());
    switch (random.nextInt(7)) {
      case 0 -> words.remove(at);
      case 1 -> words.add(at, words.get(random.nextInt(words.size())));
      case 2 -> words.set(at, NUMBERS[random.nextInt(NUMBERS.length)]);
      case 3 -> words.set(at, words.get(at).toUpperCase(java.util.Locale.ROOT));
      case 4 -> words.set(at, words.get(at).repeat(1 << random.nextInt(10)));
      case 5 -> {
        String[] others = anyOfCorpus().split(" ", -1);
        words.subList(at, words.size()).clear();
        words.addAll(List.of(others).subList(Math.min(at, others.length), others.length));
      }
      default -> words.add(at, "");
    }
    return String.join(" ", words);
  }

  private String damageCharacters(String valid) {
    StringBuilder text = new StringBuilder(valid);
    if (text.isEmpty()) {
      return text.append(character(random)).toString();
    }
    int at = random.nextInt(text.length());
    int end = Math.min(text.length(), at + 1 + random.nextInt(6));
    switch (random.nextInt(5)) {
      case 0 -> text.setCharAt(at, character(random));
      case 1 -> text.insert(at, character(random));
      case 2 -> text.delete(at, end);
      case 3 -> text.insert(at, text.substring(at, end));
      default -> text.setLength(at);
    }
    return text.toString();
  }

  static char character(Random random) {
    return ALPHABET.charAt(random.nextInt(ALPHABET.length()));
  }

  /** The text as a report can show it: one ends at a character 0, or at half a surrogate. */
  static String visible(String text) {
    StringBuilder shown = new StringBuilder();
    for (char c : text.toCharArray()) {
      shown.append(c < ' ' || c > '~' ? String.format("\\u%04x", (int) c) : String.valueOf(c));
    }
    return shown.toString();
  }

  /** Whether a refusal quotes the text or a word of it, or says how many there are. */
  static boolean isNamedBy(String text, String message) {
    List<String> words = Words.split(text);
    return words.isEmpty()
        ? !message.isBlank()
        : message.contains(text)
            || words.stream().anyMatch(message::contains)
            || message.chars().anyMatch(Character::isDigit);
  }
}
