package io.clonedevice.metadata.tool;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.TestSeed;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Dumps that are nearly right: {@code -Dclone.fuzz.cases=N} tries more of them.
 *
 * <p>A dump is refused with its place, or restored to metadata that is sound and says the same
 * again. The corpus is {@code corpus/dump.txt} in the test resources, a dump a line.
 */
class RandomDumpTest {
  private static final int CASES = Integer.getInteger("clone.fuzz.cases", 20_000);
  private static final int RESTORED_REGIONS_MAX = 100_000;
  private static final int RESTORED_ONE_IN = 16;
  private static final String ALPHABET = "0123456789{}[]\":, \t\n-+.eE\\_rangeszx\0\u0663\uD83D";
  private static final String[] NUMBERS = {
    "0",
    "1",
    "-1",
    "8",
    "007",
    "1e3",
    "1.0",
    "100",
    "101",
    "4294967296",
    "2097152",
    "2097153",
    "9223372036854775807",
    "9223372036854775808",
    "18014398509481983",
    "null",
    "\"8\"",
    "[]",
    "{}"
  };

  private final Random random = TestSeed.random();

  @Test
  void aDumpIsRefusedWithItsPlaceOrSaysTheSameAgain() throws IOException {
    List<String> corpus;
    try (InputStream in = RandomDumpTest.class.getResourceAsStream("/corpus/dump.txt")) {
      corpus = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
    int restored = 0;
    for (String text : corpus) {
      restored += judge(text, true) ? 1 : 0;
    }
    for (int number = 0; number < CASES; number++) {
      String text = random.nextInt(3) == 0 ? corpus.get(random.nextInt(corpus.size())) : dump();
      for (int damages = random.nextInt(3); damages > 0; damages--) {
        text = damage(text);
      }
      restored += judge(text, number % RESTORED_ONE_IN == 0) ? 1 : 0;
    }
    assertThat(restored).as("dumps taken").isBetween(1, CASES - 1);
  }

  private String dump() {
    int regions = 1 + random.nextInt(1 << random.nextInt(12));
    StringBuilder ranges = new StringBuilder();
    for (int first = random.nextInt(9); first < regions; ) {
      int count = 1 + random.nextInt(Math.min(regions - first, 1 << random.nextInt(8)));
      ranges.append(ranges.isEmpty() ? "[" : ",[").append(first).append(',').append(count);
      ranges.append(']');
      first += count + random.nextInt(1 << random.nextInt(10));
    }
    return "{\"region_size_sectors\":8,\"device_sectors\":"
        + (8 * regions - random.nextInt(8))
        + (random.nextBoolean() ? ",\"regions\":" + regions : "")
        + ",\"ranges\":["
        + ranges
        + "]}";
  }

  private String damage(String text) {
    StringBuilder damaged = new StringBuilder(text);
    int at = random.nextInt(text.length() + 1);
    int end = Math.min(text.length(), at + 1 + random.nextInt(8));
    char any = ALPHABET.charAt(random.nextInt(ALPHABET.length()));
    switch (random.nextInt(6)) {
      case 0 -> damaged.insert(at, any);
      case 1 -> damaged.replace(at, Math.min(at + 1, end), String.valueOf(any));
      case 2 -> damaged.delete(at, end);
      case 3 -> damaged.insert(at, text.substring(at, end));
      case 4 -> damaged.setLength(at);
      default -> {
        while (end < text.length() && Character.isDigit(text.charAt(end))) {
          end++;
        }
        damaged.replace(at, end, NUMBERS[random.nextInt(NUMBERS.length)]);
      }
    }
    return damaged.toString();
  }

  /** Returns whether the dump was taken. */
  private static boolean judge(String text, boolean restores) throws IOException {
    MetadataRestore restore;
    try {
      restore = MetadataRestore.of(() -> new StringReader(text));
    } catch (IOException e) {
      assertThat(e).as(text).hasMessageStartingWith("dump, line ").hasMessageContaining("column");
      return false;
    } catch (RuntimeException e) {
      throw new AssertionError(text, e);
    }
    if (restores && restore.geometry().regionCount() <= RESTORED_REGIONS_MAX) {
      judge(text, restore);
    }
    return true;
  }

  private static void judge(String text, MetadataRestore restore) throws IOException {
    ImageDevice tooSmall = new ImageDevice(4);
    try {
      restore.writeTo(tooSmall);
      throw new AssertionError("4 blocks are enough: " + text);
    } catch (IOException e) {
      assertThat(tooSmall.toBytes()).as(text).isEqualTo(new byte[4 * 4096]);
    }
    ImageDevice device = new ImageDevice(64);
    restore.writeTo(device);
    MetadataCheck check = MetadataCheck.of(device);
    assertThat(check.faults()).as(text).isEmpty();
    assertThat(check.summary().hydrated()).as(text).isEqualTo(restore.hydrated());
    String again = dump(device);
    ImageDevice second = new ImageDevice(64);
    MetadataRestore.of(() -> new StringReader(again)).writeTo(second);
    assertThat(dump(second)).as(text).isEqualTo(again);
  }

  private static String dump(ImageDevice device) throws IOException {
    StringBuilder json = new StringBuilder();
    try (CloneMetadata metadata = CloneMetadata.openReadOnly(device)) {
      MetadataDump.of(metadata).writeJson(json);
    }
    return json.toString();
  }
}
