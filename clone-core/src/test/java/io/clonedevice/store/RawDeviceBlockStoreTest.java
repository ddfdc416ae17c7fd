package io.clonedevice.store;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;

/** On a regular file; see {@link RawDeviceBlockStoreOnLoopDeviceTest} for devices. */
class RawDeviceBlockStoreTest extends FileBackedContract {
  @BeforeEach
  void needsDirectIo() throws IOException {
    Path probe = directory.resolve("probe");
    try {
      RawDeviceBlockStore.create(probe, 4096).close();
    } catch (IOException e) {
      assumeTrue(false, "no direct I/O in " + directory + ": " + e.getMessage());
    }
    Files.delete(probe);
  }

  @Override
  protected int block() {
    return 4096;
  }

  @Override
  protected BlockStore create(Path path, long size) throws IOException {
    return RawDeviceBlockStore.create(path, size);
  }

  @Override
  protected BlockStore open(Path path) throws IOException {
    return RawDeviceBlockStore.open(path);
  }

  @Override
  protected BlockStore openReadOnly(Path path) throws IOException {
    return RawDeviceBlockStore.openReadOnly(path);
  }

  @Override
  protected BlockStore openOrCreate(Path path, long size) throws IOException {
    return RawDeviceBlockStore.openOrCreate(path, size);
  }
}
