package io.clonedevice.metadata;

/** The metadata on the device belongs to a clone of another geometry. Nothing was changed. */
public final class MetadataMismatchException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  MetadataMismatchException(RegionGeometry found, RegionGeometry asked) {
    super(
        "Region and/or target size don't match the ones in metadata: found a region size of "
            + found.regionSize()
            + " bytes and a device of "
            + found.deviceSize()
            + " bytes, asked for "
            + asked.regionSize()
            + " and "
            + asked.deviceSize()
            + "; open with the sizes found, or use another metadata device");
  }
}
