package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.testing.Seed;
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
  private MountedFileSystem mounted;
  private Path root;

  @BeforeEach
  void mount() throws Exception {
    mounted = MountedFileSystem.in(directory, 256 << 20, "mkfs.btrfs", "-q");
    root = mounted.root();
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted != null) {
      mounted.unmount();
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

  @Test
  void noBlocksAreSharedWithAFileThatSomebodyElseHasLocked() throws Exception {
    byte[] bytes = new byte[1 << 20];
    Path source = Files.write(root.resolve("source"), bytes);
    Seed.random().nextBytes(bytes);
    Path taken = Files.write(root.resolve("taken"), bytes);
    try (BlockStore from = FileChannelBlockStore.openReadOnly(source);
        BlockStore to = FileChannelBlockStore.open(taken)) {
      assertThat(to.tryLock()).isTrue();
      try (ProcessWithLock other = ProcessWithLock.takingOver(taken)) {
        assertThat(other.hasLocked()).isTrue();
        FileChannelBlockStore.open(taken).close(); // tells, and the lock cannot be taken again
        assertThatThrownBy(() -> from.copyTo(0, to, 0, bytes.length))
            .isInstanceOfSatisfying(
                BlockIoException.class, e -> assertThat(e.store()).isEqualTo(taken.toString()))
            .hasMessageContaining("somebody else has locked");
      }
    }
    assertThat(Files.readAllBytes(taken)).isEqualTo(bytes);
  }
}
