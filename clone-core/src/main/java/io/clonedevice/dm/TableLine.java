package io.clonedevice.dm;

import static io.clonedevice.dm.Words.MAX_UNSIGNED_32;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A table line: how a clone device is made.
 *
 * <pre>
 * start length clone metadata destination source region-size
 *     [#feature-args [no_hydration] [no_discard_passdown]
 *      [#core-args [hydration_threshold N] [hydration_batch_size N]]]
 * </pre>
 *
 * <p>Start, length and region size are sectors of 512 bytes. A table line keeps its arguments as
 * they were given: {@link #toString()} fills in no default, and later messages to the device do not
 * change it. Words left over at the end are kept and mean nothing.
 *
 * <p>White space in a device's name is written with a backslash before it. Numbers are unsigned
 * decimal; those above 32 bits are refused where the kernel would cut them off.
 *
 * <p>Immutable.
 */
public final class TableLine {
  private static final int FIRST_FEATURE = 5;

  private final long startSector;
  private final long sectorCount;

  /** Metadata, destination, source, region size and so on, as given. */
  private final List<String> arguments;

  private final int regionSectors;
  private final boolean noHydration;
  private final boolean noDiscardPassdown;
  private final long hydrationThreshold;
  private final long hydrationBatchSize;

  private TableLine(long startSector, long sectorCount, List<String> arguments) {
    Limits.checkRange(startSector, sectorCount);
    if (arguments.size() < 4) {
      throw new IllegalArgumentException(
          "Invalid number of arguments: "
              + arguments.size()
              + "; give at least metadata, destination and source device and the region size");
    }
    long region = Words.unsigned(arguments.get(3), MAX_UNSIGNED_32);
    if (region < 0) {
      throw Limits.invalidRegionSize(arguments.get(3));
    }
    Limits.checkRegions(sectorCount, region);

    this.startSector = startSector;
    this.sectorCount = sectorCount;
    this.arguments = List.copyOf(arguments);
    this.regionSectors = (int) region;

    List<String> features = group(4, "feature", 2);
    this.noHydration = features.stream().anyMatch(Names.NO_HYDRATION::equalsIgnoreCase);
    this.noDiscardPassdown =
        features.stream().anyMatch(Names.NO_DISCARD_PASSDOWN::equalsIgnoreCase);
    for (String feature : features) {
      if (!feature.equalsIgnoreCase(Names.NO_HYDRATION)
          && !feature.equalsIgnoreCase(Names.NO_DISCARD_PASSDOWN)) {
        throw new IllegalArgumentException(
            "Invalid feature argument: `"
                + feature
                + "'; there are "
                + Names.NO_HYDRATION
                + " and "
                + Names.NO_DISCARD_PASSDOWN);
      }
    }

    List<String> core = group(FIRST_FEATURE + features.size(), "core", 4);
    if (core.size() % 2 != 0) {
      throw new IllegalArgumentException(
          "Number of core arguments must be even: "
              + core.size()
              + "; give each one a name and a value");
    }
    long threshold = 1;
    long batchSize = 1;
    for (int i = 0; i < core.size(); i += 2) {
      String name = core.get(i).toLowerCase(Locale.ROOT);
      switch (name) {
        case Names.HYDRATION_THRESHOLD -> threshold = setting(name, core.get(i + 1));
        case Names.HYDRATION_BATCH_SIZE -> batchSize = setting(name, core.get(i + 1));
        default ->
            throw new IllegalArgumentException(
                "Invalid core argument: `"
                    + core.get(i)
                    + "'; there are "
                    + Names.HYDRATION_THRESHOLD
                    + " and "
                    + Names.HYDRATION_BATCH_SIZE);
      }
    }
    this.hydrationThreshold = threshold;
    this.hydrationBatchSize = batchSize;
  }

  /**
   * Reads a table line.
   *
   * @param text the line
   * @return the line
   * @throws IllegalArgumentException if it is none; the message begins with the kernel's text for
   *     the first fault in the kernel's order of checks, and names the word and the remedy
   */
  public static TableLine parse(String text) {
    List<String> words = Words.split(text);
    if (words.size() < 3) {
      throw new IllegalArgumentException(
          "Invalid number of arguments: a table line begins with start, length and `clone', not `"
              + text
              + "'");
    }
    long startSector = sectors("start", words.get(0));
    long sectorCount = sectors("length", words.get(1));
    if (!words.get(2).equals(Names.CLONE)) {
      throw new IllegalArgumentException(
          "Unknown target type: `" + words.get(2) + "'; only `clone' is known");
    }
    return new TableLine(startSector, sectorCount, words.subList(3, words.size()));
  }

  /**
   * Begins a table line from values; it starts at sector 0 unless told otherwise.
   *
   * @param sectorCount length of the device in sectors; positive
   * @param metadataDevice name of the metadata device; not empty
   * @param destinationDevice name of the destination device; not empty
   * @param sourceDevice name of the source device; not empty
   * @param regionSectors region size in sectors; power of two, 8 to 2097152
   * @return a builder; the values are checked when it builds
   */
  public static Builder builder(
      long sectorCount,
      String metadataDevice,
      String destinationDevice,
      String sourceDevice,
      long regionSectors) {
    return new Builder(
        sectorCount, List.of(metadataDevice, destinationDevice, sourceDevice), regionSectors);
  }

  /**
   * Returns where the device begins in its table.
   *
   * @return sectors, {@code >= 0}
   */
  public long startSector() {
    return startSector;
  }

  /**
   * Returns the length of the device.
   *
   * @return sectors, positive
   */
  public long sectorCount() {
    return sectorCount;
  }

  /**
   * Returns the name of the metadata device.
   *
   * @return a path or {@code major:minor}, as given
   */
  public String metadataDevice() {
    return arguments.get(0);
  }

  /**
   * Returns the name of the destination device.
   *
   * @return a path or {@code major:minor}, as given
   */
  public String destinationDevice() {
    return arguments.get(1);
  }

  /**
   * Returns the name of the source device.
   *
   * @return a path or {@code major:minor}, as given
   */
  public String sourceDevice() {
    return arguments.get(2);
  }

  /**
   * Returns the size of a region.
   *
   * @return sectors; power of two, 8 to 2097152
   */
  public int regionSectors() {
    return regionSectors;
  }

  /**
   * Returns the number of regions, a short last one included.
   *
   * @return 1 to 2^31
   */
  public long regionCount() {
    return Limits.regionCount(sectorCount, regionSectors);
  }

  /**
   * Returns whether the device starts with background hydration off.
   *
   * @return whether {@code no_hydration} was given
   */
  public boolean noHydration() {
    return noHydration;
  }

  /**
   * Returns whether discards are kept from the destination.
   *
   * @return whether {@code no_discard_passdown} was given
   */
  public boolean noDiscardPassdown() {
    return noDiscardPassdown;
  }

  /**
   * Returns how many regions background hydration may copy at once.
   *
   * @return 0 to 4294967295; 1 if it was not given
   */
  public long hydrationThreshold() {
    return hydrationThreshold;
  }

  /**
   * Returns how many adjacent regions are joined into one copy.
   *
   * @return 0 (the same as 1) to 4294967295; 1 if it was not given
   */
  public long hydrationBatchSize() {
    return hydrationBatchSize;
  }

  /**
   * Checks that devices are good for this line; both may be larger than the clone device.
   *
   * @param destinationSectors size of the destination in sectors
   * @param destinationBlockSize logical block size of the destination in bytes
   * @param sourceSectors size of the source in sectors
   * @param sourceBlockSize logical block size of the source in bytes
   * @throws IllegalArgumentException if one is too small (the destination is checked first), or the
   *     region size is no multiple of a logical block size; the message begins with the kernel's
   *     text and names both sizes
   */
  public void checkDevices(
      long destinationSectors, int destinationBlockSize, long sourceSectors, int sourceBlockSize) {
    checkSize("destination", destinationSectors);
    checkSize("source", sourceSectors);
    checkBlockSize("destination", destinationBlockSize);
    checkBlockSize("source", sourceBlockSize);
  }

  private void checkSize(String device, long deviceSectors) {
    if (sectorCount > deviceSectors) {
      throw new IllegalArgumentException(
          "Device size larger than "
              + device
              + " device: "
              + sectorCount
              + " sectors, the "
              + device
              + " has "
              + deviceSectors
              + "; shorten the table or grow the "
              + device);
    }
  }

  private void checkBlockSize(String device, int blockSize) {
    if (regionSectors * 512L % blockSize != 0) {
      throw new IllegalArgumentException(
          "Region size is not a multiple of device logical block size: "
              + regionSectors * 512L
              + " bytes, the "
              + device
              + " has blocks of "
              + blockSize
              + "; choose a larger region size");
    }
  }

  /**
   * Returns the line that {@link #parse} reads: the arguments as given, one space between words.
   */
  @Override
  public String toString() {
    return startSector + " " + sectorCount + " " + Names.CLONE + " " + Words.join(arguments);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TableLine that
        && that.startSector == startSector
        && that.sectorCount == sectorCount
        && that.arguments.equals(arguments);
  }

  @Override
  public int hashCode() {
    return Arrays.asList(startSector, sectorCount, arguments).hashCode();
  }

  /** A counted group of arguments that begins with its count; none if the line ends before it. */
  private List<String> group(int countIndex, String kind, int max) {
    if (countIndex >= arguments.size()) {
      return List.of();
    }
    String word = arguments.get(countIndex);
    int following = arguments.size() - countIndex - 1;
    long count = Words.unsigned(word, max);
    if (count < 0 || count > following) {
      throw new IllegalArgumentException(
          "Invalid number of "
              + kind
              + " arguments: `"
              + word
              + "' with "
              + following
              + " words after it; give their count, at most "
              + max
              + ", then as many words");
    }
    return arguments.subList(countIndex + 1, countIndex + 1 + (int) count);
  }

  private static long setting(String name, String word) {
    long value = Words.unsigned(word, MAX_UNSIGNED_32);
    if (value < 0) {
      throw Limits.invalidValue(name, word);
    }
    return value;
  }

  private static long sectors(String what, String word) {
    long value = Words.unsigned(word, Long.MAX_VALUE);
    if (value < 0) {
      throw new IllegalArgumentException(
          "Invalid "
              + what
              + ": `"
              + word
              + "'; give a decimal number of sectors from 0 to "
              + Long.MAX_VALUE);
    }
    return value;
  }

  /** Collects the optional parts of a table line. Not safe for use by several threads. */
  public static final class Builder {
    private final long sectorCount;
    private final List<String> devices;
    private final long regionSectors;
    private final List<String> features = new ArrayList<>();
    private final List<String> core = new ArrayList<>();
    private long startSector;

    private Builder(long sectorCount, List<String> devices, long regionSectors) {
      this.sectorCount = sectorCount;
      this.devices = devices;
      this.regionSectors = regionSectors;
    }

    /**
     * Sets where the device begins in its table.
     *
     * @param startSector sectors, {@code >= 0}
     * @return this
     */
    public Builder startSector(long startSector) {
      this.startSector = startSector;
      return this;
    }

    /**
     * Adds the feature {@code no_hydration}.
     *
     * @return this
     */
    public Builder noHydration() {
      features.add(Names.NO_HYDRATION);
      return this;
    }

    /**
     * Adds the feature {@code no_discard_passdown}.
     *
     * @return this
     */
    public Builder noDiscardPassdown() {
      features.add(Names.NO_DISCARD_PASSDOWN);
      return this;
    }

    /**
     * Adds the core argument {@code hydration_threshold}.
     *
     * @param regions 0 to 4294967295
     * @return this
     */
    public Builder hydrationThreshold(long regions) {
      core.addAll(List.of(Names.HYDRATION_THRESHOLD, Long.toString(regions)));
      return this;
    }

    /**
     * Adds the core argument {@code hydration_batch_size}.
     *
     * @param regions 0 to 4294967295
     * @return this
     */
    public Builder hydrationBatchSize(long regions) {
      core.addAll(List.of(Names.HYDRATION_BATCH_SIZE, Long.toString(regions)));
      return this;
    }

    /**
     * Makes the line; counts of arguments are printed only where there are any.
     *
     * @return the line
     * @throws IllegalArgumentException if a value is bad, as for {@link TableLine#parse}, or a
     *     device's name is empty
     */
    public TableLine build() {
      if (devices.contains("")) {
        throw new IllegalArgumentException(
            "The name of a device is empty; metadata, destination and source are " + devices);
      }
      List<String> arguments = new ArrayList<>(devices);
      arguments.add(Long.toString(regionSectors));
      if (!features.isEmpty() || !core.isEmpty()) {
        arguments.add(Integer.toString(features.size()));
        arguments.addAll(features);
      }
      if (!core.isEmpty()) {
        arguments.add(Integer.toString(core.size()));
        arguments.addAll(core);
      }
      return new TableLine(startSector, sectorCount, arguments);
    }
  }
}
