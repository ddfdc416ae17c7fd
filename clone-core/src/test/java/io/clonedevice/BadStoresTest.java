package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.MappedBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Stores that are missing, not to be opened, or two roles of one medium. */
class BadStoresTest extends RefusalTest {
  @Test
  @Tag("B24")
  void oneFileInTwoRolesByWhateverPath() throws Exception {
    Path hardLink = Files.createLink(directory.resolve("hard"), files.source);
    Path symbolicLink = Files.createSymbolicLink(directory.resolve("symbolic"), files.source);
    Path detour = directory.resolve("..").resolve(directory.getFileName()).resolve("source");
    for (Path same : new Path[] {files.source, hardLink, symbolicLink, detour}) {
      refuse(
          () -> files.builder(files.source, same, files.metadata).open(),
          IllegalArgumentException.class,
          "source and destination are the same medium");
      refuse(
          () -> files.builder(files.source, files.destination, same).open(),
          IllegalArgumentException.class,
          "source and metadata device are the same medium");
    }
    refuse(
        () -> files.builder(files.source, files.destination, files.destination).open(),
        IllegalArgumentException.class,
        "destination and metadata device are the same medium");
  }

  @Test
  @Tag("B24")
  void oneFileInTwoRolesByDifferentKindsOfStore() throws Exception {
    refuse(
        () ->
            files
                .builder(source(), new Blocks(MappedBlockStore.open(files.source), 512), metadata())
                .open(),
        IllegalArgumentException.class,
        "source and destination are the same medium");
  }

  @Test
  @Tag("B24")
  void oneStoreInTwoRoles() throws Exception {
    MemoryBlockStore memory = new MemoryBlockStore(SIZE);
    refuse(
        () -> files.builder(memory.asReadOnly(), memory, metadata()).open(),
        IllegalArgumentException.class,
        "source and destination are the same medium");
  }

  @Test
  @Tag("B24")
  void aReadOnlyMetadataDevice() throws Exception {
    refuse(
        () ->
            files
                .builder(
                    source(), destination(), FileChannelBlockStore.openReadOnly(files.metadata))
                .open(),
        IllegalArgumentException.class,
        "Unable to get write access to metadata, please check/repair metadata",
        files.metadata.toString());
  }

  @Test
  void aReadOnlyDestination() throws Exception {
    refuse(
        () ->
            files
                .builder(
                    source(), FileChannelBlockStore.openReadOnly(files.destination), metadata())
                .open(),
        IllegalArgumentException.class,
        "Error opening destination device",
        files.destination.toString(),
        "read-only");
  }

  @Test
  void missingStoresAndAMissingSettingAreNamed() throws Exception {
    refuse(
        () -> files.builder(null, destination(), metadata()).open(),
        IllegalStateException.class,
        "source is missing");
    refuse(
        () -> files.builder(source(), null, metadata()).open(),
        IllegalStateException.class,
        "destination is missing");
    refuse(
        () -> files.builder(source(), destination(), null).open(),
        IllegalStateException.class,
        "metadata is missing");
    refuse(() -> files.builder().hydration(null).open(), NullPointerException.class, "hydration");
  }

  @Test
  @Tag("A59")
  void missingFilesAndDirectories() throws Exception {
    Path missing = directory.resolve("missing");
    refuse(
        () -> FileChannelBlockStore.openReadOnly(missing),
        NoSuchFileException.class,
        missing.toString());
    refuse(() -> FileChannelBlockStore.open(missing), NoSuchFileException.class, "missing");
    Path folder = Files.createDirectory(directory.resolve("folder"));
    refuse(
        () -> FileChannelBlockStore.openReadOnly(folder),
        IOException.class,
        folder.toString(),
        "neither a regular file nor a block device");
    refuse(() -> FileChannelBlockStore.open(folder), IOException.class, folder.toString());
    assertThat(missing).doesNotExist();
  }

  @Test
  @Tag("A59")
  void filesWithoutPermission() throws Exception {
    Path closed = files.source;
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
    assumeTrue(
        !Files.isReadable(closed), "this user (root?) may open any file, whatever its permissions");
    refuse(
        () -> FileChannelBlockStore.openReadOnly(closed),
        AccessDeniedException.class,
        closed.toString());
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r--------"));
    refuse(
        () -> FileChannelBlockStore.open(closed), AccessDeniedException.class, closed.toString());
  }
}
