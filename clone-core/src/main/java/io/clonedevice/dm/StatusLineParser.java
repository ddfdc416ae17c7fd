package io.clonedevice.dm;

import io.clonedevice.dm.StatusLine.Counters;
import io.clonedevice.dm.StatusLine.Failed;
import io.clonedevice.dm.StatusLine.Unreadable;
import io.clonedevice.metadata.MetadataMode;
import java.util.List;

/** Takes a status line's words one after the other. */
final class StatusLineParser {
  private final String text;
  private final List<String> words;
  private int next;

  StatusLineParser(String text) {
    this.text = text;
    this.words = Words.split(text);
  }

  static String prefix(long startSector, long sectorCount) {
    return startSector + " " + sectorCount + " " + Names.CLONE;
  }

  StatusLine parse() {
    long startSector = number("the start in sectors");
    long sectorCount = number("the length in sectors");
    expect(Names.CLONE);
    StatusLine line;
    if (accept(Failed.WORD)) {
      line = new Failed(startSector, sectorCount);
    } else if (accept(Unreadable.WORD)) {
      line = new Unreadable(startSector, sectorCount);
    } else {
      line = counters(startSector, sectorCount);
    }
    if (next < words.size()) {
      throw bad("the end of the line");
    }
    return line;
  }

  private Counters counters(long startSector, long sectorCount) {
    expect(Integer.toString(Counters.METADATA_BLOCK_SECTORS));
    long[] blocks = fraction("used/total metadata blocks");
    long regionSectors = number("the region size in sectors");
    long[] regions = fraction("hydrated/all regions");
    long hydratingRegions = number("the number of regions being copied");
    long featureCount = number("the number of features");
    boolean noHydration = accept(Names.NO_HYDRATION);
    boolean noDiscardPassdown = accept(Names.NO_DISCARD_PASSDOWN);
    if (featureCount != (noHydration ? 1 : 0) + (noDiscardPassdown ? 1 : 0)) {
      throw bad(
          featureCount
              + " features out of "
              + Names.NO_HYDRATION
              + " and "
              + Names.NO_DISCARD_PASSDOWN
              + " before this");
    }
    expect("4");
    expect(Names.HYDRATION_THRESHOLD);
    long threshold = number("the hydration threshold");
    expect(Names.HYDRATION_BATCH_SIZE);
    long batchSize = number("the hydration batch size");
    MetadataMode mode;
    if (accept(MetadataMode.READ_WRITE.statusWord())) {
      mode = MetadataMode.READ_WRITE;
    } else if (accept(MetadataMode.READ_ONLY.statusWord())) {
      mode = MetadataMode.READ_ONLY;
    } else {
      throw bad("rw or ro");
    }
    Counters line =
        new Counters(
            startSector,
            sectorCount,
            blocks[0],
            blocks[1],
            regionSectors,
            regions[0],
            hydratingRegions,
            noHydration,
            noDiscardPassdown,
            threshold,
            batchSize,
            mode);
    if (regions[1] != line.regionCount()) {
      throw new IllegalArgumentException(
          "Invalid status line: it says "
              + regions[1]
              + " regions, but "
              + sectorCount
              + " sectors are "
              + line.regionCount()
              + " regions of "
              + regionSectors);
    }
    return line;
  }

  private void expect(String word) {
    if (!accept(word)) {
      throw bad("`" + word + "'");
    }
  }

  private boolean accept(String word) {
    if (next < words.size() && words.get(next).equals(word)) {
      next++;
      return true;
    }
    return false;
  }

  private long number(String what) {
    long value = next < words.size() ? Words.unsigned(words.get(next), Long.MAX_VALUE) : -1;
    if (value < 0) {
      throw bad(what);
    }
    next++;
    return value;
  }

  private long[] fraction(String what) {
    String word = next < words.size() ? words.get(next) : "";
    int slash = word.indexOf('/');
    if (slash < 0) {
      throw bad(what);
    }
    long numerator = Words.unsigned(word.substring(0, slash), Long.MAX_VALUE);
    long denominator = Words.unsigned(word.substring(slash + 1), Long.MAX_VALUE);
    if (numerator < 0 || denominator < 0) {
      throw bad(what);
    }
    next++;
    return new long[] {numerator, denominator};
  }

  private IllegalArgumentException bad(String expected) {
    String found = next < words.size() ? "`" + words.get(next) + "'" : "the end of the line";
    return new IllegalArgumentException(
        "Invalid status line: expected "
            + expected
            + " as word "
            + (next + 1)
            + ", found "
            + found
            + "; the line is `"
            + text
            + "'");
  }
}
