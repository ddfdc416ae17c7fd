package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CrashingBlockStoreTest extends BlockStoreContract {
  private final CrashingBlockStore store = new CrashingBlockStore(4 * 512);

  @Override
  protected BlockStore create(long size) {
    return new CrashingBlockStore(size);
  }

  @Override
  protected BlockStore openReadOnly(BlockStore other) {
    return ((CrashingBlockStore) other).asReadOnly();
  }

  private static ByteBuffer sectors(int... values) {
    ByteBuffer sectors = ByteBuffer.allocate(values.length * 512);
    for (int value : values) {
      byte[] sector = new byte[512];
      Arrays.fill(sector, (byte) value);
      sectors.put(sector);
    }
    return sectors.flip();
  }

  /** The first byte of each sector; all bytes of a sector must be the same. */
  private static String values(CrashingBlockStore medium) {
    StringBuilder values = new StringBuilder();
    byte[] bytes = medium.contents();
    for (int at = 0; at < bytes.length; at += 512) {
      byte[] sector = Arrays.copyOfRange(bytes, at, at + 512);
      assertThat(sector).as("sector is not torn").containsOnly(sector[0]);
      values.append(sector[0]);
    }
    return values.toString();
  }

  @Test
  void crashMayLoseAllThatWasNotFlushed() throws IOException {
    store.write(0, sectors(1, 1, 1, 1));
    store.flush();
    store.write(0, sectors(2, 2));
    store.discard(1024, 512);
    assertThat(values(store.crash((sector, count) -> 0))).isEqualTo("1111");
  }

  @Test
  void crashMayKeepAllThatWasNotFlushed() throws IOException {
    store.write(0, sectors(1, 1, 1, 1));
    store.flush();
    store.write(0, sectors(2, 2));
    store.discard(1024, 512);
    assertThat(values(store.crash((sector, count) -> count))).isEqualTo("2201");
  }

  @Test
  void crashMayKeepAnOlderValueOfASectorThanOfItsNeighbour() throws IOException {
    store.write(0, sectors(1, 1));
    store.write(0, sectors(2, 2));
    assertThat(values(store.crash((sector, count) -> sector == 0 ? 1 : 2))).isEqualTo("1200");
  }

  @Test
  void everySubsetOfUnflushedSectorsIsSeenAndNothingElse() throws IOException {
    store.write(0, sectors(1, 1, 1));
    store.flush();
    store.write(0, sectors(2, 3));
    Random random = Seed.random();
    Set<String> seen = new HashSet<>();
    for (int n = 0; n < 1000; n++) {
      seen.add(values(store.crash(random)));
    }
    assertThat(seen).containsExactlyInAnyOrder("1110", "2110", "1310", "2310");
  }

  @Test
  void flushedWriteIsInEveryCrash() throws IOException {
    store.write(0, sectors(9, 9));
    store.write(0, sectors(1, 2, 3, 4));
    store.flush();
    assertThat(store.unflushedSectors()).isEmpty();
    assertThat(values(store.crash(Seed.random()))).isEqualTo("1234");
  }

  @Test
  void durableWriteIsInEveryCrash() throws IOException {
    store.writeDurably(512, sectors(7));
    assertThat(values(store.crash((sector, count) -> 0))).isEqualTo("0700");
  }

  @Test
  void asynchronousWriteIsUnflushedToo() {
    store.writeAsync(512, sectors(7), failure -> assertThat(failure).isNull());
    assertThat(store.unflushedSectors()).isEqualTo(Map.of(1L, 1));
    store.flushAsync(failure -> assertThat(failure).isNull());
    assertThat(values(store.crash((sector, count) -> 0))).isEqualTo("0700");
  }

  @Test
  void unflushedSectorsCountTheirValues() throws IOException {
    store.write(512, sectors(1, 2));
    store.write(1024, sectors(3));
    assertThat(store.unflushedSectors()).isEqualTo(Map.of(1L, 1, 2L, 2));
  }

  @Test
  void crashLeavesTheStoreAsItWas() throws IOException {
    store.write(0, sectors(1));
    CrashingBlockStore left = store.crash((sector, count) -> 0);
    left.write(512, sectors(9));
    store.flush();
    assertThat(values(store.crash((sector, count) -> 0))).isEqualTo("1000");
  }

  @Test
  void whatACrashLeftCrashesAgain() throws IOException {
    store.write(0, sectors(1, 2));
    CrashingBlockStore next = store.crash((sector, count) -> count);
    next.write(0, sectors(3));
    assertThat(values(next.crash((sector, count) -> 0))).isEqualTo("1200");
    assertThat(values(next.crash((sector, count) -> count))).isEqualTo("3200");
    assertThat(values(store)).isEqualTo("1200");
  }

  @Test
  void contentOfAnotherStoreCountsAsFlushed() throws IOException {
    MemoryBlockStore content = new MemoryBlockStore(2 * 4096, 4096);
    content.write(4096, sectors(1, 2, 3, 4, 5, 6, 7, 8));
    CrashingBlockStore copy = new CrashingBlockStore(content);
    assertThat(values(copy.crash((sector, count) -> 0))).isEqualTo("0000000012345678");
    assertThat(copy.logicalBlockSize()).isEqualTo(4096);
  }

  @Test
  void blockOf4096BytesIsTornBetweenItsSectors() throws IOException {
    CrashingBlockStore large = new CrashingBlockStore(4096, 4096);
    large.write(0, sectors(1, 2, 3, 4, 5, 6, 7, 8));
    assertThat(values(large.crash((sector, count) -> sector % 2 == 0 ? count : 0)))
        .isEqualTo("10305070");
  }

  @Test
  void sameValueWrittenAgainIsNoOtherValue() throws IOException {
    store.write(0, sectors(1));
    store.flush();
    store.write(0, sectors(1, 2));
    store.write(512, sectors(2));
    store.discard(1024, 512);
    assertThat(store.unflushedSectors()).isEqualTo(Map.of(1L, 1));
  }

  @Test
  void reopenedStoreHasTheSameBytesAndTheSameToLose() throws IOException {
    store.write(0, sectors(1));
    store.close();
    CrashingBlockStore next = store.reopen();
    assertThat(values(next)).isEqualTo("1000");
    assertThat(next.unflushedSectors()).isEqualTo(Map.of(0L, 1));
    assertThat(next.identity()).isEqualTo(store.identity());
  }

  @Test
  void fingerprintTellsContentsApartAndNothingElse() throws IOException {
    store.write(0, sectors(1, 2));
    CrashingBlockStore lost = store.crash((sector, count) -> 0);
    CrashingBlockStore kept = store.crash((sector, count) -> count);
    assertThat(kept.fingerprint()).isNotEqualTo(lost.fingerprint());
    lost.write(512, sectors(2));
    lost.write(0, sectors(1));
    assertThat(lost.fingerprint()).isEqualTo(kept.fingerprint());
    lost.write(0, sectors(2, 1));
    assertThat(lost.fingerprint()).as("exchanged").isNotEqualTo(kept.fingerprint());
    lost.discard(0, 1024);
    assertThat(lost.fingerprint()).isEqualTo(new CrashingBlockStore(2048).fingerprint());
  }

  @Test
  void refusedWriteLeavesNoTrace() {
    assertThatThrownBy(() -> store.write(3 * 512, sectors(1, 1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(store.unflushedSectors()).isEmpty();
  }
}
