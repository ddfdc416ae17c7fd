package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.RegionGeometry;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.Reader;
import java.util.HashSet;
import java.util.Set;

/**
 * Reads the JSON of a {@link MetadataDump} strictly, a range at a time.
 *
 * <p>One object, its fields once each and in any order, but the two sizes before the ranges; white
 * space where JSON has it; plain whole numbers. Used by one thread.
 */
final class DumpReader implements Closeable {
  private static final int END = -1;

  private final Reader in;
  private final Set<String> seen = new HashSet<>();
  private int character;
  private long line = 1;
  private long column;

  private long regionSectors;
  private long deviceSectors;
  private RegionGeometry geometry;
  private long statedRegions = -1;
  private long statedHydrated = -1;

  private boolean firstRange = true;
  private long first;
  private long end;
  private long hydrated;

  /** Reads up to the first range; closes the reader if that fails. */
  DumpReader(Reader in) throws IOException {
    this.in = new BufferedReader(in);
    try {
      advance();
      skipSpace();
      take('{');
      if (!readFields(true)) {
        throw failure("the field \"" + MetadataDump.RANGES + "\" is missing");
      }
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }

  RegionGeometry geometry() {
    return geometry;
  }

  long first() {
    return first;
  }

  /** Returns the region after the last one of the range. */
  long end() {
    return end;
  }

  /** Returns how many regions the ranges read so far hold. */
  long hydrated() {
    return hydrated;
  }

  /** Goes to the next range; after the last one checks the rest of the text and returns false. */
  boolean next() throws IOException {
    skipSpace();
    if (character == ']') {
      finish();
      return false;
    }
    if (!firstRange) {
      take(',');
      skipSpace();
    }
    firstRange = false;
    take('[');
    long nextFirst = number();
    take(',');
    long count = number();
    long regions = geometry.regionCount();
    String range = "range [" + nextFirst + "," + count + "]";
    if (count < 1) {
      throw failure(range + " is empty; leave it out");
    }
    if (nextFirst >= regions || count > regions - nextFirst) {
      throw failure(range + " ends past the last region, " + (regions - 1));
    }
    if (nextFirst < end) {
      throw failure(range + " begins before the end of the range before it, region " + end);
    }
    take(']');
    first = nextFirst;
    end = nextFirst + count;
    hydrated += count;
    return true;
  }

  private void finish() throws IOException {
    take(']');
    skipSpace();
    if (character == ',') {
      take(',');
      readFields(false);
    } else {
      take('}');
    }
    skipSpace();
    if (character != END) {
      throw failure("there is more after the end of the object");
    }
    if (statedRegions >= 0 && statedRegions != geometry.regionCount()) {
      throw failure(
          "\"regions\" is " + statedRegions + ", but the sizes make " + geometry.regionCount());
    }
    if (statedHydrated >= 0 && statedHydrated != hydrated) {
      throw failure("\"hydrated\" is " + statedHydrated + ", but the ranges hold " + hydrated);
    }
  }

  /** Reads fields to the end of the object, or into the ranges; returns whether it is these. */
  private boolean readFields(boolean rangesAllowed) throws IOException {
    while (true) {
      skipSpace();
      String name = name();
      skipSpace();
      take(':');
      skipSpace();
      if (!seen.add(name)) {
        throw failure("the field \"" + name + "\" is there twice");
      }
      if (rangesAllowed && name.equals(MetadataDump.RANGES)) {
        take('[');
        requireGeometry();
        return true;
      }
      readNumber(name);
      if (character == '}') {
        take('}');
        return false;
      }
      take(',');
    }
  }

  private void readNumber(String name) throws IOException {
    switch (name) {
      case MetadataDump.REGION_SECTORS -> regionSectors = number();
      case MetadataDump.DEVICE_SECTORS -> deviceSectors = number();
      case MetadataDump.REGIONS -> statedRegions = number();
      case MetadataDump.HYDRATED -> statedHydrated = number();
      case MetadataDump.USED_BLOCKS, MetadataDump.TOTAL_BLOCKS -> number(); // of another device
      default -> throw failure("the field \"" + name + "\" is not known");
    }
  }

  private void requireGeometry() throws IOException {
    for (String size : new String[] {MetadataDump.REGION_SECTORS, MetadataDump.DEVICE_SECTORS}) {
      if (!seen.contains(size)) {
        throw failure("the field \"" + size + "\" must come before the ranges");
      }
    }
    long most = Long.MAX_VALUE / RegionGeometry.SECTOR_SIZE;
    if (regionSectors > most || deviceSectors > most) {
      throw failure("a size is more than " + most + " sectors");
    }
    try {
      geometry =
          new RegionGeometry(
              deviceSectors * RegionGeometry.SECTOR_SIZE,
              regionSectors * RegionGeometry.SECTOR_SIZE);
    } catch (IllegalArgumentException e) {
      throw new IOException(failure(e.getMessage()).getMessage(), e);
    }
  }

  // ---- characters

  private String name() throws IOException {
    take('"');
    StringBuilder name = new StringBuilder();
    while (character != '"') {
      if (character < ' ' || character == '\\' || name.length() == 40) {
        throw failure("the name of a known field is expected");
      }
      name.append((char) character);
      advance();
    }
    take('"');
    return name.toString();
  }

  private long number() throws IOException {
    skipSpace();
    if (!isDigit()) {
      throw failure("a whole number is expected" + butFound());
    }
    boolean zero = character == '0';
    long number = 0;
    while (isDigit()) {
      int digit = character - '0';
      if (number > (Long.MAX_VALUE - digit) / 10) {
        throw failure("a number is larger than " + Long.MAX_VALUE);
      }
      number = 10 * number + digit;
      advance();
      if (zero && isDigit()) {
        throw failure("a number begins with 0");
      }
    }
    skipSpace();
    return number;
  }

  private boolean isDigit() {
    return character >= '0' && character <= '9';
  }

  private void skipSpace() throws IOException {
    while (character == ' ' || character == '\t' || character == '\n' || character == '\r') {
      advance();
    }
  }

  private void take(char expected) throws IOException {
    if (character != expected) {
      throw failure("'" + expected + "' is expected" + butFound());
    }
    advance();
  }

  private void advance() throws IOException {
    if (character == '\n') {
      line++;
      column = 0;
    }
    character = in.read();
    column++;
  }

  private String butFound() {
    if (character == END) {
      return ", but the text ends";
    }
    return character > ' ' && character < 0x7F ? ", not '" + (char) character + "'" : "";
  }

  private IOException failure(String reason) {
    return new IOException("dump, line " + line + ", column " + column + ": " + reason);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
