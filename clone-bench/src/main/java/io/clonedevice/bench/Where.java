package io.clonedevice.bench;

/**
 * A medium and a length of requests, in one parameter of a benchmark: not every combination is
 * worth the time.
 */
record Where(Medium medium, int length) {
  /** Reads, for example, {@code file-64K}. */
  static Where parse(String text) {
    int dash = text.indexOf('-');
    String number = text.substring(dash + 1, text.length() - 1);
    int shift = text.endsWith("M") ? 20 : 10;
    return new Where(Medium.named(text.substring(0, dash)), Integer.parseInt(number) << shift);
  }
}
