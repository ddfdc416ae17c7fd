package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.testing.Seed;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UninterruptibleFileTest {
  private static final UninterruptibleFile.Transfer READ =
      (channel, buffer, offset) -> channel.read(buffer, offset);

  @TempDir Path directory;

  private Path path;
  private byte[] content;
  private UninterruptibleFile file;

  @BeforeEach
  void open() throws IOException {
    path = directory.resolve("file");
    content = new byte[8192];
    Seed.random().nextBytes(content);
    Files.write(path, content);
    file = new UninterruptibleFile(path, true);
  }

  @AfterEach
  void close() throws IOException {
    file.close();
    assertThat(FileBackedContract.openDescriptors(path)).isZero();
  }

  private ByteBuffer readInterrupted() throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
    interruptIn(READ, buffer);
    return buffer.flip();
  }

  private void writeZeroesInterrupted() throws IOException {
    interruptIn(
        (channel, source, offset) -> channel.write(source, offset),
        ByteBuffer.allocateDirect(4096));
  }

  /** Transfers with an interrupt inside the first call of the channel, which closes it. */
  private void interruptIn(UninterruptibleFile.Transfer transfer, ByteBuffer buffer)
      throws IOException {
    List<FileChannel> channels = new ArrayList<>();
    try {
      file.transfer(
          (channel, each, offset) -> {
            channels.add(channel);
            if (channels.size() == 1) {
              Thread.currentThread().interrupt();
            }
            return transfer.at(channel, each, offset);
          },
          4096,
          buffer);
    } finally {
      assertThat(Thread.interrupted()).as("status is set again").isTrue();
      assertThat(channels.get(0).isOpen()).as("the interrupt closed the channel").isFalse();
    }
  }

  @Test
  void readDuringWhichTheChannelWasClosedByAnInterruptIsWhole() throws IOException {
    assertThat(readInterrupted()).isEqualTo(ByteBuffer.wrap(content, 4096, 4096));
    ByteBuffer again = ByteBuffer.allocate(8192);
    file.read(0, again);
    assertThat(again.array()).isEqualTo(content);
  }

  @Test
  void bytesTransferredBeforeTheChannelDiedAreNotCountedTwice() throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(8192);
    int[] calls = new int[1];
    file.transfer(
        (channel, target, offset) -> {
          int read = shortRead(channel, target, offset, 1000);
          if (++calls[0] == 2) {
            channel.close(); // the position has moved, the outcome is lost
            throw new java.nio.channels.AsynchronousCloseException();
          }
          return read;
        },
        0,
        buffer);
    assertThat(buffer.array()).isEqualTo(content);
  }

  @Test
  void shortTransfersAreContinued() throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(8192);
    file.transfer((channel, target, offset) -> shortRead(channel, target, offset, 7), 0, buffer);
    assertThat(buffer.array()).isEqualTo(content);
  }

  @Test
  void transferThatGetsNowhereFailsInsteadOfTryingForEver() {
    assertThatThrownBy(
            () -> file.transfer((channel, buffer, offset) -> 0, 0, ByteBuffer.allocate(512)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no byte of 512");
  }

  private static int shortRead(FileChannel channel, ByteBuffer target, long offset, int most)
      throws IOException {
    int limit = target.limit();
    target.limit(Math.min(limit, target.position() + most));
    int read = channel.read(target, offset);
    target.limit(limit);
    return read;
  }

  @Test
  void readBehindTheEndFailsAndSaysWhereTheFileEnds() {
    assertThatThrownBy(() -> file.transfer(READ, 4096, ByteBuffer.allocate(8192)))
        .isInstanceOf(EOFException.class)
        .hasMessageContaining("truncated")
        .hasMessageContaining("byte 8192");
  }

  @Test
  void forceAfterAnInterruptSucceeds() throws IOException {
    readInterrupted();
    file.write(0, ByteBuffer.wrap(new byte[512]));
    file.force();
    file.force();
    assertThat(Files.readAllBytes(path)[0]).isZero();
  }

  @Test
  void fileThatReplacedTheOpenOneIsNotUsed() throws IOException {
    Path other = Files.write(directory.resolve("other"), new byte[8192]);
    Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(this::readInterrupted)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(path.toString())
        .hasMessageContaining("was replaced by another file");
  }

  @Test
  void lockIsHeldAgainAfterAnInterruptClosedTheChannel() throws Exception {
    assertThat(file.tryLock()).isTrue();
    readInterrupted();
    assertThat(FileBackedContract.otherProcessLocks(path)).isFalse();
  }

  @Test
  void lockIsHeldAgainThoughTheChannelCouldNotBeOpenedAgain() throws Exception {
    assertThat(file.tryLock()).isTrue();
    Path moved = Files.move(path, directory.resolve("moved"));
    assertThatThrownBy(this::readInterrupted).isInstanceOf(NoSuchFileException.class);
    assertThat(FileBackedContract.otherProcessLocks(moved)).isFalse();
  }

  @Test
  void lockIsHeldAgainAfterAnotherOpeningFailedHalfWay() throws Exception {
    assertThat(file.tryLock()).isTrue();
    Path link = Files.createLink(directory.resolve("link"), path);
    // The first of the descriptors takes the name away, so that the next one finds nothing.
    assertThatThrownBy(
            () -> new UninterruptibleFile(link, false, StandardOpenOption.DELETE_ON_CLOSE))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(link.toString());
    assertThat(FileBackedContract.otherProcessLocks(path)).isFalse();
  }

  @Test
  void lockOfAFileThatReplacedAnotherOneIsHeldAgain() throws Exception {
    Path otherPath = Files.write(directory.resolve("other"), new byte[8192]);
    try (UninterruptibleFile other = new UninterruptibleFile(otherPath, true)) {
      assertThat(other.tryLock()).isTrue();
      Files.move(otherPath, path, StandardCopyOption.REPLACE_EXISTING);
      assertThatThrownBy(this::readInterrupted).hasMessageContaining("was replaced");
      assertThat(FileBackedContract.otherProcessLocks(path)).isFalse();
    }
  }

  @Test
  void fileThatReplacedTheOpenOneIsNotLocked() throws Exception {
    Path other = Files.write(directory.resolve("other"), new byte[8192]);
    Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(file::tryLock).hasMessageContaining("was replaced by another file");
    assertThat(FileBackedContract.otherProcessLocks(path)).isTrue();
  }

  @Test
  void lockThatIsLostWhileTheChannelCannotBeOpenedAgainFailsAllLaterCalls() throws Exception {
    assertThat(file.tryLock()).isTrue();
    Path moved = directory.resolve("moved");
    try (ProcessWithLock other = ProcessWithLock.takingOver(path)) {
      assertThat(other.hasLocked()).isTrue();
      Files.move(path, moved);
      assertThatThrownBy(this::writeZeroesInterrupted).isInstanceOf(NoSuchFileException.class);
    }
    Files.move(moved, path);
    assertThatThrownBy(() -> file.write(0, ByteBuffer.allocate(512)))
        .hasMessageContaining("somebody else has locked " + path);
    assertThat(Files.readAllBytes(path)).isEqualTo(content);
  }

  @Test
  void lockThatIsLostToSomebodyElseFailsAllLaterCalls() throws Exception {
    assertThat(file.tryLock()).isTrue();
    try (ProcessWithLock other = ProcessWithLock.takingOver(path)) {
      assertThat(other.hasLocked()).isTrue();
      assertThatThrownBy(this::writeZeroesInterrupted)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("somebody else has locked " + path);
      assertThat(Files.readAllBytes(path)).isEqualTo(content);
      assertThatThrownBy(() -> file.write(0, ByteBuffer.allocate(512)))
          .hasMessageContaining("somebody else has locked");
      assertThatThrownBy(file::force).hasMessageContaining("somebody else has locked");
    }
  }

  @Test
  void pathOfAnotherFileSystemIsRefused() {
    Path foreign = Path.of(java.net.URI.create("jrt:/java.base/module-info.class"));
    assertThatThrownBy(() -> new UninterruptibleFile(foreign, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("default file system");
  }

  @Test
  void lockIsNeverLostToOthersOfThisProcessThatTryForItAndGiveUp() throws Exception {
    assertThat(file.tryLock()).isTrue();
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<Integer>> attempts = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        attempts.add(threads.submit(() -> locksTaken(5_000)));
      }
      for (Future<Integer> each : attempts) {
        assertThat(each.get()).as("locks taken beside the holder's").isZero();
      }
    } finally {
      threads.shutdown();
    }
    file.force(); // which fails if the lock was lost
    assertThat(UninterruptibleFile.isLockedHere(FileIdentity.of(path))).isTrue();
  }

  /** Each attempt opens and closes descriptors, with which the kernel drops the holder's lock. */
  private int locksTaken(int attempts) throws IOException {
    int taken = 0;
    for (int i = 0; i < attempts; i++) {
      try (UninterruptibleFile other = new UninterruptibleFile(path, true)) {
        taken += other.tryLock() ? 1 : 0;
      }
    }
    return taken;
  }
}
