package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStoreContract;
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
  private static String values(MemoryBlockStore medium) {
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
    MemoryBlockStore left = store.crash((sector, count) -> 0);
    left.write(512, sectors(9));
    store.flush();
    assertThat(values(store.crash((sector, count) -> 0))).isEqualTo("1000");
  }

  @Test
  void workGoesOnFromWhatACrashLeft() throws IOException {
    store.write(0, sectors(1, 2));
    CrashingBlockStore next = new CrashingBlockStore(store.crash((sector, count) -> count));
    next.write(0, sectors(3));
    assertThat(values(next.crash((sector, count) -> 0))).isEqualTo("1200");
  }

  @Test
  void refusedWriteLeavesNoTrace() {
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> store.write(3 * 512, sectors(1, 1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(store.unflushedSectors()).isEmpty();
  }
}
