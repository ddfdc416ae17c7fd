package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.RegionGeometry;
import java.io.IOException;
import java.util.BitSet;

/** What metadata says to a clone that opens it. */
record Meaning(RegionGeometry geometry, BitSet hydrated) {
  static Meaning of(ImageDevice device) throws IOException {
    try (CloneMetadata metadata = CloneMetadata.openReadOnly(device)) {
      BitSet hydrated = new BitSet();
      MetadataDump.of(metadata)
          .forEachRange(
              range -> hydrated.set((int) range.first(), (int) (range.first() + range.count())));
      return new Meaning(metadata.geometry(), hydrated);
    }
  }

  boolean saysMoreThan(BitSet allowed) {
    BitSet more = (BitSet) hydrated.clone();
    more.andNot(allowed);
    return !more.isEmpty();
  }
}
