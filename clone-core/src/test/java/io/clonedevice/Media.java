package io.clonedevice;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CallJournal;
import java.util.Arrays;
import java.util.Random;

/** The three media of a clone in memory, with one journal, for tests. */
final class Media {
  static final byte OLD_DESTINATION = (byte) 0xDD;

  private final int size;
  private final int regionSize;
  private final byte[] content;
  private final CallJournal journal = new CallJournal();
  private final Medium source;
  private final Medium destination;
  private final Medium metadata;

  /** A source of random bytes and a destination full of {@link #OLD_DESTINATION}. */
  Media(int size, int regionSize) {
    this.size = size;
    this.regionSize = regionSize;
    this.content = new byte[size];
    new Random(size * 31L + regionSize).nextBytes(content);
    byte[] old = new byte[size];
    Arrays.fill(old, OLD_DESTINATION);
    long regions = new RegionGeometry(size, regionSize).regionCount();
    source = new Medium("source", MemoryBlockStore.copyOf(content), journal);
    destination = new Medium("destination", MemoryBlockStore.copyOf(old), journal);
    metadata =
        new Medium("metadata", new MemoryBlockStore(MetadataSize.forRegions(regions)), journal);
  }

  /** A device with background hydration off. */
  CloneDeviceBuilder builder() {
    return CloneDevice.builder()
        .source(source.store())
        .destination(destination.store())
        .metadata(metadata.store())
        .regionSize(regionSize)
        .hydration(Hydration.disabled());
  }

  int size() {
    return size;
  }

  int regionSize() {
    return regionSize;
  }

  /** What the source held at first; a copy. */
  byte[] content() {
    return content.clone();
  }

  CallJournal journal() {
    return journal;
  }

  Medium source() {
    return source;
  }

  Medium destination() {
    return destination;
  }

  Medium metadata() {
    return metadata;
  }
}
