package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileLockOwnerTest {
  private static final long DEVICE = 0xFE03; // major 254, minor 3

  @Test
  void ownerIsTheProcessWithAPosixLockOfThatInodeOnThatDevice() {
    List<String> locks =
        List.of(
            "1: FLOCK  ADVISORY  WRITE 11 fe:03:77 0 EOF",
            "2: POSIX  ADVISORY  WRITE 12 fe:03:78 0 EOF",
            "3: POSIX  ADVISORY  WRITE 13 fe:02:77 0 EOF",
            "4: POSIX  ADVISORY  READ 14 fe:03:77 0 EOF",
            "5: POSIX  ADVISORY  WRITE 15 fe:03:77 0 EOF");
    assertThat(FileLockOwner.ownerOf(locks, DEVICE, 77)).contains(14L);
  }

  @Test
  void processThatWaitsIsNotTheOwner() {
    List<String> locks = List.of("1: -> POSIX  ADVISORY  WRITE 12 fe:03:77 0 EOF");
    assertThat(FileLockOwner.ownerOf(locks, DEVICE, 77)).isEmpty();
  }

  @Test
  void processOfAnotherContainerIsNotKnown() {
    List<String> locks = List.of("1: POSIX  ADVISORY  WRITE 0 fe:03:77 0 EOF");
    assertThat(FileLockOwner.ownerOf(locks, DEVICE, 77)).isEmpty();
  }

  @Test
  void minorNumberAboveOneByteIsUnderstood() {
    long device = 0x1000FE03L | 0x100000000000L; // minor 0x10003, major 0x1000 + 0xFE
    List<String> locks = List.of("1: POSIX  ADVISORY  WRITE 9 10fe:10003:77 0 EOF");
    assertThat(FileLockOwner.ownerOf(locks, device, 77)).contains(9L);
  }

  @Test
  void fileThatThisProcessHasLockedIsItsOwnWhileTheKernelHasForgottenTheLock(
      @TempDir Path directory) throws IOException {
    Path path = directory.resolve("file");
    try (BlockStore holder = FileChannelBlockStore.create(path, 4096)) {
      assertThat(holder.tryLock()).isTrue();
      // The kernel drops a process's locks of a file with any of its descriptors.
      FileChannel.open(path).close();
      assertThat(holder.lockOwner()).contains(FileLockOwner.THIS_PROCESS);
    }
    try (BlockStore next = FileChannelBlockStore.open(path)) {
      assertThat(next.lockOwner()).isEmpty();
    }
  }
}
