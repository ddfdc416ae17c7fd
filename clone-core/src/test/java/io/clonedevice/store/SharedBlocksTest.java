package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copies on a file system whose files can share blocks. */
class SharedBlocksTest {
  private static final int SIZE = 32 << 20;

  @TempDir private Path directory;
  private LoopDevice disk;
  private Path root;

  @BeforeEach
  void mount() throws Exception {
    disk = LoopDevice.over(directory.resolve("backing"), 256 << 20);
    root = Files.createDirectory(directory.resolve("mounted"));
    try {
      LoopDevice.run("mkfs.btrfs", "-q", disk.node().toString());
      LoopDevice.run("mount", "-t", "btrfs", disk.node().toString(), root.toString());
    } catch (IOException e) {
      disk.detach();
      disk = null;
      abort("no btrfs on a loop device: " + e.getMessage());
    }
  }

  @AfterEach
  void unmount() throws Exception {
    if (disk != null) {
      LoopDevice.run("umount", root.toString());
      disk.detach();
    }
  }

  @Test
  void aCopyTakesNoRoomAndAWriteToItLeavesTheSourceAlone() throws Exception {
    byte[] bytes = new byte[SIZE];
    Seed.random().nextBytes(bytes);
    Path source = Files.write(root.resolve("source"), bytes);
    LoopDevice.run("sync", "-f", root.toString());
    long free = Files.getFileStore(root).getUnallocatedSpace();
    try (BlockStore from = FileChannelBlockStore.openReadOnly(source);
        BlockStore to = FileChannelBlockStore.create(root.resolve("copy"), SIZE)) {
      from.copyTo(0, to, 0, SIZE);
      to.flush();
      LoopDevice.run("sync", "-f", root.toString());
      assertThat(free - Files.getFileStore(root).getUnallocatedSpace()).isLessThan(SIZE / 8);

      ByteBuffer copied = ByteBuffer.allocate(SIZE);
      to.read(0, copied);
      assertThat(copied.array()).isEqualTo(bytes);
      to.write(4096, ByteBuffer.allocate(4096));
    }
    assertThat(Files.readAllBytes(source)).isEqualTo(bytes);
  }
}
