package io.clonedevice.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;

/**
 * A clone that kernel and library carry in turn: its images, and a model that says what the device
 * must read and which regions must be hydrated.
 *
 * <p>While background hydration is off the model is exact. After it was on, contents are still, and
 * the hydrated regions are taken from the medium.
 */
final class CarriedClone {
  private static final int SECTOR = 512;

  /** Who had the clone last. */
  enum Holder {
    NOBODY,
    KERNEL,
    LIBRARY
  }

  /**
   * What does not change.
   *
   * @param passdown whether discards go on to the destination
   * @param oldDestination what the destination is full of at first
   */
  record Shape(
      String name,
      long deviceSize,
      int regionSize,
      long metadataSize,
      boolean passdown,
      byte oldDestination) {
    int regions() {
      return Math.toIntExact((deviceSize - 1) / regionSize + 1);
    }

    /** A table line with background hydration off. */
    String table(String metadata, String destination, String source) {
      return String.join(
          " ",
          "0",
          Long.toString(deviceSize / SECTOR),
          "clone",
          metadata,
          destination,
          source,
          Integer.toString(regionSize / SECTOR),
          passdown ? "1 no_hydration" : "2 no_hydration no_discard_passdown",
          "4 hydration_threshold 8 hydration_batch_size 4");
    }
  }

  private final Shape shape;
  private final Path metadata;
  private final Path destination;
  private final Path expected;
  private final SparseBytes contents;
  private final RegionModel hydrated;
  private Holder holder = Holder.NOBODY;
  private String statusLine;

  CarriedClone(Shape shape, Path folder, SparseBytes source) throws IOException {
    this.shape = shape;
    this.metadata = folder.resolve(shape.name() + "-metadata.img");
    this.destination = folder.resolve(shape.name() + "-destination.img");
    this.expected = folder.resolve(shape.name() + "-expected.img");
    this.hydrated = new RegionModel(shape.deviceSize(), shape.regionSize());
    this.contents = source.copy(shape.deviceSize());
    new SparseBytes(shape.metadataSize()).save(metadata, 0, shape.metadataSize());
    SparseBytes old = new SparseBytes(shape.deviceSize());
    old.fill(0, shape.deviceSize(), shape.oldDestination());
    old.save(destination, 0, shape.deviceSize());
  }

  Shape shape() {
    return shape;
  }

  Path metadata() {
    return metadata;
  }

  Path destination() {
    return destination;
  }

  SparseBytes contents() {
    return contents;
  }

  /** A copy. */
  BitSet hydrated() {
    return hydrated.hydrated();
  }

  Holder holder() {
    return holder;
  }

  /** The status line that the last holder left it with; null at first. */
  String statusLine() {
    return statusLine;
  }

  void handOver(Holder from, String line, BitSet hydratedOnMedium) {
    holder = from;
    statusLine = line;
    hydrated.become(hydratedOnMedium);
  }

  /** An image that holds what the device must read before a turn, and later after it too. */
  Path newExpectedImage() throws IOException {
    Files.deleteIfExists(expected);
    contents.save(expected, 0, expectedAfterOffset());
    return expected;
  }

  void addExpectedAfter() throws IOException {
    contents.save(expected, expectedAfterOffset(), 2 * expectedAfterOffset());
  }

  long expectedAfterOffset() {
    return (shape.deviceSize() + 4095) / 4096 * 4096;
  }

  /** Does to the model what the kernel does to the device. */
  void appliedByKernel(Step step, byte[] pool) {
    apply(step, pool, false);
  }

  /** Does to the model what the library does to the device. */
  void appliedByLibrary(Step step, byte[] pool) {
    apply(step, pool, true);
  }

  private void apply(Step step, byte[] pool, boolean discardsShortLastRegion) {
    if (step.isWrite()) {
      contents.write(step.offset(), pool, step.dataOffset(), step.length());
    } else if (step.kind() == Step.Kind.DISCARD) {
      RegionModel.Run run = hydrated.wholeRegions(step, discardsShortLastRegion);
      for (int region = run.first(); region < run.end(); region++) {
        discard(region);
      }
    }
    hydrated.apply(step, discardsShortLastRegion);
  }

  private void discard(int region) {
    long offset = (long) region * shape.regionSize();
    long length = Math.min(shape.regionSize(), shape.deviceSize() - offset);
    if (shape.passdown()) {
      contents.fill(offset, length, (byte) 0); // both files and virtual disks read zeroes
    } else if (!hydrated.isHydrated(region)) {
      contents.fill(offset, length, shape.oldDestination());
    }
  }

  @Override
  public String toString() {
    return shape.name();
  }
}
