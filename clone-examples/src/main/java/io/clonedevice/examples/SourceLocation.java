package io.clonedevice.examples;

import io.clonedevice.examples.nbd.client.NbdBlockStore;
import io.clonedevice.examples.nbd.client.NbdOptions;
import io.clonedevice.examples.nbd.client.NbdUri;
import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Where a clone's source is: a file or block device, or an export of an NBD server. */
final class SourceLocation {
  private final Path path; // null if it is an export
  private final NbdUri uri; // null if it is a path

  private SourceLocation(Path path, NbdUri uri) {
    this.path = path;
    this.uri = uri;
  }

  /**
   * Reads a location: what begins with a scheme of NBD is a URI, everything else a path.
   *
   * @throws IllegalArgumentException if it is neither
   */
  static SourceLocation parse(String text) {
    return NbdUri.isNbdUri(text)
        ? new SourceLocation(null, NbdUri.parse(text))
        : new SourceLocation(Path.of(text), null);
  }

  /** The file or block device; empty if the source is somewhere else. */
  Optional<Path> path() {
    return Optional.ofNullable(path);
  }

  /** Refuses a path that can never work. */
  void check() throws IOException {
    if (path != null) {
      if (!Files.exists(path)) {
        throw new NoSuchFileException(path.toString());
      }
      CloneFiles.refuseDirectory(path, "source");
    }
  }

  /**
   * Opens the source for reading.
   *
   * @param kind how a file is accessed
   */
  BlockStore open(StoreKind kind) throws IOException {
    if (uri != null) {
      return NbdBlockStore.openReadOnly(uri, NbdOptions.defaults());
    }
    return kind.openReadOnly(path);
  }

  @Override
  public String toString() {
    return uri != null ? uri.toString() : path.toString();
  }

  /** Reads the value of {@code --source}. */
  static final class Converter implements ITypeConverter<SourceLocation> {
    @Override
    public SourceLocation convert(String text) {
      try {
        return parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
