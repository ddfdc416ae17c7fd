package io.clonedevice.process;

import io.clonedevice.store.MountedFileSystem;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file system of a few MiB, on a loop device, that can be filled to the last byte. */
final class SmallFileSystem {
  private static final long SIZE = 16 << 20;

  private final MountedFileSystem mounted;
  private final Path root;

  private SmallFileSystem(MountedFileSystem mounted) {
    this.mounted = mounted;
    this.root = mounted.root();
  }

  /** Makes and mounts one in a directory, or skips the test and says why. */
  static SmallFileSystem in(Path directory) throws Exception {
    return new SmallFileSystem(
        MountedFileSystem.in(
            directory, SIZE, "mkfs.ext4", "-q", "-m", "0", "-b", "4096", "-O", "^has_journal"));
  }

  Path resolve(String name) {
    return root.resolve(name);
  }

  /** Takes all the room but so many bytes. */
  void fillUpTo(long bytesLeft) throws IOException {
    try (RandomAccessFile ballast = new RandomAccessFile(ballast().toFile(), "rw")) {
      byte[] block = new byte[4096];
      ballast.seek(ballast.length());
      while (Files.getFileStore(root).getUsableSpace() > bytesLeft) {
        ballast.write(block);
      }
      ballast.getFD().sync();
    } catch (IOException e) {
      if (bytesLeft > 0 || Files.getFileStore(root).getUsableSpace() > 0) {
        throw e;
      }
    }
  }

  /** Gives all the room back that {@link #fillUpTo} took. */
  void makeRoom() throws IOException {
    Files.delete(ballast());
  }

  private Path ballast() {
    return root.resolve("ballast");
  }

  void unmount() throws Exception {
    mounted.unmount();
  }
}
