package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.BlockStoreContract;
import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What holds for every store over regular files, beyond {@link BlockStoreContract}. */
abstract class FileBackedContract extends BlockStoreContract {
  private int fileCount;

  protected abstract BlockStore create(Path path, long size) throws IOException;

  protected abstract BlockStore open(Path path) throws IOException;

  protected abstract BlockStore openReadOnly(Path path) throws IOException;

  protected abstract BlockStore openOrCreate(Path path, long size) throws IOException;

  @Override
  protected BlockStore create(long size) throws Exception {
    return create(directory.resolve("file-" + fileCount++), size);
  }

  @Override
  protected BlockStore openReadOnly(BlockStore store) throws Exception {
    return openReadOnly(Path.of(store.name()));
  }

  private Path file() {
    return directory.resolve("file");
  }

  @Test
  void bytesAreInTheFileAfterCloseAndReopen() throws Exception {
    byte[] bytes = randomBytes(Seed.random(), 2 * block());
    try (BlockStore store = create(file(), 4L * block())) {
      store.write(block(), ByteBuffer.wrap(bytes));
      store.flush();
    }
    try (BlockStore store = open(file())) {
      assertThat(read(store, block(), 2 * block())).isEqualTo(bytes);
    }
    assertThat(Files.size(file())).isEqualTo(4L * block());
  }

  @Test
  void createRefusesAnExistingFileAndLeavesItAlone() throws Exception {
    Files.write(file(), new byte[] {1, 2, 3});
    assertThatThrownBy(() -> create(file(), block()))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThat(Files.readAllBytes(file())).containsExactly(1, 2, 3);
  }

  @Test
  void createThatFailsHalfWayLeavesNoFile() {
    assertThatThrownBy(() -> create(file(), 1L << 62)).isInstanceOf(IOException.class);
    assertThat(file()).doesNotExist();
  }

  @Test
  void createTakesNoRoom() throws Exception {
    tracked(create(file(), 1L << 40));
    assertThat((Long) Files.getAttribute(file(), "size")).isEqualTo(1L << 40);
    assertThat(Files.getFileStore(directory).getUsableSpace()).isLessThan(1L << 40);
  }

  @Test
  void createRefusesASizeThatIsNoPositiveMultipleOfASector() {
    assertThatThrownBy(() -> create(file(), 513))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("513");
    assertThatThrownBy(() -> create(file(), 0)).isInstanceOf(IllegalArgumentException.class);
    assertThat(file()).doesNotExist();
  }

  @Test
  void openRefusesAMissingFileAndDoesNotCreateIt() {
    assertThatThrownBy(() -> open(file())).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> openReadOnly(file())).isInstanceOf(NoSuchFileException.class);
    assertThat(file()).doesNotExist();
  }

  @Test
  void openRefusesADirectoryAndACharacterDevice() {
    assertThatThrownBy(() -> openReadOnly(directory))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(directory.toString());
    Path device = Path.of("/dev/zero");
    assumeTrue(Files.exists(device), "no /dev/zero");
    assertThatThrownBy(() -> openReadOnly(device))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("neither");
  }

  @Test
  void openOrCreateCreatesWhatIsMissingAndOpensWhatIsThere() throws Exception {
    try (BlockStore store = openOrCreate(file(), 2L * block())) {
      assertThat(store.size()).isEqualTo(2L * block());
      store.write(0, ByteBuffer.wrap(randomBytes(new java.util.Random(3), block())));
    }
    byte[] before = Files.readAllBytes(file());
    try (BlockStore store = openOrCreate(file(), block())) {
      assertThat(store.size()).isEqualTo(2L * block());
    }
    assertThat(Files.readAllBytes(file())).isEqualTo(before);
  }

  @Test
  void openOrCreateRefusesASmallerFileAndLeavesItAlone() throws Exception {
    create(file(), 2L * block()).close();
    assertThatThrownBy(() -> openOrCreate(file(), 3L * block()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("exists with " + 2 * block() + " bytes")
        .hasMessageContaining(3 * block() + " are needed");
    assertThat(Files.size(file())).isEqualTo(2L * block());
    assertThat(openDescriptors(file())).isZero();
  }

  @Test
  void openOrCreateOpensAgainWhatItCreatedOfNoWholeBlocks() throws Exception {
    long size = block() + 512L;
    openOrCreate(file(), size).close();
    openOrCreate(file(), size).close();
    assertThat(Files.size(file())).isEqualTo(size);
  }

  @Test
  void sizeOfAFileIsRoundedDownToWholeBlocks() throws Exception {
    Files.write(file(), new byte[3 * block() + 100]);
    try (BlockStore store = open(file())) {
      assertThat(store.size()).isEqualTo(3L * block());
    }
    assertThat(Files.size(file())).isEqualTo(3L * block() + 100);
  }

  @Test
  void identityIsTheSameThroughLinks() throws Exception {
    BlockStore store = tracked(create(file(), block()));
    Path hard = Files.createLink(directory.resolve("hard"), file());
    Path soft = Files.createSymbolicLink(directory.resolve("soft"), file());
    assertThat(tracked(openReadOnly(hard)).identity()).isEqualTo(store.identity());
    assertThat(tracked(openReadOnly(soft)).identity()).isEqualTo(store.identity());
    assertThat(tracked(FileChannelBlockStore.openReadOnly(soft)).identity())
        .isEqualTo(store.identity());
  }

  @Test
  void lockHoldsThroughAHardLink() throws Exception {
    BlockStore store = tracked(create(file(), block()));
    Path hard = Files.createLink(directory.resolve("hard"), file());
    assertThat(store.tryLock()).isTrue();
    assertThat(tracked(open(hard)).tryLock()).isFalse();
  }

  @Test
  void lockKeepsOtherProcessesAwayUntilClose() throws Exception {
    BlockStore store = tracked(create(file(), block()));
    assertThat(store.tryLock()).isTrue();
    assertThat(otherProcessLocks(file())).isFalse();
    store.close();
    assertThat(otherProcessLocks(file())).isTrue();
  }

  @Test
  void lockOutlivesAnotherStoreOfTheSameFile() throws Exception {
    BlockStore store = tracked(create(file(), block()));
    assertThat(store.tryLock()).isTrue();
    openReadOnly(file()).close();
    assertThat(otherProcessLocks(file())).isFalse();
  }

  @Test
  void afterItsLockWasLostToSomebodyElseEveryCallFailsAndChangesNothing() throws Exception {
    byte[] bytes = randomBytes(Seed.random(), 4 * block());
    BlockStore store = tracked(create(file(), bytes.length));
    BlockStore other = tracked(create(directory.resolve("other"), bytes.length));
    store.write(0, ByteBuffer.wrap(bytes));
    store.flush();
    assertThat(store.tryLock()).isTrue();
    try (ProcessWithLock process = ProcessWithLock.takingOver(file())) {
      assertThat(process.hasLocked()).isTrue();
      open(file()).close(); // tells, and the lock cannot be taken again

      ByteBuffer buffer = ByteBuffer.allocateDirect(block());
      assertLockLost(Operation.READ, () -> store.read(0, buffer));
      assertLockLost(Operation.READ, () -> store.extentAt(0, block()));
      assertLockLost(Operation.READ, store::tryLock);
      assertLockLost(Operation.WRITE, () -> store.write(0, buffer));
      assertLockLost(Operation.WRITE, () -> store.writeUncached(0, buffer));
      assertLockLost(Operation.FLUSH, store::flush);
      assertLockLost(Operation.COPY, () -> store.copyTo(0, other, 0, bytes.length));
      assertThatThrownBy(() -> other.copyTo(0, store, 0, bytes.length)).satisfies(this::isOfLock);
      if (store.discardSupport().supported()) {
        assertLockLost(Operation.DISCARD, () -> store.discard(0, bytes.length));
      }
    }
    assertThat(Files.readAllBytes(file())).isEqualTo(bytes);
  }

  private void assertLockLost(Operation operation, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            BlockIoException.class, e -> assertThat(e.operation()).isEqualTo(operation))
        .satisfies(this::isOfLock);
  }

  private void isOfLock(Throwable failure) {
    assertThat(failure)
        .hasMessageContaining("somebody else has locked " + file())
        .isInstanceOfSatisfying(
            BlockIoException.class, e -> assertThat(e.store()).isEqualTo(file().toString()));
  }

  @Test
  void readOfATruncatedFileFailsAndNamesThePlace() throws Exception {
    BlockStore store = tracked(create(file(), 1L << 20));
    store.write(0, ByteBuffer.wrap(randomBytes(new java.util.Random(4), 1 << 20)));
    truncate(file(), 1 << 16);
    assertThat(read(store, 0, 1 << 16)).hasSize(1 << 16);
    assertThatThrownBy(() -> store.read(1 << 19, ByteBuffer.allocateDirect(8192)))
        .isInstanceOfSatisfying(
            BlockIoException.class,
            e -> {
              assertThat(e.offset()).isEqualTo(1 << 19);
              assertThat(e.length()).isEqualTo(8192);
              assertThat(e.store()).isEqualTo(file().toString());
            })
        .hasMessageContaining("file was truncated");
  }

  @Test
  void copyOfAFileTruncatedInTheMiddleOfASectorNamesTheFileThatFailed() throws Exception {
    Path copy = file().resolveSibling("copy");
    BlockStore store = tracked(create(file(), 1L << 20));
    BlockStore target = tracked(create(copy, 1L << 20));
    store.write(0, ByteBuffer.wrap(randomBytes(new java.util.Random(5), 1 << 20)));
    truncate(file(), (1 << 19) + 100);
    assertThatThrownBy(() -> store.copyTo(0, target, 0, 1 << 20))
        .isInstanceOfSatisfying(
            BlockIoException.class, e -> assertThat(e.store()).isEqualTo(file().toString()));
  }

  @Test
  void copyOfHolesToHolesLeavesHoles() throws Exception {
    try (BlockStore store = create(file(), 64L << 20)) {
      store.write(32L << 20, ByteBuffer.wrap(randomBytes(new java.util.Random(6), 1 << 20)));
    }
    BlockStore source = tracked(openReadOnly(file()));
    assumeTrue(
        source.extentAt(0, 4L << 20).kind() == Extent.Kind.HOLE,
        "holes are not known here: no JNA, or the file system has none");
    BlockStore target = tracked(create(directory.resolve("copy"), 64L << 20));

    for (long at = 0; at < source.size(); at += 4L << 20) {
      source.copyTo(at, target, at, 4L << 20);
    }

    assertThat(target.extentAt(0, 32L << 20)).isEqualTo(new Extent(0, 32L << 20, Extent.Kind.HOLE));
    assertThat(target.extentAt(33L << 20, 31L << 20))
        .isEqualTo(new Extent(33L << 20, 31L << 20, Extent.Kind.HOLE));
    assertThat(read(target, 32L << 20, 1 << 20)).isEqualTo(read(source, 32L << 20, 1 << 20));
  }

  @Test
  void extentOfOneByteIsThatByte() throws Exception {
    BlockStore store = tracked(create(file(), 3 << 16));
    store.write(1 << 16, ByteBuffer.wrap(randomBytes(new java.util.Random(7), 1 << 16)));
    for (long offset : new long[] {0, (1 << 16) - 1, 1 << 16, (2 << 16) - 1, (3 << 16) - 1}) {
      assertThat(store.extentAt(offset, 1).length()).as("at byte " + offset).isEqualTo(1);
    }
  }

  @Test
  void copyOfTheLostEndOfATruncatedFileFailsThoughItLooksLikeAHole() throws Exception {
    BlockStore store = tracked(create(file(), 1L << 20));
    BlockStore target = tracked(create(directory.resolve("copy"), 1L << 20));
    truncate(file(), 1 << 19);
    assertThatThrownBy(() -> store.copyTo(3 << 18, target, 3 << 18, 1 << 18))
        .isInstanceOfSatisfying(
            BlockIoException.class, e -> assertThat(e.store()).isEqualTo(file().toString()))
        .hasMessageContaining("file was truncated");
  }

  @Test
  void flushOfATruncatedFileFails() throws Exception {
    BlockStore store = tracked(create(file(), 1L << 20));
    truncate(file(), 1 << 16);
    assertThatThrownBy(store::flush)
        .isInstanceOf(BlockIoException.class)
        .hasMessageContaining("file was truncated");
  }

  @Test
  void closeLeavesNoDescriptorOpen() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")), "no /proc/self/fd");
    BlockStore store = create(file(), 1L << 20);
    store.write(0, ByteBuffer.allocate(block()));
    store.tryLock();
    store.extentAt(0, block());
    assertThat(openDescriptors(file())).isPositive();
    store.close();
    assertThat(openDescriptors(file())).isZero();
  }

  static void truncate(Path file, long size) throws IOException {
    try (RandomAccessFile other = new RandomAccessFile(file.toFile(), "rw")) {
      other.setLength(size);
    }
  }

  static long openDescriptors(Path file) throws IOException {
    Path descriptors = Path.of("/proc/self/fd");
    if (!Files.isDirectory(descriptors)) {
      return 0;
    }
    try (Stream<Path> all = Files.list(descriptors)) {
      return all.filter(each -> leadsTo(each, file)).count();
    }
  }

  private static boolean leadsTo(Path descriptor, Path file) {
    try {
      return Files.readSymbolicLink(descriptor).equals(file.toRealPath());
    } catch (IOException e) {
      return false; // closed meanwhile: the listing's own
    }
  }

  /** Returns whether another JVM can lock the file. */
  static boolean otherProcessLocks(Path file) throws IOException {
    try (ProcessWithLock other = ProcessWithLock.on(file)) {
      return other.hasLocked();
    }
  }
}
