package io.clonedevice;

import java.util.Arrays;

/** What a discard does to a byte array, region by region. */
final class ModelDiscard {
  private ModelDiscard() {}

  /** Zeroes the regions that lie whole in the range; a short last region is whole at its end. */
  static void apply(byte[] model, long offset, long length, int regionSize) {
    for (long start = 0; start < model.length; start += regionSize) {
      long end = Math.min(start + regionSize, model.length);
      if (start >= offset && end <= offset + length) {
        Arrays.fill(model, (int) start, (int) end, (byte) 0);
      }
    }
  }
}
