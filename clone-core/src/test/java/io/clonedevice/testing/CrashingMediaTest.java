package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class CrashingMediaTest {
  private final Random random = Seed.random();
  private final CrashingBlockStore one = new CrashingBlockStore(64 * 512);
  private final CrashingBlockStore other = new CrashingBlockStore(64 * 512);
  private final CrashingMedia media = new CrashingMedia(one, other);

  private static void write(CrashingBlockStore store, int sector, int value) throws IOException {
    byte[] bytes = new byte[512];
    Arrays.fill(bytes, (byte) value);
    store.write(sector * 512L, ByteBuffer.wrap(bytes));
  }

  /** The first byte of each of a store's first sectors, once for each store. */
  private static String values(List<CrashingBlockStore> stores, int sectors) {
    StringBuilder values = new StringBuilder();
    for (CrashingBlockStore store : stores) {
      byte[] contents = store.contents();
      for (int sector = 0; sector < sectors; sector++) {
        values.append(contents[sector * 512]);
      }
      values.append(' ');
    }
    return values.toString().trim();
  }

  private Set<String> states(int countMax, int sectors) {
    List<String> states = new ArrayList<>();
    media.crashStates(countMax, random).forEach(left -> states.add(values(left, sectors)));
    assertThat(states).hasSizeLessThanOrEqualTo(countMax).doesNotHaveDuplicates();
    return new TreeSet<>(states);
  }

  @Test
  void nothingUnflushedLeavesOneState() throws IOException {
    write(one, 0, 7);
    one.flush();
    assertThat(media.stateCount()).isEqualTo(1);
    assertThat(states(10, 1)).containsExactly("7 0");
  }

  @Test
  void fewStatesAreAllThere() throws IOException {
    write(one, 0, 1);
    write(one, 0, 2);
    write(other, 1, 3);
    assertThat(media.stateCount()).isEqualTo(6);
    assertThat(states(6, 2)).containsExactly("00 00", "00 03", "10 00", "10 03", "20 00", "20 03");
  }

  @Test
  void ofManyStatesSomeAreThereTheLikelyOnesFirst() throws IOException {
    for (int sector = 0; sector < 64; sector++) {
      write(one, sector, 1);
      write(other, sector, 1);
    }
    assertThat(media.stateCount()).isEqualTo(Long.MAX_VALUE);
    assertThat(states(4, 2)).containsExactly("00 00", "00 11", "11 00", "11 11");
    assertThat(states(200, 64)).hasSize(200);
  }

  @Test
  void sampleOfAllStatesButOneIsFound() throws IOException {
    for (int sector = 0; sector < 4; sector++) {
      write(one, sector, 1);
      write(other, 8 * sector, 1);
    }
    assertThat(states(255, 64)).hasSize(255);
  }

  @Test
  void someStateKeepsAllUpToAnInstantInBothStores() throws IOException {
    for (int sector = 0; sector < 8; sector++) {
      write(one, sector, 1);
      write(other, sector, 1);
    }
    Set<String> states = states(500, 8);
    assertThat(states).contains("11110000 11110000", "11111000 11110000", "00001111 00001111");
  }

  @Test
  void someStateKeepsOneBlockOnlyAndSomeAllButOneSector() throws IOException {
    for (int sector = 0; sector < 64; sector++) {
      write(one, sector, 1);
    }
    String kept = "11111111";
    String lost = "00000000";
    assertThat(states(500, 64))
        .contains(kept + lost.repeat(7) + " " + lost.repeat(8))
        .anyMatch(state -> state.chars().filter(c -> c == '1').count() == 63);
  }

  @Test
  void cutIsMadeBeforeEachChangeOfEachStore() throws IOException {
    List<Long> counts = new ArrayList<>();
    media.beforeEachChange(() -> counts.add(media.stateCount()));
    write(one, 0, 1);
    other.discard(0, 512);
    write(other.reopen(), 3, 1);
    one.flush();
    one.read(0, ByteBuffer.allocate(512));
    other.flush();
    assertThat(counts).containsExactly(1L, 2L, 2L, 4L, 2L);
  }

  @Test
  void statesStayThoseOfTheCutWhenTheWorkGoesOn() throws IOException {
    write(one, 0, 1);
    Iterable<List<CrashingBlockStore>> states = media.crashStates(10, random);
    write(one, 0, 2);
    one.flush();
    List<String> seen = new ArrayList<>();
    states.forEach(left -> seen.add(values(left, 1)));
    assertThat(seen).containsExactlyInAnyOrder("0 0", "1 0");
  }

  @Test
  void noStatesAtAllAreNotToBeAskedFor() {
    assertThatThrownBy(() -> media.crashStates(0, random))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at most 0");
  }
}
