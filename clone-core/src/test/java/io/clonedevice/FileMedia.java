package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.Assertions;

/** The three media of a clone as files of a directory. */
final class FileMedia {
  final Path directory;
  final Path source;
  final Path destination;
  final Path metadata;
  final int regionSize;

  /** A source of random bytes, a destination of another content, metadata of zeroes. */
  FileMedia(Path directory, int size, int regionSize) throws IOException {
    this.directory = directory;
    this.regionSize = regionSize;
    source = directory.resolve("source");
    destination = directory.resolve("destination");
    metadata = directory.resolve("metadata");
    byte[] content = new byte[size];
    new Random(size).nextBytes(content);
    Files.write(source, content);
    Arrays.fill(content, (byte) 0xDD);
    Files.write(destination, content);
    long regions = new RegionGeometry(size, regionSize).regionCount();
    Files.write(metadata, new byte[(int) MetadataSize.forRegions(regions)]);
  }

  /** A device on new stores, with background hydration off. */
  CloneDeviceBuilder builder() throws IOException {
    return builder(source, destination, metadata);
  }

  CloneDeviceBuilder builder(Path source, Path destination, Path metadata) throws IOException {
    return builder(
        FileChannelBlockStore.openReadOnly(source),
        FileChannelBlockStore.open(destination),
        FileChannelBlockStore.open(metadata));
  }

  CloneDeviceBuilder builder(BlockStore source, BlockStore destination, BlockStore metadata) {
    return CloneDevice.builder()
        .source(source)
        .destination(destination)
        .metadata(metadata)
        .regionSize(regionSize)
        .hydration(Hydration.disabled());
  }

  /** Makes the metadata device one of a clone, and returns how many regions it says. */
  void format() throws IOException {
    try (CloneDevice device = builder().open()) {
      device.blocking().write(0, java.nio.ByteBuffer.allocate(regionSize));
    }
  }

  /** Something that must not succeed. */
  interface Attempt {
    void run() throws Exception;
  }

  /** Tries what must be refused; then all files are as they were and nothing stays open. */
  AbstractThrowableAssert<?, ? extends Throwable> assertRefused(Attempt attempt) throws Exception {
    Map<Path, byte[]> before = contents();
    Leaks leaks = new Leaks(directory);
    Throwable refusal = Assertions.catchThrowable(attempt::run);
    assertThat(refusal).as("what must be refused").isNotNull();
    leaks.assertNone();
    Map<Path, byte[]> after = contents();
    assertThat(after.keySet()).isEqualTo(before.keySet());
    before.forEach((path, bytes) -> assertThat(after.get(path)).as("%s", path).isEqualTo(bytes));
    return assertThat(refusal);
  }

  private Map<Path, byte[]> contents() throws IOException {
    Map<Path, byte[]> contents = new TreeMap<>();
    try (var files = Files.newDirectoryStream(directory, Files::isRegularFile)) {
      for (Path file : files) {
        if (Files.isReadable(file)) {
          contents.put(file, Files.readAllBytes(file));
        }
      }
    }
    return contents;
  }
}
