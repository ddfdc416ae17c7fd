package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.Extent;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MappedBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.store.RawDeviceBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What a store does with ranges that it need not move through the heap. */
abstract class DiscardAndCopyContract extends RefusalContract {
  @Test
  void discardIsWhatDiscardSupportSays() throws Exception {
    BlockStore store = make(1L << 20);
    DiscardSupport support = store.discardSupport();
    byte[] bytes = randomBytes(Seed.random(), 1 << 20);
    store.write(0, ByteBuffer.wrap(bytes));
    if (!support.supported()) {
      assertThat(support).isEqualTo(DiscardSupport.NONE);
      assertThatThrownBy(() -> store.discard(0, block()))
          .isInstanceOf(UnsupportedOperationException.class);
      return;
    }
    assertThat(support.granularity()).isPositive();
    assertThat(support.maxLength()).isPositive().isLessThanOrEqualTo(store.size());
    // Not aligned to the granularity, on purpose.
    int from = 3 * block();
    int length = (1 << 19) + block();
    store.discard(from, length);
    store.flush();
    byte[] after = read(store, 0, 1 << 20);
    int unit = (int) Math.min(support.granularity(), 1 << 20);
    int firstWhole = (from + unit - 1) / unit * unit;
    int wholeEnd = (from + length) / unit * unit;
    if (support.readsZeroes() && firstWhole < wholeEnd) {
      assertThat(Arrays.copyOfRange(after, firstWhole, wholeEnd)).containsOnly(0);
    }
    assertThat(Arrays.copyOf(after, from)).isEqualTo(Arrays.copyOf(bytes, from));
    assertThat(Arrays.copyOfRange(after, from + length, 1 << 20))
        .isEqualTo(Arrays.copyOfRange(bytes, from + length, 1 << 20));
  }

  @Test
  void discardToTheEndOfTheStoreReadsZeroesIfTheStoreSaysSo() throws Exception {
    int size = (1 << 20) - block();
    BlockStore store = make(size);
    DiscardSupport support = store.discardSupport();
    assumeTrue(support.readsZeroes(), "the store promises no zeroes");
    store.write(0, ByteBuffer.wrap(randomBytes(Seed.random(), size)));
    long unit = support.granularity();
    long from = Math.max(0, size - support.maxLength() + unit - 1) / unit * unit;

    store.discard(from, size - from);

    assertThat(read(store, from, (int) (size - from))).containsOnly(0);
  }

  @Test
  void preallocationChangesNoByte() throws Exception {
    BlockStore store = make(1L << 20);
    byte[] bytes = randomBytes(Seed.random(), 1 << 19);
    store.write(1 << 18, ByteBuffer.wrap(bytes));
    byte[] before = read(store, 0, 1 << 20);

    store.preallocate(0, 1 << 20);
    store.preallocate(1 << 20, 0);

    assertThat(read(store, 0, 1 << 20)).isEqualTo(before);
    assertThatThrownBy(() -> store.preallocate(block(), 1 << 20))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ends at byte " + ((1 << 20) + block()));
  }

  @Test
  void discardLongerThanTheMaximumOrBehindTheEndIsRefused() throws Exception {
    BlockStore store = make(1L << 20);
    DiscardSupport support = store.discardSupport();
    assumeTrue(support.supported(), "the store does not support discard");
    assertThatThrownBy(() -> store.discard(store.size() - block(), 2L * block()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ends at byte");
    assertThatThrownBy(() -> store.discard(0, store.size() + block()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.discard(1, block()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("multiples");
  }

  @TestFactory
  Stream<DynamicTest> copyToEveryKindCopiesTheRangeAndNothingElse() {
    return Stream.of(StoreKind.values())
        .map(kind -> DynamicTest.dynamicTest(kind.name(), () -> copyTo(kind)));
  }

  private void copyTo(StoreKind kind) throws Exception {
    int length = (2 << 20) + 4096;
    BlockStore store = make(4L << 20);
    byte[] bytes = randomBytes(Seed.random(), length);
    store.write(4096, ByteBuffer.wrap(bytes));
    BlockStore target = tracked(kind.create(directory.resolve("copy-" + kind), 4L << 20));

    store.copyTo(4096, target, 8192, length);

    assertThat(Arrays.equals(read(target, 8192, length), bytes)).isTrue();
    assertThat(read(target, 0, 8192)).containsOnly(0);
    assertThat(read(target, 8192L + length, 4096)).containsOnly(0);
  }

  @TestFactory
  Stream<DynamicTest> copyFromEveryKindCopiesTheRange() {
    return Stream.of(StoreKind.values())
        .map(kind -> DynamicTest.dynamicTest(kind.name(), () -> copyFrom(kind)));
  }

  private void copyFrom(StoreKind kind) throws Exception {
    BlockStore source = tracked(kind.create(directory.resolve("copy-" + kind), 1L << 20));
    byte[] bytes = randomBytes(Seed.random(), 1 << 16);
    source.write(4096, ByteBuffer.wrap(bytes));
    BlockStore store = make(1L << 20);

    source.copyTo(4096, store, 0, 1 << 16);

    assertThat(read(store, 0, 1 << 16)).isEqualTo(bytes);
  }

  @TestFactory
  Stream<DynamicTest> copyToEveryKindCopiesHolesWhateverIsThere() {
    return Stream.of(StoreKind.values())
        .map(kind -> DynamicTest.dynamicTest(kind.name(), () -> copyHolesTo(kind)));
  }

  /** Pieces of 64 KiB, in all four pairs of data and hole, and holes longer than the piece. */
  private void copyHolesTo(StoreKind kind) throws Exception {
    int piece = 1 << 16;
    BlockStore store = make(8L * piece);
    BlockStore target = tracked(kind.create(directory.resolve("holes-" + kind), 8L * piece));
    byte[] bytes = randomBytes(Seed.random(), piece);
    for (int at : new int[] {1, 3, 6}) {
      store.write((long) at * piece, ByteBuffer.wrap(bytes));
    }
    for (int at : new int[] {0, 1, 5}) {
      target.write((long) at * piece, ByteBuffer.allocate(piece).put(0, new byte[] {7}));
    }

    store.copyTo(0, target, 0, 8L * piece);

    assertThat(read(target, 0, 8 * piece)).isEqualTo(read(store, 0, 8 * piece));
  }

  @Test
  void copyToAClosedStoreNamesTheTarget() throws Exception {
    BlockStore store = make(4L * block());
    BlockStore target = make(4L * block());
    target.close();
    assertThatThrownBy(() -> store.copyTo(0, target, 0, block()))
        .isInstanceOfSatisfying(
            BlockIoException.class, e -> assertThat(e.store()).isEqualTo(target.name()));
  }

  @Test
  void extentsCoverTheStoreAndHolesReadAsZeroes() throws Exception {
    BlockStore store = make(1L << 20);
    byte[] bytes = randomBytes(Seed.random(), 1 << 18);
    store.write(1 << 18, ByteBuffer.wrap(bytes));
    store.flush();
    byte[] rebuilt = new byte[1 << 20];
    Extent extent;
    for (long at = 0; at < store.size(); at += extent.length()) {
      extent = store.extentAt(at, store.size() - at);
      assertThat(extent.offset()).isEqualTo(at);
      assertThat(extent.length()).isPositive().isLessThanOrEqualTo(store.size() - at);
      assertThat(extent.length() % block()).isZero();
      if (extent.kind() == Extent.Kind.DATA) {
        int length = (int) extent.length();
        System.arraycopy(read(store, at, length), 0, rebuilt, (int) at, length);
      }
    }
    assertThat(rebuilt).isEqualTo(read(store, 0, 1 << 20));
  }

  @Test
  void extentIsNoLongerThanAskedFor() throws Exception {
    BlockStore store = make(1L << 20);
    assertThat(store.extentAt(block(), block()).length()).isEqualTo(block());
    assertThatThrownBy(() -> store.extentAt(store.size(), block()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** The backends that need no special rights, as the other end of a copy. */
  enum StoreKind {
    MEMORY {
      @Override
      BlockStore create(Path path, long size) {
        return new MemoryBlockStore(size);
      }
    },
    FILE {
      @Override
      BlockStore create(Path path, long size) throws IOException {
        return FileChannelBlockStore.create(path, size);
      }
    },
    MAPPED {
      @Override
      BlockStore create(Path path, long size) throws IOException {
        return MappedBlockStore.create(path, size);
      }
    },
    RAW_DEVICE {
      @Override
      BlockStore create(Path path, long size) {
        try {
          return RawDeviceBlockStore.create(path, size);
        } catch (IOException e) {
          return abort("no direct I/O on " + path + ": " + e.getMessage());
        }
      }
    },
    FILTER {
      @Override
      BlockStore create(Path path, long size) throws IOException {
        return new FilterBlockStore(FileChannelBlockStore.create(path, size));
      }
    };

    abstract BlockStore create(Path path, long size) throws IOException;
  }
}
