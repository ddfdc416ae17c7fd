package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.BoundedBlocks;
import io.clonedevice.metadata.MetadataDevice;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.persistent.ArrayBlockSource;
import io.clonedevice.metadata.persistent.MetadataFormatter;
import io.clonedevice.metadata.persistent.MetadataLayout;
import io.clonedevice.metadata.persistent.MetadataSurvey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Makes sound metadata out of damaged: takes over what can be trusted, and writes the rest anew.
 *
 * <pre>
 *   damaged                              repaired
 *   superblock: region and device size   the same; all else in it is derived
 *   btree nodes, index, bitmaps          built anew
 *   array block that can be trusted      the same regions are hydrated
 *   any other array block                its regions are unhydrated: they are lost
 * </pre>
 *
 * <p>An array block does not say which regions it is about. So it is trusted only if the nodes that
 * lead to it are without fault, and if neither it nor one of them is referred to twice or counted
 * free (it may have been overwritten with other regions then). A region is never marked hydrated on
 * any other evidence. Where the counts themselves are damaged, the checksums of the way to it are
 * the only evidence: if the device has lost a write of a node <em>and</em> the counts, that is more
 * than can be told apart. {@link #uncorroborated()} says which regions that concerns. A region that
 * is lost will be copied from the source again: what was written to it on the destination is gone.
 *
 * <p>If the superblock is not usable, nothing says which of the trees on the device is the last
 * one, and no region can be kept; {@link #startingOver} is for those who want just that.
 *
 * <p>Used by one thread, on a device that nobody else uses.
 */
public final class MetadataRepair {
  private static final long REGIONS_PER_ARRAY_BLOCK =
      (long) MetadataLayout.WORDS_PER_ARRAY_BLOCK * Long.SIZE;

  private final MetadataDevice device;
  private final MetadataCheck check;
  private final RegionGeometry geometry;
  private final Trusted trusted;

  private MetadataRepair(
      MetadataDevice device, MetadataCheck check, RegionGeometry geometry, Trusted trusted) {
    this.device = device;
    this.check = check;
    this.geometry = geometry;
    this.trusted = trusted;
  }

  /** The array blocks that are taken over. */
  private interface Trusted {
    /** Returns where an array block is, or 0. */
    int block(int index);

    void read(int index, long[] words) throws IOException;

    /** Returns whether the space map confirms where the array block is. */
    boolean isCorroborated(int index);

    /**
     * Returns whether the damaged state refers to a block. It must not be written: what is trusted
     * is needed until the repaired state is there, and if something new came to where something
     * damaged was, an interrupted repair would look less damaged than it is.
     */
    boolean isReferenced(int block);

    long hydrated();
  }

  /**
   * Finds out what can be repaired; writes nothing.
   *
   * @param device the metadata device; not closed, and must be open as long as the result is used
   * @return what can be done
   */
  public static MetadataRepair of(MetadataDevice device) {
    FaultList faults = new FaultList();
    MetadataSurvey survey = new MetadataSurvey(new BoundedBlocks(device), faults);
    MetadataCheck check = MetadataCheck.of(survey, faults);
    MetadataSummary summary = check.summary();
    if (summary == null) {
      return new MetadataRepair(device, check, null, null);
    }
    RegionGeometry geometry =
        new RegionGeometry(
            summary.deviceSectors() * RegionGeometry.SECTOR_SIZE,
            summary.regionSectors() * RegionGeometry.SECTOR_SIZE);
    return new MetadataRepair(device, check, geometry, trust(survey));
  }

  private static Trusted trust(MetadataSurvey survey) {
    return new Trusted() {
      @Override
      public int block(int index) {
        return survey.trustedArrayBlock(index);
      }

      @Override
      public void read(int index, long[] words) throws IOException {
        survey.readTrusted(index, words);
      }

      @Override
      public boolean isCorroborated(int index) {
        return survey.isCorroborated(index);
      }

      @Override
      public boolean isReferenced(int block) {
        return survey.isReferenced(block);
      }

      @Override
      public long hydrated() {
        return survey.hydrated();
      }
    };
  }

  /**
   * Returns what is wrong with the metadata.
   *
   * @return the faults; none if there is nothing to repair
   */
  public MetadataCheck check() {
    return check;
  }

  /**
   * Returns whether the superblock is usable, and so whether anything can be taken over.
   *
   * @return whether the other methods but {@link #startingOver} may be called
   */
  public boolean isPossible() {
    return geometry != null;
  }

  /**
   * Gives up every region of metadata whose superblock is not usable.
   *
   * @param geometry the clone's geometry, which only the caller can know
   * @return a repair after which no region is hydrated
   * @throws IllegalStateException if {@link #isPossible()}: the superblock tells better
   */
  public MetadataRepair startingOver(RegionGeometry geometry) {
    if (isPossible()) {
      throw new IllegalStateException(
          "the superblock is readable, " + this.geometry + "; repair without starting over");
    }
    Trusted nothing =
        new Trusted() {
          @Override
          public int block(int index) {
            return 0;
          }

          @Override
          public void read(int index, long[] words) {
            throw new IllegalStateException("array block " + index + " is not trusted");
          }

          @Override
          public boolean isCorroborated(int index) {
            return false;
          }

          @Override
          public boolean isReferenced(int block) {
            return false;
          }

          @Override
          public long hydrated() {
            return 0;
          }
        };
    return new MetadataRepair(device, check, geometry, nothing);
  }

  /**
   * Returns the geometry of the clone.
   *
   * @return the geometry
   * @throws IllegalStateException if not {@link #isPossible()}
   */
  public RegionGeometry geometry() {
    requirePossible();
    return geometry;
  }

  /**
   * Returns how many regions stay hydrated.
   *
   * @return number of regions
   * @throws IllegalStateException if not {@link #isPossible()}
   */
  public long hydrated() {
    requirePossible();
    return trusted.hydrated();
  }

  /**
   * Returns the regions whose state is lost; they become unhydrated, if they were not anyway.
   *
   * @return ascending ranges, no two of them adjacent; at most one for every two array blocks
   * @throws IllegalStateException if not {@link #isPossible()}
   */
  public List<RegionRange> lost() {
    return rangesOf(index -> trusted.block(index) == 0);
  }

  /**
   * Returns the regions that are kept on the evidence of checksums alone, because the counts of the
   * blocks that lead to them cannot be read or are wrong. One fault does not make them wrong; if
   * the device may have lost writes as well, they are not certain.
   *
   * @return ascending ranges, no two of them adjacent; none if the space map is sound
   * @throws IllegalStateException if not {@link #isPossible()}
   */
  public List<RegionRange> uncorroborated() {
    return rangesOf(index -> trusted.block(index) != 0 && !trusted.isCorroborated(index));
  }

  private List<RegionRange> rangesOf(IntPredicate chosen) {
    requirePossible();
    List<RegionRange> ranges = new ArrayList<>();
    long start = -1;
    int arrayBlocks = MetadataLayout.arrayBlockCount(geometry.regionCount());
    for (int index = 0; index <= arrayBlocks; index++) {
      boolean isChosen = index < arrayBlocks && chosen.test(index);
      long first = Math.min(index * REGIONS_PER_ARRAY_BLOCK, geometry.regionCount());
      if (isChosen && start < 0) {
        start = first;
      } else if (!isChosen && start >= 0) {
        ranges.add(new RegionRange(start, first - start));
        start = -1;
      }
    }
    return ranges;
  }

  /**
   * Writes the repaired metadata to another device; durable on return. The damaged device is only
   * read.
   *
   * @param target the other device, all zeroes; not closed
   * @throws IOException if the target is not all zeroes, too small for {@link
   *     MetadataLayout#blocksToFormat}, or a device failed; then the target is not usable
   * @throws IllegalStateException if not {@link #isPossible()}
   */
  public void writeTo(MetadataDevice target) throws IOException {
    requirePossible();
    BlankDevice.require(target);
    BlankDevice.format(target, geometry, this::fill);
    verify(target);
  }

  /**
   * Writes the repaired metadata over the damaged; durable on return. No block that the damaged
   * state refers to is touched until the new superblock is written last, so that an interrupted
   * repair loses nothing more and can be run again.
   *
   * @throws IOException if the device failed or has no room for what is built anew beside what is
   *     there; then {@link #writeTo} can help
   * @throws IllegalStateException if not {@link #isPossible()}
   */
  public void writeInPlace() throws IOException {
    requirePossible();
    ArrayBlockSource source =
        new ArrayBlockSource() {
          @Override
          public void fill(int arrayBlock, long[] words) {
            Arrays.fill(words, 0);
          }

          @Override
          public int keptBlock(int arrayBlock) {
            return trusted.block(arrayBlock);
          }

          @Override
          public boolean isReserved(int block) {
            return trusted.isReferenced(block);
          }
        };
    MetadataFormatter.format(
        new BoundedBlocks(device), geometry.regionSectors(), geometry.deviceSectors(), source);
    verify(device);
  }

  private void fill(int arrayBlock, long[] words) throws IOException {
    Arrays.fill(words, 0);
    if (trusted.block(arrayBlock) != 0) {
      trusted.read(arrayBlock, words);
    }
  }

  private void verify(MetadataDevice written) throws IOException {
    MetadataCheck result = MetadataCheck.of(written);
    if (!result.isSound() || result.summary().hydrated() != hydrated()) {
      throw new IOException(
          "the repaired metadata reads back wrong: "
              + (result.isSound()
                  ? result.summary().hydrated() + " regions hydrated, not " + hydrated()
                  : result.faults().get(0).message()));
    }
  }

  private void requirePossible() {
    if (!isPossible()) {
      throw new IllegalStateException(
          "the superblock is not usable: nothing says which regions are hydrated, not even how"
              + " many there are");
    }
  }
}
