package io.clonedevice.store;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileChannelBlockStoreTest extends FileBackedContract {
  private static final int SIZE = 1 << 20;

  @TempDir private Path files;

  @Override
  protected BlockStore create(Path path, long size) throws IOException {
    return FileChannelBlockStore.create(path, size);
  }

  @Override
  protected BlockStore open(Path path) throws IOException {
    return FileChannelBlockStore.open(path);
  }

  @Override
  protected BlockStore openReadOnly(Path path) throws IOException {
    return FileChannelBlockStore.openReadOnly(path);
  }

  @Override
  protected BlockStore openOrCreate(Path path, long size) throws IOException {
    return FileChannelBlockStore.openOrCreate(path, size);
  }

  @Test
  void anUncachedWriteIsOnItsWayToTheDisk() throws Exception {
    Path file = files.resolve("file");
    BlockStore store = tracked(create(file, SIZE));
    store.write(0, direct());
    long dirty = PageCache.of(file).dirtyPages();
    assumeTrue(dirty > 0, "the file system keeps no dirty pages");

    store.writeUncached(0, direct());

    assertThat(PageCache.of(file).dirtyPages()).isLessThan(dirty);
  }

  @Test
  void aWriteIsOnItsWayToTheDiskWhereEachOneIsFlushed() throws Exception {
    Path file = files.resolve("file");
    BlockStore store = tracked(create(file, SIZE));
    write4Kib(store, 0);
    assumeTrue(PageCache.of(file).dirtyPages() > 0, "the file system keeps no dirty pages");
    store.flush();
    for (int i = 1; i < FlushHabit.KEPT; i++) {
      write4Kib(store, 4096L * i);
      assertThat(PageCache.of(file).dirtyPages()).as("after write %s", i).isPositive();
      store.flush();
    }

    write4Kib(store, SIZE / 2);
    assertThat(PageCache.of(file).dirtyPages()).isZero();
  }

  @Test
  void aWriteThatCannotStartOnItsWayToTheDiskFails() throws Exception {
    MountedFileSystem mounted = MountedFileSystem.in(files, 16 << 20, "mkfs.ext4", "-q");
    try (BlockStore store = create(mounted.root().resolve("file"), SIZE)) {
      write4Kib(store, 0);
      NativeFile nativeFile = ((FileChannelBlockStore) store).nativeFile().orElseThrow();
      mounted.shutDown();

      assertThatThrownBy(() -> nativeFile.startWriteback(0, 4096))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("sync_file_range");
    } finally {
      mounted.unmount();
    }
  }

  private static void write4Kib(BlockStore store, long offset) throws IOException {
    store.write(offset, direct().limit(4096));
  }

  @Test
  void neitherAnUncachedWriteNorACopyStaysInThePageCache() throws Exception {
    Path file = files.resolve("file");
    Path copy = files.resolve("copy");
    ByteBuffer bytes = direct();
    try (BlockStore store = create(file, SIZE)) {
      writeUncached((FileChannelBlockStore) store, bytes);
    }
    assertThat(PageCache.of(file).pages()).isZero();

    try (BlockStore source = openReadOnly(file);
        BlockStore target = create(copy, SIZE)) {
      source.copyTo(0, target, 0, SIZE);
      target.flush();
    }

    assertThat(PageCache.of(file).pages()).isZero();
    assertThat(PageCache.of(copy).pages()).isZero();
    assertThat(ByteBuffer.wrap(Files.readAllBytes(copy))).isEqualTo(bytes.rewind());
  }

  @Test
  void aPreallocatedRangeTakesRoomOnTheDiskAndIsAHoleUntilItIsWritten() throws Exception {
    Path file = files.resolve("file");
    FileChannelBlockStore store = (FileChannelBlockStore) tracked(create(file, SIZE));
    writeUncached(store, direct());
    store.discard(0, SIZE);
    store.flush();
    long before = bytesOnDisk(file);

    store.preallocate(SIZE / 4, SIZE / 2);

    assertThat(bytesOnDisk(file) - before).isEqualTo(SIZE / 2);
    assertThat(store.extentAt(0, SIZE)).isEqualTo(new Extent(0, SIZE, Extent.Kind.HOLE));
    assertThat(Files.size(file)).isEqualTo(SIZE);
  }

  private static long bytesOnDisk(Path file) throws Exception {
    Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
    return 512 * Long.parseLong(new String(stat.getInputStream().readAllBytes(), US_ASCII).trim());
  }

  @Test
  void readsAtOnceWhatIsInThePageCache() throws Exception {
    Path file = files.resolve("file");
    ByteBuffer bytes = direct();
    FileChannelBlockStore store = (FileChannelBlockStore) tracked(create(file, SIZE));
    store.write(0, bytes);
    assumeTrue(PageCache.of(file).pages() > 0, "the file system has no cache");
    ByteBuffer target = ByteBuffer.allocateDirect(4096);

    assertThat(store.tryRead(8192, target)).isTrue();

    assertThat(target.flip()).isEqualTo(bytes.slice(8192, 4096));
  }

  @Test
  void neitherReadsAtOnceNorPreallocatesWhenTheLockWasLostToSomebodyElse() throws Exception {
    Path file = files.resolve("file");
    BlockStore store = tracked(create(file, SIZE));
    store.write(0, direct());
    store.discard(SIZE / 2, SIZE / 2);
    store.flush();
    assertThat(store.tryLock()).isTrue();
    try (ProcessWithLock other = ProcessWithLock.takingOver(file)) {
      assertThat(other.hasLocked()).isTrue();
      open(file).close(); // tells, and the lock cannot be taken again

      long before = bytesOnDisk(file);
      assertThat(store.tryRead(0, ByteBuffer.allocateDirect(4096))).isFalse();
      store.preallocate(SIZE / 2, SIZE / 2);
      assertThat(bytesOnDisk(file)).isEqualTo(before);
    }
  }

  @Test
  void doesNotReadAtOnceFromAFileThatWasTruncated() throws Exception {
    Path file = files.resolve("file");
    BlockStore store = tracked(create(file, SIZE));
    store.write(0, direct());
    truncate(file, 8192 + 512);
    assertThat(store.tryRead(8192, ByteBuffer.allocateDirect(4096))).isFalse();
  }

  @Test
  void whatWasCachedBeforeACopyStays() throws Exception {
    Path file = files.resolve("file");
    try (BlockStore store = create(file, SIZE)) {
      store.write(0, direct());
      store.flush();
    }
    long cached = PageCache.of(file).pages();
    assumeTrue(cached > 0, "the file system has no cache");

    try (BlockStore source = openReadOnly(file);
        BlockStore target = create(files.resolve("copy"), SIZE)) {
      source.copyTo(0, target, 0, SIZE);
    }

    assertThat(PageCache.of(file).pages()).isEqualTo(cached);
  }

  @Test
  void writesBy64KiBWhatIsNotInThePageCacheAndByLargerPiecesWhatIs() throws Exception {
    Path file = files.resolve("file");
    int writes = 32;
    BlockStore store = tracked(create(file, writes * SIZE));
    assumeTrue(PageCache.of(file).pages() == 0, "the page cache has a file that nobody wrote");
    ByteBuffer bytes = direct();
    int small = SIZE / (64 << 10);
    int large = SIZE / (256 << 10);

    assertThat(writeCalls(() -> store.write(0, bytes.rewind()))).isEqualTo(small);
    assumeTrue(PageCache.of(file).pages() > 0, "the file system has no cache");
    assertThat(writeCalls(() -> store.write(0, bytes.rewind()))).isEqualTo(large);

    // That pages are there is taken for granted for a while, not for ever.
    List<Long> calls = new ArrayList<>();
    for (int i = 1; i < writes; i++) {
      long offset = (long) i * SIZE;
      calls.add(writeCalls(() -> store.write(offset, bytes.rewind())));
    }
    assertThat(calls).startsWith((long) large).endsWith((long) small);
  }

  @Test
  void piecesOfALargeWriteEndAtMultiplesOfTheirSize() throws Exception {
    Path file = files.resolve("file");
    BlockStore store = tracked(create(file, SIZE));
    assumeTrue(PageCache.of(file).pages() == 0, "the page cache has a file that nobody wrote");
    ByteBuffer bytes = direct().limit(128 << 10);

    assertThat(writeCalls(() -> store.write(4096, bytes))).isEqualTo(3); // 60, 64 and 4 KiB
  }

  /** On overlayfs the pages are those of another file, and cachestat(2) finds none. */
  @Test
  void takesNothingForUncachedWhereTheSystemDoesNotTell() throws Exception {
    Path root = mountedOverlay();
    try (BlockStore store = create(root.resolve("file"), SIZE)) {
      ByteBuffer bytes = direct();
      store.write(0, bytes);
      assumeTrue(PageCache.of(root.resolve("file")).pages() == 0, "overlayfs tells what is cached");

      assertThat(writeCalls(() -> store.write(0, bytes.rewind()))).isEqualTo(SIZE / (256 << 10));
    } finally {
      LoopDevice.run("umount", root.toString());
    }
  }

  private Path mountedOverlay() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "mounting needs root");
    StringBuilder options = new StringBuilder();
    for (String part : List.of("lowerdir", "upperdir", "workdir")) {
      Path directory = Files.createDirectory(files.resolve(part));
      options.append(options.length() == 0 ? "" : ",").append(part).append('=').append(directory);
    }
    Path root = Files.createDirectory(files.resolve("mounted"));
    try {
      LoopDevice.run("mount", "-t", "overlay", "-o", options.toString(), "none", root.toString());
    } catch (IOException e) {
      abort("no overlayfs here: " + e.getMessage());
    }
    return root;
  }

  @Test
  void anUncachedWriteIsOneCallAMiBWhereverItBegins() throws Exception {
    FileChannelBlockStore store =
        (FileChannelBlockStore) tracked(create(files.resolve("file"), 2 * SIZE));
    writeUncached(store, direct());
    ByteBuffer bytes = direct();

    assertThat(writeCalls(() -> store.writeUncached(4096, bytes))).isEqualTo(1);
  }

  @Test
  void aWriteOfWhatIsCachedIsCutOnlyWhereItIsTooLong() throws Exception {
    Path file = files.resolve("file");
    BlockStore store = tracked(create(file, SIZE));
    store.write(0, direct());
    assumeTrue(PageCache.of(file).pages() > 0, "the file system has no cache");
    ByteBuffer bytes = direct().limit(256 << 10);

    assertThat(writeCalls(() -> store.write(192 << 10, bytes))).isEqualTo(1);
  }

  private interface Writing {
    void run() throws IOException;
  }

  private static long writeCalls(Writing writing) throws IOException {
    long before = writeCalls();
    writing.run();
    return writeCalls() - before;
  }

  /** Returns how many calls of this thread have written something. */
  private static long writeCalls() throws IOException {
    Path counts = Path.of("/proc/thread-self/io");
    assumeTrue(Files.exists(counts), "the system does not count calls");
    String line =
        Files.readAllLines(counts).stream().filter(l -> l.startsWith("syscw:")).findFirst().get();
    return Long.parseLong(line.substring("syscw:".length()).trim());
  }

  @Test
  void aFileSystemThatCachesEverythingTakesUncachedWritesAndCopies() throws Exception {
    Path memory = Path.of("/dev/shm");
    assumeTrue(Files.isDirectory(memory), "no /dev/shm");
    Path directory = Files.createTempDirectory(memory, "clone");
    Path file = directory.resolve("file");
    Path copy = directory.resolve("copy");
    ByteBuffer bytes = direct();
    try (BlockStore store = create(file, SIZE);
        BlockStore target = create(copy, SIZE)) {
      store.writeUncached(0, bytes);
      store.copyTo(0, target, 0, SIZE);
      assertThat(ByteBuffer.wrap(Files.readAllBytes(copy))).isEqualTo(bytes.rewind());
    } finally {
      Files.deleteIfExists(file);
      Files.deleteIfExists(copy);
      Files.delete(directory);
    }
  }

  private static void writeUncached(FileChannelBlockStore store, ByteBuffer bytes)
      throws IOException {
    store.writeUncached(0, bytes);
    store.flush();
    assumeTrue(
        store.nativeFile().map(NativeFile::mayTransferUncached).orElse(false),
        "the system caches all that is written; Linux 6.14 and ext4 or XFS need not");
  }

  private static ByteBuffer direct() {
    return ByteBuffer.allocateDirect(SIZE).put(randomBytes(Seed.random(), SIZE)).flip();
  }
}
