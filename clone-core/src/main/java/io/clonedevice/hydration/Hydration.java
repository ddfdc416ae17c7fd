package io.clonedevice.hydration;

/**
 * How a device is hydrated in the background. Immutable; each method returns a changed copy.
 *
 * <table>
 *   <caption>Defaults</caption>
 *   <tr><th>setting</th><th>unit</th><th>range</th><th>default</th></tr>
 *   <tr><td>threshold</td><td>regions</td><td>0 to 2^32 - 1</td>
 *       <td>1 to 64 batches, by what makes hydration faster</td></tr>
 *   <tr><td>batchSize</td><td>regions</td><td>0 to 2^32 - 1</td>
 *       <td>1 MiB of regions, at least 1</td></tr>
 *   <tr><td>timeShareMax</td><td>percent</td><td>1 to 100</td><td>100</td></tr>
 *   <tr><td>bytesPerSecondMax</td><td>bytes</td><td>1 to 2^63 - 1</td><td>no limit</td></tr>
 *   <tr><td>timeShareMin</td><td>percent</td><td>0 to 100</td><td>10</td></tr>
 *   <tr><td>failuresInRowMax</td><td>copies</td><td>1 to 2^31 - 1</td><td>32</td></tr>
 *   <tr><td>retryDelay</td><td>milliseconds</td><td>1 to 2^31 - 1</td><td>100 up to 30,000</td></tr>
 *   <tr><td>onRead</td><td></td><td></td><td>off</td></tr>
 * </table>
 */
public final class Hydration {
  /** Largest value of a threshold or batch size. */
  public static final long REGIONS_MAX = (1L << 32) - 1;

  /** Stands for a threshold that follows from what was measured. */
  static final long SELF_TUNED = -1;

  /** Stands for a batch size that follows from the region size. */
  private static final long BY_REGION_SIZE = -1;

  private static final long BATCH_BYTES = 1L << 20;

  // Written only before the object is handed out.
  private boolean enabled = true;
  private long threshold = SELF_TUNED;
  private long batchSize = BY_REGION_SIZE;
  private int timeShareMax = 100;
  private long bytesPerSecondMax = Long.MAX_VALUE;
  private int timeShareMin = 10;
  private int failuresInRowMax = 32;
  private int retryDelayMinMs = 100;
  private int retryDelayMaxMs = 30_000;
  private boolean onRead;

  private Hydration() {}

  private Hydration(Hydration other) {
    this.enabled = other.enabled;
    this.threshold = other.threshold;
    this.batchSize = other.batchSize;
    this.timeShareMax = other.timeShareMax;
    this.bytesPerSecondMax = other.bytesPerSecondMax;
    this.timeShareMin = other.timeShareMin;
    this.failuresInRowMax = other.failuresInRowMax;
    this.retryDelayMinMs = other.retryDelayMinMs;
    this.retryDelayMaxMs = other.retryDelayMaxMs;
    this.onRead = other.onRead;
  }

  /**
   * Returns settings with background hydration on.
   *
   * @return the defaults
   */
  public static Hydration background() {
    return new Hydration();
  }

  /**
   * Returns settings with background hydration off; it can be turned on while the device is open.
   *
   * @return the defaults, but off
   */
  public static Hydration disabled() {
    Hydration changed = new Hydration();
    changed.enabled = false;
    return changed;
  }

  /**
   * Sets how many regions may be copied at once, instead of leaving it to the hydrator: it begins
   * with one batch, takes as many as the first ones call for, up to 64 where a source is far away,
   * and tries twice and half as many now and then. Where copies block, one more waits for its turn.
   *
   * @param regions 0 to 2^32 - 1; 0 starts no background copy
   * @return changed copy
   * @throws IllegalArgumentException if out of range
   */
  public Hydration threshold(long regions) {
    Hydration changed = new Hydration(this);
    changed.threshold = checkRegions("threshold", regions);
    return changed;
  }

  /**
   * Sets how many adjacent regions are joined into one copy.
   *
   * @param regions 0 to 2^32 - 1; 0 and 1 are the same, more than the threshold has no effect
   * @return changed copy
   * @throws IllegalArgumentException if out of range
   */
  public Hydration batchSize(long regions) {
    Hydration changed = new Hydration(this);
    changed.batchSize = checkRegions("batch size", regions);
    return changed;
  }

  /**
   * Sets the largest share of time in which a copy is in flight (dm-clone's module parameter {@code
   * clone_hydration_throttle}).
   *
   * @param percent 1 to 100
   * @return changed copy
   * @throws IllegalArgumentException if out of range
   */
  public Hydration timeShareMax(int percent) {
    check("largest share of time", percent, 1, 100, "percent");
    Hydration changed = new Hydration(this);
    changed.timeShareMax = percent;
    return changed;
  }

  /**
   * Sets how many bytes are copied in a second at most.
   *
   * @param bytes positive
   * @return changed copy
   * @throws IllegalArgumentException if out of range
   */
  public Hydration bytesPerSecondMax(long bytes) {
    check("largest rate", bytes, 1, Long.MAX_VALUE, "bytes per second");
    Hydration changed = new Hydration(this);
    changed.bytesPerSecondMax = bytes;
    return changed;
  }

  /**
   * Sets the share of time that hydration gets under any load. A device is in use for 5 ms after a
   * request; hydration begins a copy only as often then as this share demands. A copy that takes
   * more than 2 ns a byte waits for its source rather than works, and counts as 2: of a source that
   * is slow, 10 percent are 50 MB/s, if it has them.
   *
   * @param percent 0 (steady load may stop hydration for good) to 100 (hydration does not yield)
   * @return changed copy
   * @throws IllegalArgumentException if out of range
   */
  public Hydration timeShareMin(int percent) {
    check("smallest share of time", percent, 0, 100, "percent");
    Hydration changed = new Hydration(this);
    changed.timeShareMin = percent;
    return changed;
  }

  /**
   * Sets after how many failed copies in a row background hydration stops.
   *
   * @param copies positive
   * @return changed copy
   * @throws IllegalArgumentException if out of range
   */
  public Hydration failuresInRowMax(int copies) {
    check("failures in a row", copies, 1, Integer.MAX_VALUE, "copies");
    Hydration changed = new Hydration(this);
    changed.failuresInRowMax = copies;
    return changed;
  }

  /**
   * Sets how long a range that failed is left alone: the delay doubles with each failure of the
   * range and varies by a quarter.
   *
   * @param firstMs first delay in milliseconds, positive
   * @param largestMs largest delay in milliseconds, not less than the first
   * @return changed copy
   * @throws IllegalArgumentException if out of range
   */
  public Hydration retryDelay(int firstMs, int largestMs) {
    check("first retry delay", firstMs, 1, Integer.MAX_VALUE, "milliseconds");
    check("largest retry delay", largestMs, firstMs, Integer.MAX_VALUE, "milliseconds");
    Hydration changed = new Hydration(this);
    changed.retryDelayMinMs = firstMs;
    changed.retryDelayMaxMs = largestMs;
    return changed;
  }

  /**
   * Sets whether regions that are read from the source are hydrated next, while hydration is on; of
   * more than 64 batches some may be left to their turn.
   *
   * @param hydrate whether a read is a hint to the hydrator
   * @return changed copy
   */
  public Hydration onRead(boolean hydrate) {
    Hydration changed = new Hydration(this);
    changed.onRead = hydrate;
    return changed;
  }

  /**
   * Returns these settings with a batch size that suits a region size if none was given.
   *
   * @param regionSize bytes
   * @return settings whose batch size is known
   */
  public Hydration forRegionSize(int regionSize) {
    Hydration changed = new Hydration(this);
    if (batchSize == BY_REGION_SIZE) {
      changed.batchSize = Math.max(1, BATCH_BYTES / regionSize);
    }
    return changed;
  }

  /**
   * Returns whether background hydration is on.
   *
   * @return whether on
   */
  public boolean isEnabled() {
    return enabled;
  }

  /** Regions, or {@link #SELF_TUNED}. */
  long threshold() {
    return threshold;
  }

  long batchSize() {
    return batchSize;
  }

  int timeShareMax() {
    return timeShareMax;
  }

  long bytesPerSecondMax() {
    return bytesPerSecondMax;
  }

  int timeShareMin() {
    return timeShareMin;
  }

  int failuresInRowMax() {
    return failuresInRowMax;
  }

  int retryDelayMinMs() {
    return retryDelayMinMs;
  }

  int retryDelayMaxMs() {
    return retryDelayMaxMs;
  }

  boolean isOnRead() {
    return onRead;
  }

  static long checkRegions(String what, long regions) {
    check("hydration " + what, regions, 0, REGIONS_MAX, "regions");
    return regions;
  }

  private static void check(String what, long value, long least, long most, String unit) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          what + " is " + value + " " + unit + "; choose " + least + " to " + most);
    }
  }
}
