package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.MetadataDevice;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.persistent.ArrayBlockSource;
import io.clonedevice.metadata.persistent.MetadataLayout;
import java.io.IOException;
import java.io.Reader;
import java.util.Arrays;

/**
 * Makes metadata from the JSON of a {@link MetadataDump}: of a clone, or by any tool that knows
 * which regions are on the destination already.
 *
 * <pre>
 *   {"region_size_sectors":8, "device_sectors":800, "ranges":[[0,3],[63,2]]}
 * </pre>
 *
 * <p>{@code region_size_sectors}, {@code device_sectors} and, after these, {@code ranges} are
 * needed. The ranges are ascending and do not overlap; each is {@code [first,count]}. {@code
 * regions} and {@code hydrated} may be there and must be right then; {@code used_blocks} and {@code
 * total_blocks} may be there and are ignored. Nothing else may.
 *
 * <p>The text is read twice, first to see that all of it is right, so that memory does not depend
 * on its length. Used by one thread.
 */
public final class MetadataRestore {
  private final DumpSource source;
  private final RegionGeometry geometry;
  private final long hydrated;

  private MetadataRestore(DumpSource source, RegionGeometry geometry, long hydrated) {
    this.source = source;
    this.geometry = geometry;
    this.hydrated = hydrated;
  }

  /** Where the JSON is. */
  @FunctionalInterface
  public interface DumpSource {
    /**
     * Opens the text from its beginning; the same text each time.
     *
     * @return a reader, closed by the caller
     * @throws IOException if it cannot be opened
     */
    Reader open() throws IOException;
  }

  /**
   * Reads a dump; writes nothing.
   *
   * @param source where it is; used again when the metadata is written
   * @return what it says
   * @throws IOException if it cannot be read, or anything in it is wrong; the message names the
   *     place
   */
  public static MetadataRestore of(DumpSource source) throws IOException {
    try (DumpReader dump = new DumpReader(source.open())) {
      while (dump.next()) {
        continue;
      }
      return new MetadataRestore(source, dump.geometry(), dump.hydrated());
    }
  }

  /**
   * Returns the geometry of the clone.
   *
   * @return the geometry
   */
  public RegionGeometry geometry() {
    return geometry;
  }

  /**
   * Returns how many regions will be hydrated.
   *
   * @return number of regions
   */
  public long hydrated() {
    return hydrated;
  }

  /**
   * Writes the metadata to a device that is all zeroes; durable on return.
   *
   * @param target the metadata device; not closed
   * @throws IOException if the device is not all zeroes, too small or failed, or the dump could not
   *     be read or changed
   */
  public void writeTo(MetadataDevice target) throws IOException {
    BlankDevice.require(target);
    overwrite(target);
  }

  /**
   * Writes the metadata over whatever a device holds; durable on return.
   *
   * @param target the metadata device; not closed
   * @throws IOException if the device is too small, and then it is as it was; or if it failed, or
   *     the dump could not be read or changed
   */
  public void overwrite(MetadataDevice target) throws IOException {
    try (DumpReader dump = new DumpReader(source.open())) {
      if (!dump.geometry().equals(geometry)) {
        throw changed();
      }
      BlankDevice.format(target, geometry, new Words(dump));
    }
  }

  private static IOException changed() {
    return new IOException("the dump changed while it was read; restore again");
  }

  /** Turns ranges into the words of one array block after the other. */
  private final class Words implements ArrayBlockSource {
    private final DumpReader dump;
    private boolean hasRange;

    Words(DumpReader dump) throws IOException {
      this.dump = dump;
      this.hasRange = dump.next();
    }

    @Override
    public void fill(int arrayBlock, long[] words) throws IOException {
      Arrays.fill(words, 0);
      long first = (long) arrayBlock * MetadataLayout.WORDS_PER_ARRAY_BLOCK * Long.SIZE;
      long end =
          first + (long) MetadataLayout.wordsIn(geometry.regionCount(), arrayBlock) * Long.SIZE;
      while (hasRange && dump.first() < end) {
        set(words, Math.max(dump.first(), first) - first, Math.min(dump.end(), end) - first);
        if (dump.end() > end) {
          return; // the range goes on in the next array block
        }
        hasRange = dump.next();
      }
      boolean last = end >= geometry.regionCount();
      if (last && (hasRange || dump.hydrated() != hydrated)) {
        throw changed();
      }
    }

    private void set(long[] words, long from, long to) {
      for (long bit = from; bit < to; ) {
        int word = (int) (bit >>> 6);
        long stop = Math.min(to, (word + 1L) << 6);
        words[word] |= -1L << bit & -1L >>> (-stop & 63);
        bit = stop;
      }
    }
  }
}
